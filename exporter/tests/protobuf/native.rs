//! Native buckets against raw values, each put into its bucket by the logarithm.

use super::client_model::{Histogram as Distribution, decode};
use super::{encode, register};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tickmetrics::RegisterError;
use tickmetrics::prelude::*;

/// The buckets that spans and deltas stand for, by index, as Prometheus reads them.
fn expand(histogram: &Distribution) -> BTreeMap<i32, u64> {
    let mut deltas = histogram.positive_delta.iter();
    let (mut index, mut count) = (0, 0);
    let mut buckets = BTreeMap::new();
    for span in &histogram.positive_span {
        index += span.offset.unwrap();
        for _ in 0..span.length.unwrap() {
            count += deltas.next().unwrap();
            buckets.insert(index, u64::try_from(count).unwrap());
            index += 1;
        }
    }
    assert_eq!(deltas.next(), None);
    buckets.retain(|_, count| *count > 0);
    buckets
}

/// The place of a number among the edges: bucket `i` is above `i - 1` and not above `i`.
fn place(schema: i8, number: f64) -> f64 {
    number.log2() * f64::from(schema).exp2()
}

/// Whether a bucket is that of a place, which is rounded unless it is that of a power of two.
fn is_at(bucket: i32, place: f64) -> bool {
    let near = (place - place.round()).abs() < 1e-9;
    let bucket = f64::from(bucket);
    place.ceil() == bucket || near && place.fract() != 0.0 && (bucket - place).abs() < 1.5
}

fn native(registry: &Registry) -> Distribution {
    let family = decode(&encode(registry)).into_iter().find(|it| it.name() == "it").unwrap();
    family.metric[0].histogram.clone().unwrap()
}

fn digits_and_schemas() -> impl Strategy<Value = (u8, i8)> {
    (1..=3_u8).prop_flat_map(|digits| (Just(digits), -4..=[1, 4, 7_i8][usize::from(digits) - 1]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Each value alone: in its bucket, or in the one before where its cell begins there.
    #[test]
    fn a_value_is_in_its_bucket_or_its_cell_in_the_one_before(
        (digits, schema) in digits_and_schemas(),
        scale in prop::sample::select(vec![1.0, 1e-9, 0.01, 3.7, 1e6]),
        max in prop::sample::select(vec![1_000_u64, 3_600_000_000_000, u64::MAX]),
        (value, shift) in (1..u64::MAX, 0..64_u32),
    ) {
        let value = (value >> shift).clamp(1, max);
        let registry = Registry::new();
        let description = Description::new("it", "It.").sigfigs(digits).max(max).scale(scale);
        let it: Histogram = register(&registry, &description.buckets([]).native(schema));
        it.record(value);
        let read = native(&registry);
        prop_assert_eq!(read.schema, Some(schema.into()));
        let buckets = expand(&read);
        let (&index, &count) = buckets.first_key_value().unwrap();
        prop_assert_eq!((buckets.len(), count), (1, 1));
        // The oracle for cells.
        let hdr = hdrhistogram::Histogram::<u64>::new_with_bounds(1, max, digits).unwrap();
        let lowest = hdr.lowest_equivalent(value);
        let place = |recorded: u64| place(schema, recorded as f64 * scale);
        prop_assert!(is_at(index, place(lowest)), "{index} for {}", place(lowest));
        let own = is_at(index, place(value));
        prop_assert!(own || lowest < value && is_at(index + 1, place(value)), "{}", place(value));
        // A cell is less than a fifth of a bucket, or holds one value alone.
        let next = hdr.next_non_equivalent(value);
        prop_assert!(place(next) - place(lowest) < 0.2 || next == lowest + 1);
    }

    /// All together: every value is in one bucket or the zero bucket, as it is alone.
    #[test]
    fn nothing_is_lost_or_counted_twice(
        (digits, schema) in digits_and_schemas(),
        values in prop::collection::vec((any::<u64>(), 0..=64_u32), 0..300),
        repeat in 1..200_usize,
    ) {
        const MAX: u64 = 1 << 40;
        let registry = Registry::new();
        let description = Description::new("it", "It.").sigfigs(digits).max(MAX).scale(1e-3);
        let it: Histogram = register(&registry, &description.native(schema));
        let hdr = hdrhistogram::Histogram::<u64>::new_with_bounds(1, MAX, digits).unwrap();
        let values: Vec<u64> =
            values.iter().map(|(value, shift)| value.checked_shr(*shift).unwrap_or(0)).collect();
        for (at, &value) in values.iter().enumerate() {
            for _ in 0..if at % 5 == 0 { repeat } else { 1 } {
                it.record(value);
            }
        }
        let read = native(&registry);
        let mut left = expand(&read);
        let mut zeros = read.zero_count.unwrap();
        prop_assert!(read.zero_threshold.unwrap() > 0.0 && read.zero_threshold.unwrap() < 1e-3);
        for (at, &value) in values.iter().enumerate() {
            let times = if at % 5 == 0 { repeat as u64 } else { 1 };
            if value == 0 {
                zeros -= times;
                continue;
            }
            let lowest = if value > MAX { MAX + 1 } else { hdr.lowest_equivalent(value) };
            let place = place(schema, lowest as f64 * 1e-3);
            let own = left.keys().copied().find(|index| is_at(*index, place));
            let Some(own) = own else { panic!("{value} is not in {left:?}") };
            let count = left.get_mut(&own).unwrap();
            prop_assert!(*count >= times, "{value}");
            *count -= times;
            left.retain(|_, count| *count > 0);
        }
        prop_assert!(zeros == 0 && left.is_empty(), "{zeros} zeros and {left:?} were not recorded");
    }
}

#[test]
fn spans_and_deltas_are_as_prometheus_writes_them() {
    let registry = Registry::new();
    let description = Description::new("it", "It.").native(0).buckets([10]);
    let it: Histogram = register(&registry, &description);
    let read = native(&registry);
    // Native, though nothing is there.
    assert_eq!((read.zero_threshold, read.zero_count), (Some(2.938_735_877_055_719e-39), Some(0)));
    assert_eq!((read.positive_span.len(), read.bucket.len()), (0, 0));
    // Buckets 0 and 3, so that two empty ones are between, and 7, after three.
    for (value, times) in [(0, 2), (1, 3), (8, 5), (128, 1)] {
        (0..times).for_each(|_| it.record(value));
    }
    let read = native(&registry);
    let spans: Vec<_> =
        read.positive_span.iter().map(|span| (span.offset(), span.length())).collect();
    assert_eq!(spans, [(0, 4), (3, 1)]);
    assert_eq!(read.positive_delta, [3, -3, 0, 5, -4]);
    assert_eq!((read.zero_count, read.sample_count), (Some(2), Some(11)));
    // On request the exposition has the classic histogram, too.
    let mut protocol = tickmetrics_exporter::encode::Protocol::from(
        tickmetrics_exporter::encode::Format::Protobuf,
    );
    protocol.classic_beside_native = true;
    let both = decode(&tickmetrics_exporter::encode::render_as(&registry.snapshot(), protocol));
    let mut both = both[0].metric[0].histogram.clone().unwrap();
    let classic = std::mem::take(&mut both.bucket);
    assert_eq!((classic.len(), classic[0].cumulative_count), (1, Some(10)));
    assert_eq!(both, read);
}

#[test]
fn schemas_that_the_cells_are_too_coarse_for_are_refused() {
    for (digits, schema) in [(1, 2), (2, 5), (3, 8), (2, -5), (2, i8::MIN), (2, i8::MAX)] {
        let description = Description::new("it", "It.").sigfigs(digits).native(schema);
        let error = Registry::new().register::<Histogram>(&description).unwrap_err();
        assert!(matches!(error, RegisterError::InvalidSetting { .. }), "{error}");
        assert!(error.to_string().contains("native schema"), "{error}");
    }
}

#[test]
fn an_interval_has_the_buckets_of_its_values() {
    let registry = Registry::new();
    let it: Histogram = register(&registry, &Description::new("it", "It.").native(1));
    [0, 1, 100].into_iter().for_each(|value| it.record(value));
    let earlier = registry.snapshot();
    [0, 0, 100, 1_000].into_iter().for_each(|value| it.record(value));
    let interval = registry.snapshot().since(&earlier);
    let native = interval.histogram("it", &[]).unwrap().native().unwrap();
    assert_eq!(native.zeros(), 2);
    // 100 is up to 2^7 and above 2^6.5, 1,000 up to 2^10 and above 2^9.5.
    let buckets: Vec<_> = native.buckets().map(|bucket| (bucket.index, bucket.count)).collect();
    assert_eq!(buckets, [(14, 1), (20, 1)]);
}
