//! Protobuf that prost writes.

use crate::model::{
    Bucket, Exemplar, Family, Histogram, LabelPair, Metric, Number, Quantile, Span, Summary,
    Timestamp, encode,
};
use proptest::prelude::*;
use std::borrow::Cow;
use tickmetrics_exporter::parse::{self, FamilyType, Label, Limits, Native, ParseError, Value};

fn label() -> impl Strategy<Value = LabelPair> {
    (any::<char>(), any::<Option<String>>())
        .prop_map(|(name, value)| LabelPair { name: Some(name.to_string()), value })
}

/// At most three, since names must not be the same.
fn labels() -> impl Strategy<Value = Vec<LabelPair>> {
    prop::collection::vec(label(), 0..3).prop_filter("the names are the same", |labels| {
        !labels
            .iter()
            .enumerate()
            .any(|(at, one)| labels[..at].iter().any(|other| other.name == one.name))
    })
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    (any::<i64>(), 0..1_000_000_000_i32).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos })
}

/// Not NaN, so that what is parsed can be compared.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![-1e300..1e300, 0.0..1e9, Just(f64::INFINITY), Just(0.0)]
}

fn exemplar() -> impl Strategy<Value = Exemplar> {
    (labels(), prop::option::of(number()), prop::option::of(timestamp()))
        .prop_map(|(label, value, timestamp)| Exemplar { label, value, timestamp })
}

fn one(of_type: i32) -> impl Strategy<Value = Number> {
    let value = prop::option::of(number());
    (value, prop::option::of(exemplar()), prop::option::of(timestamp())).prop_map(
        move |(value, exemplar, created)| {
            // Others have no such fields.
            if of_type == 0 {
                Number { value, exemplar, created }
            } else {
                Number { value, ..Number::default() }
            }
        },
    )
}

fn summary() -> impl Strategy<Value = Summary> {
    let quantile = (prop::option::of(number()), prop::option::of(number()))
        .prop_map(|(quantile, value)| Quantile { quantile, value });
    (
        any::<Option<u64>>(),
        prop::option::of(number()),
        prop::collection::vec(quantile, 0..3),
        prop::option::of(timestamp()),
    )
        .prop_map(|(count, sum, quantile, created)| Summary { count, sum, quantile, created })
}

/// Spans with as many counts as they have buckets.
fn side() -> impl Strategy<Value = (Vec<Span>, Vec<u32>)> {
    let span = (prop::option::of(0..9_i32), prop::collection::vec(0..9_u32, 0..4));
    prop::collection::vec(span, 0..4).prop_map(|spans| {
        let counts = spans.iter().flat_map(|(_, counts)| counts.clone()).collect();
        let span = |(offset, counts): &(Option<i32>, Vec<u32>)| Span {
            offset: *offset,
            length: u32::try_from(counts.len()).ok(),
        };
        (spans.iter().map(span).collect(), counts)
    })
}

fn deltas(counts: &[u32]) -> Vec<i64> {
    let before = [0].iter().chain(counts);
    counts.iter().zip(before).map(|(now, before)| i64::from(*now) - i64::from(*before)).collect()
}

fn histogram() -> impl Strategy<Value = Histogram> {
    let bucket = (
        any::<Option<u32>>(),
        prop::option::of(number()),
        prop::option::of(exemplar()),
        prop::option::of(0.0..9.0),
    )
        .prop_map(|(count, upper, exemplar, float_count)| Bucket {
            count: count.map(u64::from),
            upper,
            exemplar,
            float_count,
        });
    let scalars = (
        any::<Option<u64>>(),
        prop::option::of(number()),
        prop::option::of(-4..=8_i32),
        prop::option::of(0.0..1.0),
        any::<Option<u64>>(),
        any::<bool>(),
        any::<Option<u32>>(),
    );
    (
        scalars,
        prop::collection::vec(bucket, 0..4),
        side(),
        side(),
        prop::option::of(timestamp()),
        prop::collection::vec(exemplar(), 0..2),
    )
        .prop_map(|(scalars, bucket, positive, negative, created, exemplars)| {
            let (count, sum, schema, zero_threshold, zero_count, is_float, unknown) = scalars;
            let mut histogram = Histogram {
                sum,
                bucket,
                schema,
                zero_threshold,
                created,
                exemplars,
                unknown,
                positive_span: positive.0,
                negative_span: negative.0,
                ..Histogram::default()
            };
            if is_float {
                histogram.float_count = count.map(|count| count as f64);
                histogram.zero_float_count = zero_count.map(|count| count as f64);
                histogram.positive_count = positive.1.into_iter().map(f64::from).collect();
                histogram.negative_count = negative.1.into_iter().map(f64::from).collect();
            } else {
                (histogram.count, histogram.zero_count) = (count, zero_count);
                (histogram.positive_delta, histogram.negative_delta) =
                    (deltas(&positive.1), deltas(&negative.1));
            }
            histogram
        })
}

fn metric(of_type: i32) -> impl Strategy<Value = Metric> {
    (labels(), any::<Option<i64>>(), one(of_type), summary(), histogram()).prop_map(
        move |(label, timestamp_ms, number, summary, histogram)| {
            let mut metric = Metric { label, timestamp_ms, ..Metric::default() };
            match of_type {
                0 => metric.counter = Some(number),
                1 => metric.gauge = Some(number),
                2 => metric.summary = Some(summary),
                3 => metric.untyped = Some(number),
                _ => metric.histogram = Some(histogram),
            }
            metric
        },
    )
}

fn family() -> impl Strategy<Value = Family> {
    (0..6_i32).prop_flat_map(|of_type| {
        (
            any::<Option<String>>(),
            prop::collection::vec(metric(of_type), 0..4),
            any::<bool>(),
            any::<String>(),
        )
            .prop_map(move |(help, metric, has_unit, name)| {
                let name = Some(format!("n{name}{}", if has_unit { "_seconds" } else { "" }));
                let unit = has_unit.then(|| "seconds".into());
                Family { name, help, of_type: Some(of_type), metric, unit }
            })
    })
}

fn pairs(labels: &[LabelPair]) -> Vec<Label<'static>> {
    let pair = |it: &LabelPair| -> Label<'static> {
        (it.name.clone().unwrap().into(), it.value.clone().unwrap_or_default().into())
    };
    labels.iter().map(pair).collect()
}

fn seconds(time: Timestamp) -> f64 {
    time.seconds as f64 + f64::from(time.nanos) / 1e9
}

fn check_exemplars(read: &[parse::Exemplar<'_>], written: &[&Exemplar]) {
    assert_eq!(read.len(), written.len());
    for (read, written) in read.iter().zip(written) {
        assert_eq!(read.labels, pairs(&written.label));
        assert_eq!(read.value, written.value.unwrap_or(0.0));
        assert_eq!(read.time, written.timestamp.map(seconds));
    }
}

fn check(read: &parse::Series<'_>, written: &Metric, family_type: FamilyType) {
    assert_eq!(read.labels, pairs(&written.label));
    assert_eq!(read.timestamp_ms, written.timestamp_ms);
    let (number, created, exemplars) = match family_type {
        FamilyType::Summary => {
            let summary = written.summary.as_ref().unwrap();
            let Value::Summary(read) = &read.value else { panic!("{read:?}") };
            assert_eq!(
                (read.count, read.sum),
                (summary.count.map(|count| count as f64), summary.sum)
            );
            let quantiles = summary
                .quantile
                .iter()
                .map(|it| (it.quantile.unwrap_or(0.0), it.value.unwrap_or(0.0)));
            assert_eq!(read.quantiles, quantiles.collect::<Vec<_>>());
            (None, summary.created, Vec::new())
        }
        FamilyType::Histogram | FamilyType::GaugeHistogram => {
            let histogram = written.histogram.as_ref().unwrap();
            let Value::Histogram(read) = &read.value else { panic!("{read:?}") };
            check_histogram(read, histogram);
            let of_buckets = histogram.bucket.iter().filter_map(|bucket| bucket.exemplar.as_ref());
            (None, histogram.created, of_buckets.chain(&histogram.exemplars).collect())
        }
        _ => {
            let number = written
                .counter
                .as_ref()
                .or(written.gauge.as_ref())
                .or(written.untyped.as_ref())
                .unwrap();
            (Some(number.value.unwrap_or(0.0)), number.created, number.exemplar.iter().collect())
        }
    };
    if let Some(number) = number {
        assert_eq!(read.value, Value::Number(number));
    }
    assert_eq!(read.created, created.map(seconds));
    check_exemplars(&read.exemplars, &exemplars);
}

fn check_histogram(read: &parse::Histogram, written: &Histogram) {
    let float = |float: Option<f64>, int: Option<u64>| {
        float.filter(|&it| it > 0.0).unwrap_or(int.unwrap_or(0) as f64)
    };
    let count = float(written.float_count, written.count);
    assert_eq!((read.count, read.sum), (count, written.sum));
    // The first of each edge, in order.
    let mut buckets: Vec<(f64, f64)> = Vec::new();
    for bucket in &written.bucket {
        let upper = bucket.upper.unwrap_or(0.0);
        if !buckets.iter().any(|one| one.0 == upper) {
            buckets.push((upper, float(bucket.float_count, bucket.count)));
        }
    }
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let has_spans = !written.positive_span.is_empty() || !written.negative_span.is_empty();
    let zeros = float(written.zero_float_count, written.zero_count);
    let threshold = written.zero_threshold.unwrap_or(0.0);
    let is_native = has_spans || zeros > 0.0 || threshold > 0.0;
    if buckets.last().is_none_or(|last| last.0 != f64::INFINITY)
        && (!is_native || !buckets.is_empty())
    {
        buckets.push((f64::INFINITY, count));
    }
    assert_eq!(read.buckets, buckets);
    let Some(Native { schema, zero_threshold, zero_count, positive, negative, .. }) = &read.native
    else {
        return assert!(!is_native);
    };
    assert!(is_native);
    assert_eq!(
        (i32::from(*schema), *zero_threshold, *zero_count),
        (written.schema.unwrap_or(0), threshold, zeros)
    );
    for (read, spans, deltas, counts) in [
        (positive, &written.positive_span, &written.positive_delta, &written.positive_count),
        (negative, &written.negative_span, &written.negative_delta, &written.negative_count),
    ] {
        let mut sum = 0;
        let ints: Vec<f64> = deltas
            .iter()
            .map(|delta| {
                sum += delta;
                sum as f64
            })
            .collect();
        let mut counts = ints.iter().chain(counts);
        let (mut buckets, mut index) = (Vec::new(), 0);
        for span in spans {
            index += span.offset.unwrap_or(0);
            for _ in 0..span.length.unwrap_or(0) {
                buckets.push((index, *counts.next().unwrap()));
                index += 1;
            }
        }
        buckets.retain(|bucket| bucket.1 != 0.0);
        assert_eq!(*read, buckets);
    }
}

const TYPES: [FamilyType; 6] = [
    FamilyType::Counter,
    FamilyType::Gauge,
    FamilyType::Summary,
    FamilyType::Unknown,
    FamilyType::Histogram,
    FamilyType::GaugeHistogram,
];

proptest! {
    #[test]
    fn messages_of_prost_are_read_as_written(family in family()) {
        let body = encode(std::slice::from_ref(&family));
        let parsed = parse::protobuf(&body, &Limits::default()).unwrap();
        let [read] = &parsed.families[..] else { panic!("{parsed:?}") };
        prop_assert_eq!(Some(&*read.name), family.name.as_deref());
        prop_assert_eq!(&*read.help, family.help.as_deref().unwrap_or_default());
        prop_assert_eq!(&*read.unit, family.unit.as_deref().unwrap_or_default());
        let family_type = TYPES[usize::try_from(family.of_type.unwrap()).unwrap()];
        prop_assert_eq!(read.family_type, family_type);
        prop_assert_eq!(read.series.len(), family.metric.len());
        for (read, written) in read.series.iter().zip(&family.metric) {
            check(read, written, family_type);
        }
    }

    /// Cut off or changed anywhere, there is an error or another result, but no panic.
    #[test]
    fn damaged_messages_do_no_harm(family in family(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cuts in any::<bool>()) {
        let mut body = encode(&[family]);
        let at = at.index(body.len());
        if cuts {
            body.truncate(at);
            prop_assert_eq!(parse::protobuf(&body, &Limits::default()).is_ok(), at == 0);
        } else {
            body[at] = byte;
            let _ = parse::protobuf(&body, &Limits::default());
        }
    }
}

fn named(of_type: i32, metric: Vec<Metric>) -> Family {
    Family { name: Some("a".into()), of_type: Some(of_type), metric, ..Family::default() }
}

#[test]
fn families_in_pieces_are_put_together() {
    let gauge = |value| Metric {
        gauge: Some(Number { value: Some(value), ..Number::default() }),
        ..Metric::default()
    };
    let unknown = Metric { untyped: Some(Number::default()), ..Metric::default() };
    let body =
        encode(&[named(1, vec![gauge(1.0)]), named(3, vec![unknown]), named(1, vec![gauge(2.0)])]);
    let parsed = parse::protobuf(&body, &Limits::default()).unwrap();
    let found: Vec<_> =
        parsed.families.iter().map(|it| (it.family_type, it.series.len())).collect();
    assert_eq!(found, [(FamilyType::Gauge, 2), (FamilyType::Unknown, 1)]);
    assert!(matches!(parsed.families[0].name, Cow::Borrowed("a")));
}

#[test]
fn messages_that_prometheus_refuses() {
    let native = |schema, spans: &[(i32, u32)], deltas: &[i64]| {
        let histogram = Histogram {
            schema: Some(schema),
            positive_span: spans
                .iter()
                .map(|&(offset, length)| Span { offset: Some(offset), length: Some(length) })
                .collect(),
            positive_delta: deltas.to_vec(),
            ..Histogram::default()
        };
        named(4, vec![Metric { histogram: Some(histogram), ..Metric::default() }])
    };
    let label = |name: &str| LabelPair { name: Some(name.into()), value: None };
    let labelled = |label: Vec<LabelPair>| {
        named(1, vec![Metric { label, gauge: Some(Number::default()), ..Metric::default() }])
    };
    let unit = Family { unit: Some("seconds".into()), ..named(1, Vec::new()) };
    for (family, expected) in [
        (Family::default(), "it has no name"),
        (named(6, Vec::new()), "there is no such type"),
        (named(1, vec![Metric::default()]), "a metric has no value of the family's type"),
        (unit, "the name does not end in an underscore and the unit"),
        (labelled(vec![label("")]), "a label has no name"),
        (labelled(vec![label("b"), label("b")]), "the label \"b\" is there twice"),
        (native(9, &[(0, 1)], &[1]), "the schema is not from -4 to 8"),
        (native(0, &[(0, 2)], &[1]), "there are fewer native buckets than in the spans"),
        (native(0, &[(0, u32::MAX)], &[1]), "there are fewer native buckets than in the spans"),
        (native(0, &[(0, 1)], &[1, 1]), "there are more native buckets than in the spans"),
        (native(0, &[(0, 1), (-1, 1)], &[1, 1]), "two spans of native buckets overlap"),
        (native(0, &[(0, 2)], &[1, -2]), "a native bucket has a negative count"),
        (native(0, &[(0, 2)], &[i64::MAX, 1]), "a native bucket has a negative count"),
        (
            native(0, &[(i32::MAX, 2)], &[1, 1]),
            "the index of a native bucket has more than 32 bits",
        ),
    ] {
        let body = encode(&[named(0, Vec::new()), family]);
        match parse::protobuf(&body, &Limits::default()) {
            Err(ParseError::Message { number: 2, reason, .. }) => assert_eq!(reason, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}
