//! Text format 0.0.4 (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use super::beside::{Beside, Extreme, SUMMARY, Seen, Unmeasured, beside, interval};
use super::exemplar;
use super::number::{push_f64, push_i64, push_u64};
use super::part::Part;
use super::progress::Progress;
use crate::names::Distinct;
use std::fmt::Write as _;
use std::ops::Range;
use std::time::UNIX_EPOCH;
use tickmetrics::{Escaping, Family, HistogramSnapshot, Kind, Series, Snapshot, Value};

/// Appends a snapshot in Prometheus' text format 0.0.4.
///
/// Each family is a `# HELP` and a `# TYPE` line, and then its series. Histograms become cumulative
/// buckets, whose last one, `+Inf`, equals `_count`. Values that a histogram could not measure
/// follow as counters, which are exposed only if they count anything:
///
/// - `<name>_saturated_total`: values above the declared maximum. They are in the count, the sum
///   and the bucket `+Inf`.
/// - `<name>_negative_total`: negative values. They are in nothing else.
///
/// Numbers are in the exported unit, in the shortest form that parses to the same number. Names are
/// in ASCII: `_` replaces each character that is invalid in this format. If several families get
/// one name, all but one are left out. Apart from the growth of `out`, only some names are
/// allocated: keep it for the next snapshot.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let orders: Counter<bool> =
///     registry.register(&Description::new("orders_total", "Orders, by whether they filled."))?;
/// orders.with(true).add(3);
///
/// let mut out = String::new();
/// tickmetrics_exporter::encode::text(&registry.snapshot(), &mut out);
/// let lines = [
///     "# HELP orders_total Orders, by whether they filled.",
///     "# TYPE orders_total counter",
///     r#"orders_total{flag="false"} 0"#,
///     r#"orders_total{flag="true"} 3"#,
/// ];
/// assert!(out.lines().eq(lines));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn text(snapshot: &Snapshot, out: &mut String) {
    for family in Distinct::new(snapshot, Escaping::Underscores).families() {
        let format = Text { escaping: Escaping::Underscores };
        write(&format, family.into(), &mut Progress::default(), out, usize::MAX);
    }
}

/// The differences of the text formats.
pub(super) trait Format {
    /// The names of a counter.
    fn counter<'a>(&self, name: &'a str) -> Names<'a>;

    /// Whether the start of a family's series is exposed.
    fn has_created(&self, names: &Names<'_>) -> bool;

    /// Appends the line that tells the unit, if there is to be one.
    fn push_unit(&self, out: &mut String, family: &str, unit: &str);

    fn escaping(&self) -> Escaping;

    /// Whether double quotes are escaped in help texts, as backslashes and line feeds are.
    const QUOTES: bool;

    /// Whether the format has exemplars.
    const EXEMPLARS: bool;
}

/// The names of an exposed family.
pub(super) struct Names<'a> {
    pub(super) family: &'a str,
    pub(super) kind: &'static str,
    /// The end of its samples' names, behind the family's.
    pub(super) suffix: &'static str,
}

pub(super) struct Text {
    pub(super) escaping: Escaping,
}

impl Format for Text {
    const QUOTES: bool = false;
    const EXEMPLARS: bool = false;

    fn escaping(&self) -> Escaping {
        self.escaping
    }

    fn counter<'a>(&self, name: &'a str) -> Names<'a> {
        Names { family: name, kind: "counter", suffix: "" }
    }

    fn has_created(&self, _: &Names<'_>) -> bool {
        false
    }

    fn push_unit(&self, _: &mut String, _: &str, _: &str) {}
}

/// Appends a family until `out` has `full` bytes. Returns whether it is complete; if not, the next
/// call continues.
pub(super) fn write<F: Format>(
    format: &F,
    part: Part<'_>,
    progress: &mut Progress,
    out: &mut String,
    full: usize,
) -> bool {
    let Part { family: first, .. } = part;
    let escaping = format.escaping();
    let name = &*escaping.metric(first.name());
    if progress.table == 0 {
        let names = match first.kind() {
            Kind::Counter => format.counter(name),
            kind => Names { family: name, kind: kind.exposed(), suffix: "" },
        };
        if progress.series == 0 {
            push_head(format, out, &names, first.unit(), &[first.help()]);
        }
        let sample = Sample::new(names.family, names.suffix);
        let histograms = Sample::of_histogram(names.family);
        let created = format.has_created(&names).then(|| Sample::new(names.family, "_created"));
        let is_whole = table(escaping, part, progress, out, full, |out, seen, one, _| {
            match one.series.value() {
                Value::Counter(value) => line(out, one, &sample, |out| push_u64(out, value)),
                Value::UpDown(value) => line(out, one, &sample, |out| push_i64(out, value)),
                Value::Quantity(value) | Value::Gauge(value) => {
                    line(out, one, &sample, |out| push_f64(out, value));
                }
                Value::Histogram(value) => {
                    seen.look(value);
                    histogram::<F>(out, one, &histograms, value);
                }
                // Kinds that this format does not support yet.
                _ => return false,
            }
            if let Some(sample) = &created {
                push_created(out, one, sample);
            }
            true
        });
        if !is_whole {
            return false;
        }
    }
    while let Some(beside) = beside(progress.table - 1, &progress.seen, part) {
        let is_begun = progress.series > 0;
        let is_whole = match beside {
            Beside::Unmeasured(Unmeasured { suffix, what, count }) => {
                let counter = format!("{name}{suffix}");
                let names = format.counter(&counter);
                if !is_begun {
                    push_head(format, out, &names, "", &["Values of ", name, " ", what]);
                }
                let sample = Sample::new(names.family, names.suffix);
                let created =
                    format.has_created(&names).then(|| Sample::new(names.family, "_created"));
                table(escaping, part, progress, out, full, |out, _, one, _| {
                    match one.series.value() {
                        Value::Histogram(value) if count(value) > 0 => {
                            line(out, one, &sample, |out| push_u64(out, count(value)));
                            if let Some(sample) = &created {
                                push_created(out, one, sample);
                            }
                            true
                        }
                        _ => false,
                    }
                })
            }
            Beside::Extreme(Extreme { suffix, which, value }) => {
                let gauge = format!("{name}{suffix}");
                if !is_begun {
                    let names = Names { family: &gauge, kind: "gauge", suffix: "" };
                    let help = [which, " value of ", name, " in the last interval."];
                    push_head(format, out, &names, "", &help);
                }
                let sample = Sample::new(&gauge, "");
                table(escaping, part, progress, out, full, |out, _, one, position| {
                    let value = interval(part, position).and_then(value).unwrap_or(f64::NAN);
                    line(out, one, &sample, |out| push_f64(out, value));
                    true
                })
            }
            Beside::Summary => {
                let summary = format!("{name}{SUMMARY}");
                if !is_begun {
                    let names = Names { family: &summary, kind: "summary", suffix: "" };
                    let help = ["Quantiles of ", name, " in the last interval."];
                    push_head(format, out, &names, "", &help);
                }
                let samples = ["", "_sum", "_count"].map(|suffix| Sample::new(&summary, suffix));
                table(escaping, part, progress, out, full, |out, _, one, position| {
                    let Value::Histogram(value) = one.series.value() else { return false };
                    push_summary(out, one, &samples, first, value, interval(part, position));
                    true
                })
            }
        };
        if !is_whole {
            return false;
        }
    }
    true
}

/// Continues a table, as [`write`] does. `push` returns whether a series is in it, and gets its
/// position in the family.
fn table(
    escaping: Escaping,
    part: Part<'_>,
    progress: &mut Progress,
    out: &mut String,
    full: usize,
    mut push: impl FnMut(&mut String, &mut Seen, Labelled<'_>, usize) -> bool,
) -> bool {
    for series in part.family.series_from(progress.series) {
        let one = Labelled { escaping, series };
        let position = progress.series;
        progress.series += 1;
        if push(out, &mut progress.seen, one, position) {
            progress.exposed += 1;
            if out.len() >= full {
                return false;
            }
        }
    }
    progress.next_table();
    true
}

/// The beginning of a line.
struct Sample {
    /// Up to the labels: `name{` or, if the name needs quotes, `{"name",`.
    start: String,
    /// The replacement of its last character for a series without labels.
    end: &'static str,
}

impl Sample {
    fn new(family: &str, suffix: &str) -> Self {
        if Escaping::is_legacy_metric(family) {
            return Self { start: [family, suffix, "{"].concat(), end: " " };
        }
        let mut start = String::from("{");
        push_name(&mut start, &[family, suffix].concat());
        start.push(',');
        Self { start, end: "} " }
    }

    fn of_histogram(family: &str) -> [Self; 3] {
        ["_bucket", "_sum", "_count"].map(|suffix| Self::new(family, suffix))
    }
}

/// Appends the name of a metric, in double quotes if it needs them.
pub(super) fn push_name(out: &mut String, name: &str) {
    if Escaping::is_legacy_metric(name) {
        return out.push_str(name);
    }
    out.push('"');
    push_help(out, name, true);
    out.push('"');
}

/// A series, and the escaping of its labels.
#[derive(Clone, Copy)]
struct Labelled<'a> {
    escaping: Escaping,
    series: Series<'a>,
}

impl Labelled<'_> {
    #[inline]
    fn push_text(&self, out: &mut String) {
        self.series.push_label_text(self.escaping, out);
    }
}

fn histogram<F: Format>(
    out: &mut String,
    series: Labelled<'_>,
    [buckets, sum, count]: &[Sample; 3],
    histogram: &HistogramSnapshot,
) {
    let start = out.len();
    out.push_str(&buckets.start);
    let labels = out.len();
    series.push_text(out);
    let labels = labels..out.len();
    out.push_str(if labels.is_empty() { "le=\"" } else { ",le=\"" });
    // All buckets have the same beginning. The first writes the text that the others copy, and with
    // it the count before it if that is the same.
    let begin = start..out.len();
    if F::EXEMPLARS && histogram.exemplars().next().is_some() {
        exemplar::push_buckets(out, begin, histogram);
    } else {
        push_buckets(out, begin, histogram);
    }
    for (sample, is_sum) in [(sum, true), (count, false)] {
        out.push('\n');
        out.push_str(&sample.start);
        if labels.is_empty() {
            out.pop();
            out.push_str(sample.end);
        } else {
            out.extend_from_within(labels.clone());
            out.push_str("} ");
        }
        if is_sum {
            push_f64(out, histogram.sum());
        } else {
            push_u64(out, histogram.count());
        }
    }
    out.push('\n');
}

/// Appends the lines of all buckets, from behind their common beginning to the end of the last one
/// without its line feed.
#[inline]
fn push_buckets(out: &mut String, begin: Range<usize>, histogram: &HistogramSnapshot) {
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
}

/// Sum and count are of all values, as those of a summary are.
fn push_summary(
    out: &mut String,
    series: Labelled<'_>,
    [quantiles, sum, count]: &[Sample; 3],
    family: Family<'_>,
    all: &HistogramSnapshot,
    interval: Option<&HistogramSnapshot>,
) {
    for (quantile, text) in family.quantiles() {
        out.push_str(&quantiles.start);
        let labels = out.len();
        series.push_text(out);
        out.push_str(if out.len() == labels { "quantile=\"" } else { ",quantile=\"" });
        out.push_str(text);
        out.push_str("\"} ");
        let value = interval.and_then(|interval| interval.quantile(quantile));
        push_f64(out, value.unwrap_or(f64::NAN));
        out.push('\n');
    }
    line(out, series, sum, |out| push_f64(out, all.sum()));
    line(out, series, count, |out| push_u64(out, all.count()));
}

/// The start of a series' count, to the millisecond, if it is known.
fn push_created(out: &mut String, series: Labelled<'_>, sample: &Sample) {
    let created = series.series.created().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let Some(created) = created else { return };
    line(out, series, sample, |out| {
        push_u64(out, created.as_secs());
        let _ = write!(out, ".{:03}", created.subsec_millis());
    });
}

fn push_head<F: Format>(
    format: &F,
    out: &mut String,
    names: &Names<'_>,
    unit: &str,
    help: &[&str],
) {
    out.push_str("# HELP ");
    push_name(out, names.family);
    out.push(' ');
    for part in help {
        push_help(out, part, F::QUOTES);
    }
    out.push_str("\n# TYPE ");
    push_name(out, names.family);
    out.push(' ');
    out.push_str(names.kind);
    out.push('\n');
    format.push_unit(out, names.family, unit);
}

fn push_help(out: &mut String, help: &str, quotes: bool) {
    for c in help.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            c => out.push(c),
        }
    }
}

#[inline]
fn line(out: &mut String, series: Labelled<'_>, sample: &Sample, value: impl Fn(&mut String)) {
    out.push_str(&sample.start);
    let labels = out.len();
    series.push_text(out);
    if out.len() == labels {
        out.pop();
        out.push_str(sample.end);
    } else {
        out.push_str("} ");
    }
    value(out);
    out.push('\n');
}
