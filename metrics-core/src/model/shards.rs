//! The ownership of shards: attach, detach and hand-over, and the overflow shard.

use super::{HISTOGRAM, check, install, join, layout, register, small_histogram, spawn};
use crate::{Counter, Registry, Segment};

#[test]
fn a_shard_is_handed_over_without_loss() {
    check("hand-over, one shard and two threads", || {
        install(layout(1, 8));
        let registry = Registry::new();
        let records: Counter = register(&registry, "n");
        join([1, 2].map(|count| spawn(move || (0..count).for_each(|_| records.inc()))));
        assert_eq!(registry.snapshot().counter("n", &[]), Some(3));
        assert_eq!(Segment::stats().unwrap().threads_attached, 0, "given back");
    });
}

#[test]
fn threads_beyond_the_shards_lose_nothing() {
    check("overflow, one shard and three threads", || {
        install(layout(1, 8));
        let registry = Registry::new();
        let records: Counter = register(&registry, "n");
        join([(); 3].map(|()| spawn(move || records.inc())));
        assert_eq!(registry.snapshot().counter("n", &[]), Some(3));
    });
}

#[test]
fn the_overflow_shard_takes_all_of_a_record() {
    check("overflow, two threads without a shard, into one histogram", || {
        install(layout(0, HISTOGRAM));
        let registry = Registry::new();
        let values = small_histogram(&registry, "h");
        join([1, 2].map(|value| spawn(move || [value, 1].map(|value| values.record(value)))));
        let snapshot = registry.snapshot();
        let values = snapshot.histogram("h", &[]).unwrap();
        assert_eq!((values.count(), values.sum()), (4, 5.0));
        assert_eq!((values.min(), values.max()), (Some(1.0), Some(2.0)));
        assert_eq!(Segment::stats().unwrap().overflow_records, 4);
    });
}
