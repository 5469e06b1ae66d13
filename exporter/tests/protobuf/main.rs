//! Protobuf, read by prost.

mod client_model;
mod created;
mod exemplars;
mod interval;
mod native;

use client_model::{Bucket, Counter as Count, Gauge as Level, Histogram as Distribution};
use client_model::{LabelPair, Metric, MetricFamily, MetricType, decode};
use proptest::prelude::*;
use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
#[label(capacity = 64)]
struct Text(LabelId);

fn register<M: tickmetrics::Metric>(registry: &Registry, description: &Description) -> M {
    registry.register(description).unwrap()
}

fn encode(registry: &Registry) -> Vec<u8> {
    let mut bytes = Vec::new();
    tickmetrics_exporter::encode::protobuf(&registry.snapshot(), &mut bytes);
    bytes
}

fn family(name: &str, help: &str, kind: MetricType, metric: Vec<Metric>) -> MetricFamily {
    let (name, help, r#type) = (Some(name.into()), Some(help.into()), Some(kind as i32));
    MetricFamily { name, help, r#type, metric, unit: None }
}

fn labels(pairs: &[(&str, &str)]) -> Vec<LabelPair> {
    let pair = |&(name, value): &(&str, &str)| LabelPair {
        name: Some(name.into()),
        value: Some(value.into()),
    };
    pairs.iter().map(pair).collect()
}

fn count(pairs: &[(&str, &str)], value: f64) -> Metric {
    let counter = Some(Count { value: Some(value), created_timestamp: None });
    Metric { label: labels(pairs), counter, ..Metric::default() }
}

fn level(pairs: &[(&str, &str)], value: f64) -> Metric {
    let gauge = Some(Level { value: Some(value) });
    Metric { label: labels(pairs), gauge, ..Metric::default() }
}

#[test]
fn numbers_of_every_kind() {
    let registry = Registry::new();
    let orders: Counter<bool> = register(
        &registry,
        &Description::new("orders_total", "Orders \"of all\" kinds,\n\\ really.")
            .constant("venue", "x\"n\\a\ns→😀"),
    );
    orders.with(true).add(300);
    let waited = Description::new("waited_seconds_total", "Time waited.").unit("seconds");
    register::<Counter>(&registry, &waited).add(1_500_000_000);
    // Its name lacks the unit, so that Prometheus would refuse it.
    register::<Gauge>(&registry, &Description::new("limit", "Limit.").unit("bytes")).set(-0.25);
    register::<UpDownCounter>(&registry, &Description::new("depth", "Depth.")).sub(7);
    register::<Counter>(&registry, &Description::new("all_total", "All.")).add(u64::MAX);
    // Without series.
    register::<Counter<Text>>(&registry, &Description::new("none_total", "None."));
    let venue = ("venue", "x\"n\\a\ns→😀");
    let mut waited =
        family("waited_seconds_total", "Time waited.", MetricType::Counter, vec![count(&[], 1.5)]);
    waited.unit = Some("seconds".into());
    let expected = [
        family("all_total", "All.", MetricType::Counter, vec![count(&[], u64::MAX as f64)]),
        family("depth", "Depth.", MetricType::Gauge, vec![level(&[], -7.0)]),
        family("limit", "Limit.", MetricType::Gauge, vec![level(&[], -0.25)]),
        family(
            "orders_total",
            "Orders \"of all\" kinds,\n\\ really.",
            MetricType::Counter,
            vec![count(&[venue, ("flag", "false")], 0.0), count(&[venue, ("flag", "true")], 300.0)],
        ),
        waited,
    ];
    assert_eq!(decode(&encode(&registry)), expected);
}

#[test]
fn extreme_numbers() {
    let registry = Registry::new();
    let numbers = [
        0.0,
        -0.0,
        1.0 / 3.0,
        5e-324,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    for (at, number) in numbers.iter().enumerate() {
        let description = Description::new("number", "Number.").constant("at", at.to_string());
        register::<Gauge>(&registry, &description).set(*number);
    }
    let families = decode(&encode(&registry));
    let [MetricFamily { metric, .. }] = &families[..] else { panic!("{families:?}") };
    for (metric, number) in metric.iter().zip(numbers) {
        let read = metric.gauge.as_ref().and_then(|gauge| gauge.value).unwrap();
        assert!(read == number || read.is_nan() && number.is_nan(), "{number} is {read}");
    }
    assert_eq!(metric.len(), numbers.len());
}

#[test]
fn histograms_with_values_outside_their_range() {
    let registry = Registry::new();
    let description = Description::new("slippage", "Slippage.").max(1_000).buckets([1, 10]);
    let slippage: Histogram<bool> = register(&registry, &description.scale(0.5));
    for value in [0, 7, 900, 5_000] {
        slippage.with(true).record(value);
    }
    slippage.with(true).record_signed(-3);
    let distribution = |flag, count, sum, buckets: [u64; 2]| {
        let bucket = |(upper, count)| Bucket {
            cumulative_count: Some(count),
            upper_bound: Some(upper),
            exemplar: None,
        };
        let histogram = Distribution {
            sample_count: Some(count),
            sample_sum: Some(sum),
            bucket: [0.5, 5.0].into_iter().zip(buckets).map(bucket).collect(),
            ..Distribution::default()
        };
        let histogram = Some(histogram);
        Metric { label: labels(&[("flag", flag)]), histogram, ..Metric::default() }
    };
    let above = "Values of slippage above its maximum, counted in its last bucket.";
    let below = "Values of slippage below zero, counted nowhere else.";
    let one = || vec![count(&[("flag", "true")], 1.0)];
    let expected = [
        family(
            "slippage",
            "Slippage.",
            MetricType::Histogram,
            vec![distribution("false", 0, 0.0, [0, 0]), distribution("true", 4, 2953.5, [1, 2])],
        ),
        family("slippage_saturated_total", above, MetricType::Counter, one()),
        family("slippage_negative_total", below, MetricType::Counter, one()),
    ];
    assert_eq!(decode(&encode(&registry)), expected);
}

#[test]
fn an_empty_registry_is_nothing() {
    assert!(encode(&Registry::new()).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Lengths of all magnitudes: of texts, of metrics, of families.
    #[test]
    fn any_registry_is_read_back(
        help in "[a-z]{1,300}",
        values in prop::collection::btree_map("[a-zü\"\\\\\n]{0,200}", 1..u64::MAX, 1..60),
        records in prop::collection::vec((any::<u64>(), 0..64_u32), 0..200),
        edges in prop::collection::btree_set(1..3_600_000_000_000_u64, 1..40),
    ) {
        let registry = Registry::new();
        let mut all: Vec<_> = Vec::new();
        for (text, value) in &values {
            let description = Description::new("many_total", &*help).constant("text", &**text);
            register::<Counter>(&registry, &description).add(*value);
            all.push(count(&[("text", text)], *value as f64));
        }
        let description = Description::new("wait", &*help).buckets(edges.iter().copied());
        let wait: Histogram = register(&registry, &description);
        records.iter().for_each(|(value, shift)| wait.record(value >> shift));
        let families = decode(&encode(&registry));
        let [many, distribution, ..] = &families[..] else { panic!("{families:?}") };
        // Metrics of one name come in the order of their registration.
        prop_assert_eq!(many, &family("many_total", &help, MetricType::Counter, all));
        let snapshot = registry.snapshot();
        let snapshot = snapshot.histogram("wait", &[]).unwrap();
        let read = distribution.metric[0].histogram.as_ref().unwrap();
        prop_assert_eq!(read.sample_count, Some(records.len() as u64));
        prop_assert_eq!(read.sample_sum, Some(snapshot.sum()));
        let buckets = snapshot.buckets().map(|bucket| Bucket {
            cumulative_count: Some(bucket.count),
            upper_bound: Some(bucket.upper),
            exemplar: None,
        });
        prop_assert_eq!(&read.bucket, &buckets.collect::<Vec<_>>());
    }
}
