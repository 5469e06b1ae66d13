//! The same values here and in `hdrhistogram`: the whole distribution and every quantile.

use hdrhistogram::Histogram as Hdr;
use proptest::prelude::*;
use tickmetrics::prelude::*;

/// Values of every magnitude up to `max`, with repeats and neighbours.
fn values(max: u64) -> impl Strategy<Value = Vec<u64>> {
    let magnitude = 64 - max.leading_zeros();
    let value = (any::<u64>(), 1..=magnitude)
        .prop_map(move |(value, bits)| (value >> (64 - bits)).min(max));
    prop::collection::vec(value, 1..300)
}

fn settings() -> impl Strategy<Value = (u64, u8)> {
    (prop_oneof![Just(3_600_000_000_000), 1_000..u64::MAX / 2], 1..=3_u8)
}

fn pair(max: u64, sigfigs: u8) -> (Registry, Histogram, Hdr<u64>) {
    let registry = Registry::new();
    let description = Description::new("values", "Values.").max(max).sigfigs(sigfigs).buckets([1]);
    let ours = registry.register(&description).unwrap();
    (registry, ours, Hdr::new_with_bounds(1, max, sigfigs).unwrap())
}

/// Recorded and exported units are the same here.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and positive")]
fn whole(value: f64) -> u64 {
    value as u64
}

/// Compares all that both report.
fn compare(registry: &Registry, hdr: &Hdr<u64>) -> Result<(), TestCaseError> {
    let snapshot = registry.snapshot();
    let ours = snapshot.histogram("values", &[]).unwrap();
    // Not prop_assert_eq: thousands of cells are no message.
    prop_assert!(&ours.to_hdr() == hdr);
    prop_assert_eq!(ours.count(), hdr.len());
    let cells: Vec<_> = ours.cells().map(|(low, _, count)| (low, count)).collect();
    let theirs: Vec<_> = hdr
        .iter_recorded()
        .map(|cell| (hdr.lowest_equivalent(cell.value_iterated_to()), cell.count_at_value()))
        .collect();
    prop_assert_eq!(cells, theirs);
    for q in (0..=1000).map(|q| f64::from(q) / 1000.0).chain([0.9999, 0.99999]) {
        let (ours, theirs) = (ours.quantile(q).unwrap(), hdr.value_at_quantile(q));
        // Ours is capped to the exact extremes, so it may be another value of the same cell.
        prop_assert_eq!(
            hdr.lowest_equivalent(whole(ours)),
            hdr.lowest_equivalent(theirs),
            "quantile {}: {} and {}",
            q,
            ours,
            theirs
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn records_agree((max, sigfigs) in settings(), shift in 0..40_u32, seed in values(u64::MAX)) {
        let (registry, ours, mut hdr) = pair(max, sigfigs);
        // Below 2^53, so that a quantile is the same number as an f64.
        let values: Vec<u64> = seed.iter().map(|v| (v >> shift).min(max).min(1 << 52)).collect();
        for &value in &values {
            ours.record(value);
            hdr.record(value).unwrap();
        }
        compare(&registry, &hdr)?;
        let snapshot = registry.snapshot();
        let ours = snapshot.histogram("values", &[]).unwrap();
        prop_assert_eq!(ours.min(), values.iter().min().map(|&v| v as f64));
        prop_assert_eq!(ours.max(), values.iter().max().map(|&v| v as f64));
        let sum = values.iter().fold(0, |sum: u64, v| sum.wrapping_add(*v));
        prop_assert_eq!(ours.sum(), sum as f64);
    }

    #[test]
    fn repeats_agree(values in values(1 << 40), n in 1..1000_u64) {
        let (registry, ours, mut hdr) = pair(3_600_000_000_000, 2);
        // Nothing at all, where `hdrhistogram` would raise its maximum.
        ours.record_n(7, 0);
        for value in values {
            ours.record_n(value, n);
            hdr.record_n(value, n).unwrap();
        }
        compare(&registry, &hdr)?;
    }

    #[test]
    fn corrections_agree(
        pairs in prop::collection::vec((0..2_000_000_u64, 0..100_000_u64), 1..20),
        sigfigs in 1..=3_u8,
    ) {
        let (registry, ours, mut hdr) = pair(1_000_000, sigfigs);
        let (mut sum, mut all) = (0, Vec::new());
        for (value, interval) in pairs {
            // A correction for an interval of some nanoseconds has millions of values there.
            let interval = if interval < 50 { 0 } else { interval };
            ours.record_corrected(value, interval);
            let mut missing = value;
            loop {
                all.push(missing);
                sum += missing;
                // There, values just above the maximum have cells of their own.
                hdr.record(missing.min(1_000_000)).unwrap();
                if interval == 0 || missing < 2 * interval {
                    break;
                }
                missing -= interval;
            }
        }
        let snapshot = registry.snapshot();
        let ours = snapshot.histogram("values", &[]).unwrap();
        prop_assert!(ours.to_hdr() == hdr);
        prop_assert_eq!(ours.sum(), sum as f64);
        prop_assert_eq!(ours.min(), all.iter().min().map(|&v| v as f64));
        prop_assert_eq!(ours.max(), all.iter().max().map(|&v| v as f64));
        let saturated = all.iter().filter(|&&v| v > 1_000_000).count();
        prop_assert_eq!(ours.saturated(), saturated as u64);
    }

    #[test]
    fn corrections_agree_with_hdrhistograms_own(value in 0..1_000_000_u64, interval in 1_000..50_000_u64) {
        let (registry, ours, mut hdr) = pair(1_000_000, 2);
        ours.record_corrected(value, interval);
        hdr.record_correct(value, interval).unwrap();
        compare(&registry, &hdr)?;
    }

    #[test]
    fn intervals_agree(before in values(1 << 40), after in values(1 << 40)) {
        let (registry, ours, mut hdr) = pair(3_600_000_000_000, 2);
        before.iter().for_each(|&value| ours.record(value));
        let earlier = registry.snapshot();
        for &value in &after {
            ours.record(value);
            hdr.record(value).unwrap();
        }
        let interval = registry.snapshot().since(&earlier);
        let ours = interval.histogram("values", &[]).unwrap();
        prop_assert!(ours.to_hdr() == hdr);
        prop_assert_eq!(ours.sum(), after.iter().sum::<u64>() as f64);
        let (min, max) = (whole(ours.min().unwrap()), whole(ours.max().unwrap()));
        prop_assert_eq!(hdr.lowest_equivalent(min), hdr.lowest_equivalent(hdr.min()));
        prop_assert_eq!(hdr.lowest_equivalent(max), hdr.lowest_equivalent(hdr.max()));
    }

    #[test]
    fn buckets_agree_with_a_naive_count(values in values(1 << 30), edges in prop::collection::btree_set(0..1_u64 << 30, 1..20)) {
        let registry = Registry::new();
        let description = Description::new("values", "Values.").max(1 << 30).buckets(edges.clone());
        let ours: Histogram = registry.register(&description).unwrap();
        values.iter().for_each(|&value| ours.record(value));
        let hdr = Hdr::<u64>::new_with_bounds(1, 1 << 30, 2).unwrap();
        let snapshot = registry.snapshot();
        let buckets: Vec<u64> =
            snapshot.histogram("values", &[]).unwrap().buckets().map(|bucket| bucket.count).collect();
        let naive: Vec<u64> = edges
            .iter()
            .map(|&edge| hdr.highest_equivalent(edge))
            .map(|edge| values.iter().filter(|&&value| value <= edge).count() as u64)
            .collect();
        prop_assert_eq!(buckets, naive);
    }
}

#[test]
fn values_above_the_maximum_are_counted_and_reported() {
    let (registry, ours, _) = pair(1_000, 2);
    ours.record(1_000);
    ours.record(1_001);
    ours.record(u64::MAX);
    ours.record_n(5_000, 3);
    // No new extremes by now, but above the maximum all the same.
    [1_001, 4_000, u64::MAX - 1, u64::MAX].iter().for_each(|&value| ours.record(value));
    ours.record(1_000);
    let snapshot = registry.snapshot();
    let ours = snapshot.histogram("values", &[]).unwrap();
    assert_eq!((ours.count(), ours.saturated()), (11, 9));
    assert_eq!((ours.min(), ours.max()), (Some(1_000.0), Some(u64::MAX as f64)));
    assert_eq!(ours.to_hdr().len(), 11);
}

#[test]
fn a_correction_over_hours_in_nanoseconds_is_quick() {
    // 3.6 × 10^12 values, where a loop over them would take an hour.
    let (registry, ours, _) = pair(3_600_000_000_000, 3);
    ours.record_corrected(3_600_000_000_000, 1);
    assert_eq!(registry.snapshot().histogram("values", &[]).unwrap().count(), 3_600_000_000_000);
}

#[test]
fn negative_values_are_counted_apart() {
    let (registry, ours, _) = pair(1_000, 2);
    ours.record_signed(-1);
    ours.record_signed(i64::MIN);
    ours.record_signed(0);
    ours.record_signed(7);
    ours.record_f64(-0.6);
    ours.record_f64(f64::NAN);
    ours.record_f64(-0.4);
    let snapshot = registry.snapshot();
    let ours = snapshot.histogram("values", &[]).unwrap();
    assert_eq!((ours.count(), ours.negative(), ours.sum()), (3, 4, 7.0));
    assert_eq!((ours.min(), ours.max()), (Some(0.0), Some(7.0)));
}
