//! Text format 0.0.4 (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use super::number::{push_f64, push_i64, push_u64};
use metrics_core::{Family, HistogramSnapshot, Series, Snapshot, Value};

/// Appends a snapshot in Prometheus' text format 0.0.4.
///
/// Each family is a `# HELP` and a `# TYPE` line, and then its series. Histograms become
/// cumulative buckets, whose last one, `+Inf`, equals `_count`. What a histogram could not measure
/// follows it as counters, which are there only if they count anything:
///
/// - `<name>_saturated_total`: values above the declared maximum. They are in the count, the sum
///   and the bucket `+Inf`.
/// - `<name>_negative_total`: negative values. They are in nothing else.
///
/// Numbers are in the exported unit, in the shortest form that reads back the same. Apart from the
/// growth of `out`, nothing is allocated: keep it for the next snapshot.
///
/// ```
/// use metrics_core::prelude::*;
///
/// let registry = Registry::new();
/// let orders: Counter<bool> =
///     registry.register(&Description::new("orders_total", "Orders, by whether they filled."))?;
/// orders.with(true).add(3);
///
/// let mut out = String::new();
/// exporter::encode::text(&registry.snapshot(), &mut out);
/// let lines = [
///     "# HELP orders_total Orders, by whether they filled.",
///     "# TYPE orders_total counter",
///     r#"orders_total{flag="false"} 0"#,
///     r#"orders_total{flag="true"} 3"#,
/// ];
/// assert!(out.lines().eq(lines));
/// # Ok::<(), metrics_core::RegisterError>(())
/// ```
pub fn text(snapshot: &Snapshot, out: &mut String) {
    for family in snapshot.families() {
        self::family(family, out);
    }
}

/// Appends one family, and answers how many series it has.
pub(crate) fn family(family: Family<'_>, out: &mut String) -> usize {
    let name = family.name();
    push_head(out, name, "", family.kind().exposed(), |out| push_help(out, family.help()));
    let mut series = 0;
    let mut unmeasured = Unmeasured::default();
    for one in family.series() {
        series += 1;
        match one.value() {
            Value::Counter(value) => line(out, one, name, "", |out| push_u64(out, value)),
            Value::UpDown(value) => line(out, one, name, "", |out| push_i64(out, value)),
            Value::Quantity(value) | Value::Gauge(value) => {
                line(out, one, name, "", |out| push_f64(out, value));
            }
            Value::Histogram(value) => {
                unmeasured.saturated |= value.saturated() > 0;
                unmeasured.negative |= value.negative() > 0;
                histogram(out, one, name, value);
            }
            // Kinds that this format has no words for yet.
            _ => series -= 1,
        }
    }
    series + unmeasured.push(out, family)
}

fn histogram(out: &mut String, series: Series<'_>, name: &str, histogram: &HistogramSnapshot) {
    let start = out.len();
    out.push_str(name);
    out.push_str("_bucket{");
    let labels = out.len();
    series.push_label_text(out);
    let labels = labels..out.len();
    out.push_str(if labels.is_empty() { "le=\"" } else { ",le=\"" });
    // All buckets begin alike: the first writes the text that the others copy, and with it the
    // count before it where that is the same.
    let begin = start..out.len();
    let mut last = (None, 0..0);
    for bucket in histogram.buckets() {
        out.push_str(bucket.le);
        out.push_str("\"} ");
        if last.0 == Some(bucket.count) {
            out.extend_from_within(last.1.clone());
        } else {
            let start = out.len();
            push_u64(out, bucket.count);
            out.push('\n');
            out.extend_from_within(begin.clone());
            last = (Some(bucket.count), start..out.len());
        }
    }
    out.push_str("+Inf\"} ");
    push_u64(out, histogram.count());
    for (suffix, is_sum) in [("_sum", true), ("_count", false)] {
        out.push('\n');
        out.push_str(name);
        out.push_str(suffix);
        if !labels.is_empty() {
            out.push('{');
            out.extend_from_within(labels.clone());
            out.push('}');
        }
        out.push(' ');
        if is_sum {
            push_f64(out, histogram.sum());
        } else {
            push_u64(out, histogram.count());
        }
    }
    out.push('\n');
}

/// Which of the counters of values that were not measured have anything to tell.
#[derive(Default)]
struct Unmeasured {
    saturated: bool,
    negative: bool,
}

impl Unmeasured {
    /// Appends them, and answers how many series there are.
    fn push(&self, out: &mut String, family: Family<'_>) -> usize {
        let mut series = 0;
        if self.saturated {
            let what = "above its maximum, counted in its last bucket.";
            series +=
                unmeasured(out, family, "_saturated_total", what, HistogramSnapshot::saturated);
        }
        if self.negative {
            let what = "below zero, counted nowhere else.";
            series += unmeasured(out, family, "_negative_total", what, HistogramSnapshot::negative);
        }
        series
    }
}

fn unmeasured(
    out: &mut String,
    family: Family<'_>,
    suffix: &str,
    what: &str,
    count: impl Fn(&HistogramSnapshot) -> u64,
) -> usize {
    let name = family.name();
    push_head(out, name, suffix, "counter", |out| {
        for part in ["Values of ", name, " ", what] {
            out.push_str(part);
        }
    });
    let mut series = 0;
    for one in family.series() {
        if let Value::Histogram(value) = one.value()
            && count(value) > 0
        {
            series += 1;
            line(out, one, name, suffix, |out| push_u64(out, count(value)));
        }
    }
    series
}

fn push_head(out: &mut String, name: &str, suffix: &str, kind: &str, help: impl Fn(&mut String)) {
    out.push_str("# HELP ");
    out.push_str(name);
    out.push_str(suffix);
    out.push(' ');
    help(out);
    out.push_str("\n# TYPE ");
    out.push_str(name);
    out.push_str(suffix);
    out.push(' ');
    out.push_str(kind);
    out.push('\n');
}

/// Backslash and line feed are escaped; double quotes are not, unlike in labels.
fn push_help(out: &mut String, help: &str) {
    for c in help.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
}

#[inline]
fn line(
    out: &mut String,
    series: Series<'_>,
    name: &str,
    suffix: &str,
    value: impl Fn(&mut String),
) {
    out.push_str(name);
    out.push_str(suffix);
    out.push('{');
    let labels = out.len();
    series.push_label_text(out);
    if out.len() == labels {
        out.pop();
        out.push(' ');
    } else {
        out.push_str("} ");
    }
    value(out);
    out.push('\n');
}
