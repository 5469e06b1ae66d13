//! A segment that is too small reports that, and the remedy. In a process of its own, since a
//! process has one segment.

use tickmetrics::prelude::*;
use tickmetrics::{RegisterError, Segment, SegmentError, Value};

#[derive(Clone, Copy, Label)]
#[label(capacity = 1000)]
struct Symbol(LabelId);

#[derive(Clone, Copy, Label)]
#[label(capacity = 40)]
struct Pair(LabelId);

#[derive(Metrics)]
struct TooLarge {
    /// A histogram for each symbol.
    latency: Histogram<Symbol>,
    /// A counter that fits.
    fits: Counter,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 2_000)]
struct First(LabelId);

#[derive(Clone, Copy, Label)]
#[label(capacity = 2_000)]
struct Second(LabelId);

#[derive(Clone, Copy, Label)]
#[label(capacity = 2_000)]
struct Third(LabelId);

#[test]
fn a_full_segment_is_an_error_that_says_what_to_do() {
    let out_of_range = Segment::builder().shards(0).install().unwrap_err().to_string();
    assert_eq!(
        out_of_range,
        "Segment::builder().shards(0) is out of range: the range is 1 to 65536"
    );
    assert!(Segment::builder().shard_bytes(1).install().is_err());
    // 64 KiB are 8,192 cells; 1,024 gauges; and a directory of 8,192 words.
    let small = 64 << 10;
    Segment::builder()
        .shards(2)
        .shard_bytes(small)
        .shared_bytes(small)
        .directory_bytes(small)
        .install()
        .unwrap();
    let again = Segment::builder().install().unwrap_err();
    assert!(matches!(again, SegmentError::InUse), "{again}");

    let registry = Registry::new();
    let error =
        registry.register::<Histogram<Symbol>>(&Description::new("h", "Help.")).unwrap_err();
    assert!(
        matches!(&error, RegisterError::Full { asked: 4_576, left, setting: "shard_bytes", .. } if *left < 8192),
        "{error:?}"
    );
    assert!(error.to_string().contains("Segment::builder().shard_bytes(..)"), "{error}");
    // More series than an entry has room for: 2,001 values for each of three labels.
    let error =
        registry.register::<Counter<(First, Second, Third)>>(&Description::new("p", "Help."));
    let error = error.unwrap_err().to_string();
    assert!(error.starts_with("\"p\" needs 8012006001 cells, and "), "{error}");
    let error = registry.register::<Gauge<(Symbol, bool)>>(&Description::new("g", "Help."));
    assert!(matches!(error, Err(RegisterError::Full { setting: "shared_bytes", .. })));
    let long = (0..70).fold(Description::new("c_total", "Help."), |to, label| {
        to.constant(format!("label_{label}"), "x".repeat(1_000))
    });
    let error = registry.register::<Counter>(&long);
    assert!(matches!(error, Err(RegisterError::Full { setting: "directory_bytes", .. })));

    // Metrics that fit still work, and no failed registration left an exposed metric behind.
    let counter: Counter = registry.register(&Description::new("fits_total", "Fits.")).unwrap();
    counter.inc();
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.families().map(|family| family.name()).collect::<Vec<_>>(), ["fits_total"]);
    assert_eq!(snapshot.counter("fits_total", &[]), Some(1));

    // If no error can be returned, it is counted, and recording continues without harm.
    let global = TooLarge::global();
    global.latency.with(Symbol::intern("AAPL")).record(u64::MAX);
    global.latency.with(Symbol::intern("MSFT")).record(1);
    global.fits.inc();
    assert_eq!(Segment::stats().unwrap().failed_registrations, 1);
    let snapshot = Registry::global().snapshot();
    assert_eq!(snapshot.counter("fits_total", &[]), Some(1));
    assert_eq!(registry.snapshot().counter("fits_total", &[]), Some(1), "the sink is no one's");

    series_without_cells_are_counted_as_other(&registry);
}

fn series_without_cells_are_counted_as_other(registry: &Registry) {
    const VALUES: u64 = 40;
    let description = Description::new("latency", "Help.").max(10_000);
    let latency: Histogram<(bool, Pair)> = registry.register(&description).unwrap();
    let before = Segment::stats().unwrap().saturated_labels;
    let record = || {
        for n in 0..VALUES {
            latency.with((true, Pair::intern(&format!("P{n}")))).record(n);
        }
    };
    record();
    record();
    let snapshot = registry.snapshot();
    let (mut all, mut other) = (0, 0);
    for series in snapshot.family("latency").unwrap().series() {
        let Value::Histogram(values) = series.value() else { panic!("{:?}", series.value()) };
        all += values.count();
        let labels: Vec<_> = series.labels().collect();
        assert_eq!(labels[0], ("flag", "true"), "an enum keeps its value");
        other += if labels[1].1 == "other" { values.count() } else { 0 };
    }
    assert_eq!(all, 2 * VALUES, "none is lost");
    assert!(
        other > 0 && other < all,
        "{other} of {all} as `other`: some found cells, some did not"
    );
    assert_eq!(Segment::stats().unwrap().saturated_labels - before, other);
}
