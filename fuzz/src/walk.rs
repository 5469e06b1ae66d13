//! Reads everything in a snapshot, and checks the invariants of any snapshot.

use tickmetrics::{Family, HistogramSnapshot, Series, Snapshot, Value};
use tickmetrics_exporter::encode::label_text;

/// The length of the text is the product of numbers in the directory and the cells. A longer one is
/// not written out.
const TEXT_BYTES: usize = 8 << 20;
/// Histograms of a family whose every cell is looked at.
const HISTOGRAMS: usize = 20;
/// Where counts stop.
const MOST: u128 = (1 << 63) - 1;

/// Reads everything, and writes the text format into `out`. If `is_interval`, it is a difference,
/// which means nothing where a file's counts fell. Then the walk only has to end.
pub fn snapshot(snapshot: &Snapshot, is_interval: bool, out: &mut String) {
    out.clear();
    if text_bytes(snapshot) <= TEXT_BYTES {
        tickmetrics_exporter::encode::text(snapshot, out);
        out.clear();
        tickmetrics_exporter::encode::openmetrics(snapshot, out);
    }
    let mut last = None;
    for family in snapshot.families() {
        assert!(last < Some(family.name()), "families are sorted, and each is there once");
        last = Some(family.name());
        self::family(snapshot, family, is_interval, out);
    }
}

fn family(snapshot: &Snapshot, family: Family<'_>, is_interval: bool, out: &mut String) {
    let _ = (family.help(), family.unit(), family.kind().exposed());
    assert!(snapshot.family(family.name()).is_some());
    let mut histograms = 0;
    let few = family.series().take(50).map(|series| label_text(series).len() as u64);
    assert!(family.label_bytes() >= few.sum(), "what labels take is known before");
    let small = family_bytes(family) <= TEXT_BYTES;
    for (at, series) in family.series().enumerate() {
        if at < 50 {
            labels(snapshot, family.name(), series, out, small);
        }
        if let Value::Histogram(histogram) = series.value() {
            histograms += 1;
            if histograms < HISTOGRAMS {
                self::histogram(histogram, is_interval);
            }
        }
    }
}

fn labels(snapshot: &Snapshot, name: &str, series: Series<'_>, out: &mut String, small: bool) {
    let all: Vec<_> = series.labels().collect();
    // No other series has these labels.
    match series.value() {
        Value::Counter(value) => assert_eq!(snapshot.counter(name, &all), Some(value)),
        Value::Quantity(_) => assert!(snapshot.counter(name, &all).is_some()),
        Value::UpDown(_) => assert!(snapshot.gauge(name, &all).is_some()),
        Value::Gauge(value) => {
            assert_eq!(snapshot.gauge(name, &all).map(f64::to_bits), Some(value.to_bits()));
        }
        Value::Histogram(histogram) => {
            let found = snapshot.histogram(name, &all);
            assert!(found.is_some_and(|found| std::ptr::eq(found, histogram)));
        }
        _ => {}
    }
    if small {
        out.clear();
        out.push_str(&label_text(series));
        assert!(out.len() >= all.iter().map(|(name, value)| name.len() + value.len()).sum());
    }
}

fn histogram(histogram: &HistogramSnapshot, is_interval: bool) {
    let count = histogram.count();
    let sum = histogram.cells().map(|(_, _, count)| u128::from(count)).sum::<u128>();
    assert_eq!(sum.min(MOST), count.into(), "the count is the sum of the cells");
    // Absurd counts wrap around.
    let (mut last, mut rises) = (None, !is_interval);
    for (lowest, highest, count) in histogram.cells() {
        assert!(lowest <= highest && last < Some(lowest) && count > 0);
        last = Some(highest);
        rises &= count < 1 << 48;
    }
    let mut below = 0;
    for bucket in histogram.buckets() {
        assert!(!rises || (below <= bucket.count && bucket.count <= count));
        below = bucket.count;
    }
    let quantiles = [0.0, 0.5, 0.99, 1.0, -1.0, 7.0].map(|q| histogram.quantile(q));
    assert!(quantiles.iter().all(|quantile| quantile.is_some() == (count > 0)));
    assert_eq!(histogram.quantile(f64::NAN), None);
    if let (Some(min), Some(max)) = (histogram.min(), histogram.max()) {
        assert!(min <= max);
        assert!(quantiles.iter().flatten().all(|&quantile| min <= quantile && quantile <= max));
    }
    let _ = (histogram.sum(), histogram.mean(), histogram.negative());
    if histogram.cells().all(|(lowest, _, _)| lowest < 1 << 20) {
        let hdr = histogram.to_hdr();
        assert!(!rises || hdr.len() == count);
        assert!(!rises || histogram.saturated() <= count);
    }
}

/// About as many bytes as the text format takes, or more.
fn text_bytes(snapshot: &Snapshot) -> usize {
    snapshot.families().map(family_bytes).fold(0, usize::saturating_add)
}

fn family_bytes(family: Family<'_>) -> usize {
    let series = family.series().map(|series| {
        let labels = series.labels().map(|(name, value)| name.len() + 2 * value.len() + 4);
        let lines = match series.value() {
            Value::Histogram(histogram) => histogram.buckets().count() + 5,
            _ => 1,
        };
        lines.saturating_mul(labels.sum::<usize>() + family.name().len() + 60)
    });
    series.fold(2 * family.help().len(), usize::saturating_add)
}
