//! What the encoders write parses to what the snapshot has, in every format.

use proptest::prelude::*;
use std::time::{SystemTime, UNIX_EPOCH};
use tests::exemplars::{ids, record_on_threads};
use tickmetrics::prelude::*;
use tickmetrics::{Escaping, Snapshot, Value as Recorded};
use tickmetrics_exporter::encode::{Format, Protocol, render_as};
use tickmetrics_exporter::parse::{self, Family, FamilyType, Limits, Native, Series, Value};

const FORMATS: [Format; 4] = [Format::Text, Format::Text1, Format::OpenMetrics, Format::Protobuf];

#[derive(Clone, Debug)]
enum Metric {
    Counter(u64),
    Gauge(f64),
    UpDown(i64),
    /// Values, the edges, and whether there are native buckets, and quantiles.
    Histogram(Vec<u64>, Vec<u64>, bool, bool),
}

fn metric() -> impl Strategy<Value = Metric> {
    let edges = prop::collection::btree_set(1_u64..1_000_000, 1..8);
    let values = prop::collection::vec(0..2_000_000_u64, 0..30);
    prop_oneof![
        any::<u64>().prop_map(Metric::Counter),
        any::<f64>().prop_map(Metric::Gauge),
        any::<i64>().prop_map(Metric::UpDown),
        (values, edges, any::<bool>(), any::<bool>()).prop_map(
            |(values, edges, native, quantiles)| {
                Metric::Histogram(values, edges.into_iter().collect(), native, quantiles)
            }
        ),
    ]
}

/// Some formats change these names.
const NAMES: &[&str] =
    &["a", "a_total", "a_created", "b_seconds", "b_seconds_total", "c.d", "ü", "e_info"];

/// A name, texts for two constant labels, help, and the metric.
type Registered = (String, String, String, String, Metric);

fn registered() -> impl Strategy<Value = Registered> {
    let text = prop_oneof![Just(String::new()), "[\\\\\"\n{},= a→]{0,8}", any::<String>(),];
    let help = "[\\\\\"\n#{} a→]{0,10}";
    (prop::sample::select(NAMES), text.clone(), text, help, metric())
        .prop_map(|(name, one, other, help, metric)| (name.to_owned(), one, other, help, metric))
}

/// As far as the registry takes them: it refuses names that clash.
fn registry(metrics: &[Registered]) -> Registry {
    let registry = Registry::new();
    for (name, one, other, help, metric) in metrics {
        let mut description = Description::new(&**name, &**help)
            .constant("one", &**one)
            .constant("other.label", &**other);
        if name.contains("seconds") {
            description = description.unit("seconds");
        }
        match metric {
            Metric::Counter(value) => {
                let _ = registry
                    .register::<Counter<bool>>(&description)
                    .map(|it| it.with(true).add(*value));
            }
            Metric::Gauge(value) => {
                let _ = registry.register::<Gauge>(&description).map(|it| it.set(*value));
            }
            Metric::UpDown(value) => {
                let _ = registry.register::<UpDownCounter>(&description).map(|it| it.add(*value));
            }
            Metric::Histogram(values, edges, native, quantiles) => {
                let mut description = description.max(1_000_000).buckets(edges.clone());
                if *native {
                    description = description.sigfigs(2).native(3);
                }
                if *quantiles {
                    description = description.quantiles([0.5, 0.99]);
                }
                if let Ok(it) = registry.register::<Histogram<bool>>(&description) {
                    values.iter().for_each(|&value| it.with(value % 2 == 0).record(value));
                }
            }
        }
    }
    registry
}

fn encode(snapshot: &Snapshot, format: Format) -> Vec<u8> {
    let mut protocol = Protocol::new(format, Some(Escaping::AllowUtf8));
    if format == Format::Text {
        // What every client reads.
        protocol.escaping = None;
    }
    (protocol.created, protocol.classic_beside_native) = (true, true);
    render_as(snapshot, protocol)
}

/// Numbers of which NaN is one.
fn same(a: f64, b: f64) -> bool {
    a == b || a.is_nan() && b.is_nan()
}

fn check(snapshot: &Snapshot, format: Format) {
    let body = encode(snapshot, format);
    let content_type = format.content_type();
    let parsed = parse::exposition(&body, Some(content_type), &Limits::default())
        .unwrap_or_else(|error| panic!("{error}\n{}", String::from_utf8_lossy(&body)));
    let mut found: Vec<&Family<'_>> =
        parsed.families.iter().filter(|family| !family.series.is_empty()).collect();
    let escaping = if format == Format::Text { Escaping::default() } else { Escaping::AllowUtf8 };
    for family in snapshot.families().filter(|family| family.series_count() > 0) {
        let name = escaping.metric(family.name());
        let Some(at) = found.iter().position(|one| one.name == name) else {
            // Another name that is escaped to the same was exposed.
            assert_eq!(format, Format::Text, "{name} is not in {found:?}");
            continue;
        };
        if format == Format::Text && name != family.name() {
            found.remove(at);
            continue;
        }
        let one = found.remove(at);
        assert_eq!(one.help, family.help());
        let series: Vec<_> = family.series().collect();
        assert_eq!(one.series.len(), series.len(), "{one:?}");
        for (read, recorded) in one.series.iter().zip(series) {
            compare(one, read, recorded, format);
        }
    }
    // Of histograms.
    let is_derived = |name: &str| {
        ["_saturated_total", "_negative_total", "_summary", "_interval"]
            .iter()
            .any(|end| name.contains(end))
    };
    found.retain(|family| !is_derived(&family.name));
    assert!(format == Format::Text || found.is_empty(), "{found:?}");
}

fn compare(
    family: &Family<'_>,
    read: &Series<'_>,
    recorded: tickmetrics::Series<'_>,
    format: Format,
) {
    let escaping = if format == Format::Text { Escaping::default() } else { Escaping::AllowUtf8 };
    let labels: Vec<(String, String)> = recorded
        .labels()
        .map(|(name, value)| (escaping.label(name).into_owned(), value.to_owned()))
        .collect();
    let found: Vec<(String, String)> =
        read.labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    assert_eq!(found, labels);
    assert_eq!(read.timestamp_ms, None);
    let (family_type, has_start) = match (&read.value, recorded.value()) {
        (Value::Number(number), Recorded::Counter(value)) => {
            assert!(same(*number, value as f64), "{number} {value}");
            (FamilyType::Counter, true)
        }
        (Value::Number(number), Recorded::Quantity(value)) => {
            assert!(same(*number, value), "{number} {value}");
            (FamilyType::Counter, true)
        }
        (Value::Number(number), Recorded::Gauge(value)) => {
            assert!(same(*number, value), "{number} {value}");
            (FamilyType::Gauge, false)
        }
        (Value::Number(number), Recorded::UpDown(value)) => {
            assert!(same(*number, value as f64), "{number} {value}");
            (FamilyType::Gauge, false)
        }
        (Value::Histogram(histogram), Recorded::Histogram(value)) => {
            assert_eq!((histogram.count, histogram.sum), (value.count() as f64, Some(value.sum())));
            let buckets = value.buckets().map(|one| (one.upper, one.count as f64));
            let last = (f64::INFINITY, value.count() as f64);
            let mut buckets: Vec<_> = buckets.chain([last]).collect();
            if buckets.len() == 1 && histogram.native.is_some() {
                buckets.clear();
            }
            assert_eq!(histogram.buckets, buckets);
            let native = value.native().filter(|_| format == Format::Protobuf).map(|native| {
                let buckets = native.buckets().filter(|one| one.count > 0);
                (
                    native.schema(),
                    native.zeros() as f64,
                    buckets.map(|one| (one.index, one.count as f64)).collect::<Vec<_>>(),
                )
            });
            let read = histogram.native.clone().map(
                |Native { schema, zero_count, positive, negative, .. }| {
                    assert_eq!(negative, []);
                    (schema, zero_count, positive)
                },
            );
            assert_eq!(read, native);
            (FamilyType::Histogram, true)
        }
        other => panic!("{other:?}"),
    };
    // OpenMetrics has no counters without `_total`.
    let is_unknown = format == Format::OpenMetrics
        && family.family_type == FamilyType::Unknown
        && family_type == FamilyType::Counter;
    assert!(family.family_type == family_type || is_unknown, "{family:?}");
    let is_exposed =
        has_start && !is_unknown && matches!(format, Format::OpenMetrics | Format::Protobuf);
    let created = recorded.created().filter(|_| is_exposed).map(milliseconds);
    // To the millisecond, below.
    let found = read.created.map(|seconds| (seconds * 1000.0 + 1e-3).floor());
    assert_eq!(found, created);
}

fn milliseconds(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_millis() as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_format_parses_to_what_was_recorded(metrics in prop::collection::vec(registered(), 0..8)) {
        let registry = registry(&metrics);
        let snapshot = registry.snapshot();
        for format in FORMATS {
            check(&snapshot, format);
        }
    }
}

#[test]
fn exemplars_parse() {
    let registry = Registry::new();
    let description = Description::new("wait", "Waited.").buckets([10, 100, 1_000]);
    let wait: Histogram = registry.register(&description).unwrap();
    record_on_threads(&wait, &[7, 500, 70_000]);
    let snapshot = registry.snapshot();
    let recorded: Vec<_> = snapshot.histogram("wait", &[]).unwrap().exemplars().collect();
    assert_eq!(recorded.len(), 3);
    for format in [Format::OpenMetrics, Format::Protobuf] {
        let body = encode(&snapshot, format);
        let parsed =
            parse::exposition(&body, Some(format.content_type()), &Limits::default()).unwrap();
        let read = &parsed.families[0].series[0].exemplars;
        assert_eq!(read.len(), 3);
        for ((value, read), recorded) in [7_u64, 500, 70_000].into_iter().zip(read).zip(&recorded) {
            let (trace, span) = ids(value);
            let labels =
                [("trace_id", format!("{trace:032x}")), ("span_id", format!("{span:016x}"))];
            let found: Vec<_> =
                read.labels.iter().map(|(name, value)| (&**name, value.to_string())).collect();
            assert_eq!((found, read.value), (labels.to_vec(), value as f64));
            let time = (read.time.unwrap() * 1000.0 + 1e-3).floor();
            assert_eq!(time, milliseconds(recorded.time));
        }
    }
}
