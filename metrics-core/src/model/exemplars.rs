//! Exemplars: whole or not seen, and counted.

use super::{HISTOGRAM, check, install, join, layout, small, small_histogram, spawn};
use crate::exemplar::{self, Exemplar, Keep, Scope, Slot};
use crate::layout::{EXEMPLAR_CELLS, head};
use crate::shard::{self, Cells, Record};
use crate::sync::Relaxed;
use crate::{Histogram, Registry, Segment};

/// An exemplar whose every word contains the value.
fn exemplar(value: u64) -> Exemplar {
    let word = value.wrapping_mul(0x1_0001);
    Exemplar { value, trace: u128::from(word) << 64 | u128::from(word), span: word, time: word }
}

/// Records a value and keeps it, whatever exemplar is there.
fn record(values: Histogram, value: u64) {
    values.record(value);
    keep(values, value);
}

fn keep(values: Histogram, value: u64) {
    let slot = values.slot();
    shard::attach(Segment::current().unwrap());
    shard::record_along(Keep { slot, exemplar: exemplar(value), since: 0, period: 0 });
}

/// The exemplars of all shards, each of which must be whole.
fn seen(values: Histogram) -> Vec<u64> {
    let Slot { head, distribution } = values.slot();
    let first = distribution.exemplar(0).number() + EXEMPLAR_CELLS as usize;
    let shards = Segment::current().unwrap().shards_seen();
    let read = shards.filter_map(|shard| exemplar::read(shard, head.cell(0).number(), first));
    let read = read.map(|one| {
        assert_eq!(one, exemplar(one.value), "torn");
        one.value
    });
    read.collect()
}

#[test]
fn an_exemplar_is_whole() {
    check("an exemplar in the place of another, read meanwhile", || {
        install(layout(1, HISTOGRAM));
        let values = small_histogram(&Registry::new(), "h");
        join([spawn(move || keep(values, 1))]);
        let writer = spawn(move || keep(values, 2));
        let reader = spawn(move || drop(seen(values)));
        join([writer, reader]);
        assert_eq!(seen(values), [2]);
    });
}

#[test]
fn an_exemplar_is_counted() {
    check("an exemplar, and a snapshot", || {
        install(layout(1, HISTOGRAM));
        let registry = Registry::new();
        let values = small_histogram(&registry, "h");
        join([spawn(move || values.record(1))]);
        let writer = spawn(move || record(values, 2));
        let reader = spawn(move || {
            let snapshot = registry.snapshot();
            let values = snapshot.histogram("h", &[]).unwrap();
            for one in values.exemplars() {
                let counted = values.cells().any(|(lowest, ..)| lowest as f64 == one.value);
                assert!(counted, "{one:?} in {:?}", values.cells().collect::<Vec<_>>());
            }
        });
        join([writer, reader]);
    });
}

#[test]
fn owners_of_a_shard_in_turn_write_whole_exemplars() {
    check("exemplars of two threads, with one shard in turn", || {
        install(layout(1, HISTOGRAM));
        let values = small_histogram(&Registry::new(), "h");
        join([1, 2].map(|value| spawn(move || keep(values, value))));
        // If both had the shard, it has the exemplar of the last one.
        assert!((1..=2).contains(&seen(values).len()));
    });
}

#[test]
fn threads_without_a_shard_write_whole_exemplars() {
    check("exemplars of two threads without a shard", || {
        install(layout(0, HISTOGRAM));
        let values = small_histogram(&Registry::new(), "h");
        join([1, 2].map(|value| spawn(move || keep(values, value))));
        assert_eq!(seen(values).len(), 1);
    });
}

#[test]
fn an_exemplar_left_half_written_is_not_read_and_is_written_anew() {
    /// The part of a write before the thread is killed.
    struct Begin(Slot);
    impl Record for Begin {
        fn record(self, cells: impl Cells) {
            cells.begin(self.0.head.cell(head::EXEMPLAR));
            cells.set(self.0.distribution.exemplar(7), 1);
        }
    }
    check("an exemplar begun by one thread, written by the next, and read meanwhile", || {
        install(layout(1, HISTOGRAM));
        let values = small_histogram(&Registry::new(), "h");
        join([spawn(move || {
            keep(values, 1);
            shard::record_along(Begin(values.slot()));
        })]);
        assert_eq!(seen(values), [], "it is left odd");
        let reader = spawn(move || assert!(matches!(seen(values)[..], [] | [2])));
        join([spawn(move || keep(values, 2)), reader]);
        assert_eq!(seen(values), [2]);
        let sequence = &Segment::current().unwrap().shard(1)[values.slot().head.cell(0).number()..];
        assert_eq!(sequence[head::EXEMPLAR].load(Relaxed), 4);
    });
}

#[test]
fn a_hook_is_set_while_a_thread_records() {
    check("a hook that is set while a thread records to a metric that asks", || {
        install(layout(1, HISTOGRAM));
        let description = small("h").sigfigs(1).max(2).buckets([1]).exemplars();
        let registry = Registry::new();
        let values: Histogram = registry.register(&description).unwrap();
        let setter = spawn(|| exemplar::set_hook(exemplar::current).unwrap());
        let recorder = spawn(move || {
            let _scope = Scope::enter(3, 4);
            values.record(1);
            values.record(2);
        });
        join([setter, recorder]);
        let snapshot = registry.snapshot();
        let values = snapshot.histogram("h", &[]).unwrap();
        assert_eq!(values.count(), 2);
        for one in values.exemplars() {
            assert_eq!((one.trace_id, one.span_id), (3, 4));
        }
    });
}
