//! The greatest length of a family's text, computed before it is written: a label can be long and
//! belong to many series.

use tickmetrics::{Escaping, Family, HistogramSnapshot, Value};

/// A value, a timestamp, braces, commas, and the additions of a histogram's names and its label
/// `le`.
const REST: usize = 96;

/// An exemplar: `OpenMetrics` allows 128 characters of labels.
const EXEMPLAR: usize = 192;

/// A native bucket: its count's difference, and maybe a span.
const NATIVE: usize = 24;

/// The most bytes of a family, in its longest format.
pub(super) fn most_bytes(family: Family<'_>) -> u64 {
    let series = family.series_count() as u64;
    // Escaping can make names longer.
    let names = Escaping::ALL.map(|escaping| escaping.metric(family.name()).len());
    let name = (names.into_iter().max().unwrap_or_default() + REST) as u64;
    let of_series = family.label_bytes().saturating_add(series.saturating_mul(name));
    let values = family.series().map(|one| of_value(family, one.value()));
    let most = values.reduce(|a, b| (a.0.max(b.0), a.1 + b.1));
    let (lines, others) = most.unwrap_or_default();
    let heads = 6 * (name + family.help().len() as u64);
    lines.saturating_mul(of_series).saturating_add(others).saturating_add(heads)
}

/// The lines of a series, each with all labels, and further bytes.
fn of_value(family: Family<'_>, value: Value<'_>) -> (u64, u64) {
    let Value::Histogram(histogram) = value else {
        // And the start of its count.
        return (2, 0);
    };
    // The last bucket, sum, count and the start of the count; the counters of unmeasured values,
    // and their starts; extremes; and a summary's sum and count.
    let lines = histogram.buckets().count() + family.quantiles().count() + 12;
    (lines as u64, beside(histogram))
}

fn beside(histogram: &HistogramSnapshot) -> u64 {
    let native = histogram.native().map_or(0, |native| native.buckets().count());
    (histogram.exemplars().count() * EXEMPLAR + native * NATIVE) as u64
}
