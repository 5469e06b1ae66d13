//! The view of a reader while others write.

use super::{HISTOGRAM, check, install, join, layout, register, small_histogram, spawn};
use crate::{Counter, Registry, UpDownCounter};
use loom::sync::{Arc, atomic::AtomicBool};
use std::sync::atomic::Ordering;

#[test]
fn counts_only_rise_from_snapshot_to_snapshot() {
    check("counter, two snapshots while two threads share a shard in turn", || {
        install(layout(1, 8));
        let registry = Registry::new();
        let records: Counter = register(&registry, "n");
        let writer = || spawn(move || records.inc());
        let reader = {
            let registry = registry.clone();
            spawn(move || {
                let [first, second] = [(); 2].map(|()| registry.snapshot().counter("n", &[]));
                assert!(first <= second && second <= Some(2), "{first:?} then {second:?}");
            })
        };
        join([writer(), writer(), reader]);
        assert_eq!(registry.snapshot().counter("n", &[]), Some(2));
    });
}

#[test]
fn a_distribution_counts_what_its_cells_hold() {
    check("histogram, two snapshots while one thread records", || {
        install(layout(1, HISTOGRAM));
        let registry = Registry::new();
        let values = small_histogram(&registry, "h");
        let writer = spawn(move || {
            values.record(2);
            values.record(1);
            // Between the bounds, so on the short path.
            values.record(2);
        });
        let reader = {
            let registry = registry.clone();
            spawn(move || {
                let mut last = (0, 0);
                for _ in 0..2 {
                    let snapshot = registry.snapshot();
                    let values = snapshot.histogram("h", &[]).unwrap();
                    let cells: u64 = values.cells().map(|(_, _, count)| count).sum();
                    let bucket = values.buckets().next().unwrap().count;
                    assert_eq!(values.count(), cells);
                    assert!(bucket <= cells && cells <= 3, "{bucket} of {cells}");
                    assert!(last.0 <= cells && last.1 <= bucket, "{last:?}, {cells}, {bucket}");
                    last = (cells, bucket);
                }
            })
        };
        join([writer, reader]);
        let snapshot = registry.snapshot();
        let values = snapshot.histogram("h", &[]).unwrap();
        assert_eq!((values.count(), values.sum()), (3, 5.0));
        assert_eq!((values.min(), values.max()), (Some(1.0), Some(2.0)));
    });
}

/// A count goes up on one thread and then down on another, while `read` reads it.
fn up_then_down(what: &'static str, read: fn(&Registry, UpDownCounter) -> i64) {
    check(what, move || {
        install(layout(2, 8));
        let registry = Registry::new();
        let in_flight: UpDownCounter = register(&registry, "u");
        let handed_over = Arc::new(AtomicBool::new(false));
        let up = {
            let handed_over = Arc::clone(&handed_over);
            spawn(move || {
                in_flight.inc();
                handed_over.store(true, Ordering::Release);
            })
        };
        let down = spawn(move || {
            if handed_over.load(Ordering::Acquire) {
                in_flight.dec();
            }
        });
        let reader = spawn(move || {
            let value = read(&registry, in_flight);
            assert!((0..=1).contains(&value), "{value}");
        });
        join([up, down, reader]);
    });
}

#[test]
fn an_up_down_count_is_never_seen_negative() {
    up_then_down("up on one thread, then down on another, and a snapshot", |registry, count| {
        registry.snapshot().get(&count).unwrap()
    });
    up_then_down("up on one thread, then down on another, and its handle", |_, count| count.get());
}
