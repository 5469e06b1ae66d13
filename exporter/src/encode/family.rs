//! A family, and the families derived from it, series by series, in any format.

use super::beside::{Beside, Extreme, SUMMARY, Seen, Unmeasured, beside, interval};
use super::part::Part;
use super::progress::Progress;
use tickmetrics::{ClassicHistogram, Escaping, Family, HistogramSnapshot, Kind, Series, Value};

/// A format.
pub(super) trait Writer<'a> {
    /// Whether derived families are families of their own.
    const DERIVES: bool;

    /// The properties that all series of a family share.
    type Table;

    fn escaping(&self) -> Escaping;

    /// Begins a family, or continues one if `is_begun`.
    fn begin(&mut self, head: &Head<'_, 'a>, is_begun: bool, out: &mut Vec<u8>) -> Self::Table;

    /// Appends a series.
    fn push(
        &mut self,
        table: &mut Self::Table,
        series: Series<'a>,
        sample: Sample<'a>,
        out: &mut Vec<u8>,
    );

    /// Interrupts a family, which [`begin`](Self::begin) continues.
    fn pause(&mut self, table: Self::Table);

    fn end(&mut self, table: Self::Table, head: &Head<'_, 'a>, out: &mut Vec<u8>);
}

/// The lines before the series of a family.
pub(super) struct Head<'h, 'a> {
    /// The escaped name.
    pub(super) name: &'h str,
    pub(super) family_type: FamilyType,
    /// In pieces.
    pub(super) help: &'h [&'h str],
    /// Empty without one.
    pub(super) unit: &'h str,
    /// The registered family, which it is or is derived from.
    pub(super) family: Family<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FamilyType {
    Counter,
    Gauge,
    Histogram,
    Summary,
}

/// The value of a series in an exposed family.
#[derive(Clone, Copy)]
pub(super) enum Sample<'a> {
    Count(u64),
    Balance(i64),
    Number(f64),
    Histogram(&'a HistogramSnapshot),
    Summary(Summary<'a>),
    /// Kept by something else.
    Classic(&'a ClassicHistogram),
    Quantiles(&'a tickmetrics::Summary),
}

/// Derived from a histogram: count and sum are of all values, quantiles of those in the last
/// interval.
#[derive(Clone, Copy)]
pub(super) struct Summary<'a> {
    pub(super) all: &'a HistogramSnapshot,
    interval: Option<&'a HistogramSnapshot>,
}

impl Summary<'_> {
    pub(super) fn quantile(&self, quantile: f64) -> f64 {
        self.interval.and_then(|interval| interval.quantile(quantile)).unwrap_or(f64::NAN)
    }
}

/// Appends a family until `out` has `full` bytes. Returns whether it is complete; if not, the next
/// call continues.
pub(super) fn write<'a, W: Writer<'a>>(
    writer: &mut W,
    part: Part<'a>,
    progress: &mut Progress,
    out: &mut Vec<u8>,
    full: usize,
) -> bool {
    let family = part.family;
    let escaping = writer.escaping();
    let name = &*escaping.metric(family.name());
    if progress.table == 0 {
        let is_summary = W::DERIVES && family.is_summary();
        let family_type = match family.kind() {
            Kind::Counter => FamilyType::Counter,
            Kind::UpDownCounter | Kind::Gauge => FamilyType::Gauge,
            Kind::Histogram if is_summary => FamilyType::Summary,
            Kind::Histogram => FamilyType::Histogram,
            Kind::Summary => FamilyType::Summary,
        };
        let head = Head { name, family_type, help: &[family.help()], unit: family.unit(), family };
        let sample = |seen: &mut Seen, series: Series<'a>, position| match series.value() {
            Value::Counter(value) => Some(Sample::Count(value)),
            Value::UpDown(value) => Some(Sample::Balance(value)),
            Value::Quantity(value) | Value::Gauge(value) => Some(Sample::Number(value)),
            Value::Histogram(value) => {
                seen.look(value);
                Some(if is_summary {
                    let since_start = part.interval.is_none().then_some(value);
                    let interval = interval(part, position).or(since_start);
                    Sample::Summary(Summary { all: value, interval })
                } else {
                    Sample::Histogram(value)
                })
            }
            Value::Classic(value) => Some(Sample::Classic(value)),
            Value::Summary(value) => Some(Sample::Quantiles(value)),
            // No kind that exists today.
            _ => None,
        };
        if !table(writer, &head, progress, out, full, sample) {
            return false;
        }
    }
    while W::DERIVES
        && let Some(beside) = beside(progress.table - 1, &progress.seen, part)
    {
        let derived = |suffix: &str| [name, suffix].concat();
        let is_whole = match beside {
            Beside::Unmeasured(Unmeasured { suffix, what, count }) => {
                let (name, help) = (&*derived(suffix), ["Values of ", name, " ", what]);
                let family_type = FamilyType::Counter;
                let head = Head { name, family_type, help: &help, unit: "", family };
                table(writer, &head, progress, out, full, |_, series, _| match series.value() {
                    Value::Histogram(value) if count(value) > 0 => {
                        Some(Sample::Count(count(value)))
                    }
                    _ => None,
                })
            }
            Beside::Extreme(Extreme { suffix, which, value }) => {
                let help = [which, " value of ", name, " in the last interval."];
                let (name, family_type) = (&*derived(suffix), FamilyType::Gauge);
                let head = Head { name, family_type, help: &help, unit: "", family };
                table(writer, &head, progress, out, full, |_, _, position| {
                    let value = interval(part, position).and_then(value);
                    Some(Sample::Number(value.unwrap_or(f64::NAN)))
                })
            }
            Beside::Summary => {
                let help = ["Quantiles of ", name, " in the last interval."];
                let (name, family_type) = (&*derived(SUMMARY), FamilyType::Summary);
                let head = Head { name, family_type, help: &help, unit: "", family };
                table(writer, &head, progress, out, full, |_, series, position| {
                    let Value::Histogram(all) = series.value() else { return None };
                    Some(Sample::Summary(Summary { all, interval: interval(part, position) }))
                })
            }
        };
        if !is_whole {
            return false;
        }
    }
    true
}

/// Continues one exposed family, as [`write`] does. `sample` returns the value of a series that is
/// in it, and gets its position in the registered family.
fn table<'a, W: Writer<'a>>(
    writer: &mut W,
    head: &Head<'_, 'a>,
    progress: &mut Progress,
    out: &mut Vec<u8>,
    full: usize,
    sample: impl Fn(&mut Seen, Series<'a>, usize) -> Option<Sample<'a>>,
) -> bool {
    let mut table = writer.begin(head, progress.series > 0, out);
    for series in head.family.series_from(progress.series) {
        let sample = sample(&mut progress.seen, series, progress.series);
        progress.series += 1;
        if let Some(sample) = sample {
            writer.push(&mut table, series, sample, out);
            progress.exposed += 1;
            if out.len() >= full {
                writer.pause(table);
                return false;
            }
        }
    }
    progress.next_table();
    writer.end(table, head, out);
    true
}
