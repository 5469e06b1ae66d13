//! Families whose labels are known only at run time.

use super::{check, join, register_dynamic, spawn};
use crate::install::install;
use crate::layout::Layout;
use crate::{Counter, Dynamic, Registry, Segment, shard};

type Labels = &'static [(&'static str, &'static str)];
const A: Labels = &[("a", "1")];
const B: Labels = &[("b", "1")];

/// A family with room for this many series.
fn family(most: usize) -> (Registry, Dynamic<Counter>) {
    let layout = Layout { shards: 4, shard_words: 8, directory_words: 96, shared_words: 8 };
    install(|| Segment::reserve(layout)).unwrap();
    let registry = Registry::new();
    let family = register_dynamic(&registry, "n", most);
    shard::detach();
    (registry, family)
}

/// The count of each exposed series: with a, with b, and of those that did not fit.
fn counts(registry: &Registry) -> [Option<u64>; 3] {
    let snapshot = registry.snapshot();
    [A, B, &[("otel_metric_overflow", "true")]].map(|labels| snapshot.counter("n", labels))
}

#[test]
fn two_threads_count_in_one_series() {
    check("a label set that two threads ask for first", || {
        let (registry, family) = family(2);
        join([(), ()].map(|()| spawn(move || family.with(A).inc())));
        assert_eq!(counts(&registry), [Some(2), None, None]);
    });
}

#[test]
fn a_snapshot_has_a_series_with_its_labels() {
    check("a label set that a thread asks for first, and a snapshot", || {
        let (registry, family) = family(2);
        let count = spawn(move || family.with(A).inc());
        let look = {
            let registry = registry.clone();
            spawn(move || {
                let snapshot = registry.snapshot();
                let series = snapshot.family("n").unwrap().series();
                series.for_each(|series| assert!(series.labels().eq(A.iter().copied())));
            })
        };
        join([count, look]);
        assert_eq!(counts(&registry), [Some(1), None, None]);
    });
}

#[test]
fn what_does_not_fit_is_counted_elsewhere() {
    check("two label sets that two threads ask for, with room for one", || {
        let (registry, family) = family(1);
        join([A, B].map(|labels| spawn(move || family.with(labels).inc())));
        let [a, b, overflow] = counts(&registry);
        // Whoever came first has the series.
        assert!(matches!((a, b), (Some(1), None) | (None, Some(1))), "{a:?} {b:?}");
        assert_eq!(overflow, Some(1));
    });
}

#[test]
fn a_family_that_two_threads_register_is_one() {
    check("a family that two threads register, and count in", || {
        let layout = Layout { shards: 3, shard_words: 8, directory_words: 96, shared_words: 8 };
        install(|| Segment::reserve(layout)).unwrap();
        let registry = Registry::new();
        join([(), ()].map(|()| {
            let registry = registry.clone();
            spawn(move || register_dynamic(&registry, "n", 1).with(A).inc())
        }));
        assert_eq!(counts(&registry), [Some(2), None, None]);
    });
}

#[test]
fn a_retired_series_returns_with_all_counts() {
    check("a series that is retired, counted by a kept handle, and asked for", || {
        let (registry, family) = family(1);
        let kept = family.with(A);
        kept.inc();
        shard::detach();
        let retire = spawn(move || assert!(family.retire(A)));
        let count = spawn(move || {
            kept.inc();
            family.with(A).inc();
        });
        join([retire, count]);
        // Retired before or after it was asked for.
        join([spawn(move || family.with(A).inc())]);
        assert_eq!(counts(&registry), [Some(4), None, None]);
    });
}
