//! Exemplars of classic and of native buckets.

use super::client_model::{Exemplar, Timestamp, decode};
use super::{encode, labels, register};
use std::time::SystemTime;
use tests::exemplars::{ids, record_on_threads};
use tickmetrics::prelude::*;

#[test]
fn exemplars_stand_with_their_buckets() {
    check(false);
}

#[test]
fn native_buckets_have_theirs_in_a_list() {
    check(true);
}

fn check(native: bool) {
    let registry = Registry::new();
    let description = Description::new("wait", "Waited.").buckets([10, 100, 1_000]);
    let description = if native { description.native(3) } else { description };
    let wait: Histogram = register(&registry, &description);
    // On a thread that keeps its shard.
    wait.record_with_exemplar(50, 0xab, 0);
    record_on_threads(&wait, &[7, 500, 70_000]);

    let snapshot = registry.snapshot();
    let known = snapshot.histogram("wait", &[]).unwrap();
    let times: Vec<_> = known.exemplars().map(|one| one.time).collect();
    let exemplar = |value: f64, pairs: &[(&str, &str)], time: SystemTime| {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let seconds = i64::try_from(since.as_secs()).unwrap();
        let nanos = i32::try_from(since.subsec_nanos()).unwrap();
        let timestamp = Some(Timestamp { seconds, nanos });
        Exemplar { label: labels(pairs), value: Some(value), timestamp }
    };
    let traced = |value: u32, time| {
        let (trace, span) = ids(value.into());
        let (trace, span) = (format!("{trace:032x}"), format!("{span:016x}"));
        exemplar(value.into(), &[("trace_id", &trace), ("span_id", &span)], time)
    };
    let families = decode(&encode(&registry));
    let read = families[0].metric[0].histogram.clone().unwrap();
    let trace = format!("{:032x}", 0xab);
    let expected = [
        traced(7, times[0]),
        exemplar(50.0, &[("trace_id", &trace)], times[1]),
        traced(500, times[2]),
        traced(70_000, times[3]),
    ];
    if native {
        assert_eq!((read.exemplars, read.bucket), (expected.to_vec(), Vec::new()));
        return;
    }
    assert_eq!(read.exemplars, []);
    let uppers: Vec<_> = read.bucket.iter().map(|bucket| bucket.upper_bound.unwrap()).collect();
    assert_eq!(uppers, [10.0, 100.0, 1_000.0, f64::INFINITY]);
    assert_eq!(read.bucket[3].cumulative_count, read.sample_count);
    let mut of_buckets = read.bucket.into_iter().filter_map(|bucket| {
        let exemplar = bucket.exemplar?;
        assert!(exemplar.value <= bucket.upper_bound);
        Some(exemplar)
    });
    assert!(of_buckets.by_ref().eq(expected));
}
