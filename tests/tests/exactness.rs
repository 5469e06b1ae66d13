//! Sums are exact to the last increment, whatever the threads do.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};
use std::thread;
use tests::processes::{Folder, again_in_a_file};
use tickmetrics::prelude::*;
use tickmetrics::{Segment, SegmentReader};

fn counter(registry: &Registry, name: &str) -> Counter {
    registry.register(&Description::new(name, "A test's counter.")).unwrap()
}

fn read(registry: &Registry, name: &str) -> u64 {
    registry.snapshot().counter(name, &[]).unwrap()
}

/// The tests share the process's shards: each runs alone, so that it knows how many are free.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs threads to their very end: a scope alone does not wait for their thread-locals' destructors.
fn run_and_end(threads: usize, run: impl Fn(u64) + Sync) {
    let run = &run;
    thread::scope(|scope| {
        let threads: Vec<_> =
            (0..threads as u64).map(|number| scope.spawn(move || run(number))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Of a hundred threads each.
const ROUNDS: u64 = 100;

fn check_lives(snapshot: &Snapshot) {
    // Each round has 1 + 2 + ... + 100.
    assert_eq!(snapshot.counter("lives_total", &[]), Some(ROUNDS * 5050));
    let values = snapshot.histogram("values_of_lives", &[]).unwrap();
    assert_eq!(values.count(), ROUNDS * 5050);
    assert_eq!(values.sum(), (ROUNDS * (0..100_u64).map(|n| n * (n + 1) / 2).sum::<u64>()) as f64);
    assert_eq!((values.min(), values.max()), (Some(0.0), Some(99.0)));
}

#[test]
fn ten_thousand_short_threads_lose_nothing() {
    let _alone = alone();
    let registry = Registry::new();
    let lives = counter(&registry, "lives_total");
    let description = Description::new("values_of_lives", "Values.");
    let values: Histogram = registry.register(&description).unwrap();
    for _ in 0..ROUNDS {
        run_and_end(100, |number| {
            for value in 0..=number {
                lives.inc();
                values.record(value);
            }
        });
    }
    check_lives(&registry.snapshot());
    assert_eq!(Segment::stats().unwrap().threads_attached, 0, "all shards were given back");
}

#[test]
fn more_threads_than_shards_lose_nothing() {
    const THREADS: usize = 300;
    const EACH: u64 = 1_000;
    let _alone = alone();
    let registry = Registry::new();
    let adds = counter(&registry, "adds_total");
    let up_down: UpDownCounter =
        registry.register(&Description::new("up_down", "Up and down.")).unwrap();
    let values: Histogram = registry.register(&Description::new("values", "Values.")).unwrap();
    let before = Segment::stats().unwrap().overflow_records;
    let barrier = Barrier::new(THREADS);
    run_and_end(THREADS, |_| {
        adds.inc();
        // All are alive and have recorded: 256 have a shard, 44 have not.
        barrier.wait();
        for value in 1..EACH {
            adds.inc();
            values.record(value);
            up_down.add(3);
            up_down.sub(2);
        }
    });
    let threads = THREADS as u64;
    assert_eq!(read(&registry, "adds_total"), threads * EACH);
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.gauge("up_down", &[]), Some((threads * (EACH - 1)) as f64));
    let values = snapshot.histogram("values", &[]).unwrap();
    assert_eq!(values.count(), threads * (EACH - 1));
    assert_eq!(values.sum(), (threads * (EACH - 1) * EACH / 2) as f64);
    assert_eq!((values.min(), values.max()), (Some(1.0), Some((EACH - 1) as f64)));
    let overflow = Segment::stats().unwrap().overflow_records - before;
    assert!(overflow >= 44, "{overflow} records overflowed: the test missed its point");
}

#[test]
fn each_live_thread_has_a_shard_of_its_own() {
    const THREADS: usize = 32;
    let _alone = alone();
    let registry = Registry::new();
    let adds = counter(&registry, "adds_total");
    let barrier = Barrier::new(THREADS);
    let in_a_file = std::env::var_os("TICKMETRICS_SEGMENT").is_some();
    run_and_end(THREADS, |_| {
        adds.inc();
        if in_a_file {
            // There the first record does not wait while another thread asks for memory; this does.
            tickmetrics::warm_up();
        }
        barrier.wait();
        let attached = Segment::stats().unwrap().threads_attached;
        barrier.wait();
        assert_eq!(attached, THREADS as u64);
    });
}

#[test]
fn destructors_of_thread_locals_record_too() {
    struct OnExit(RefCell<Vec<Counter>>);
    impl Drop for OnExit {
        fn drop(&mut self) {
            self.0.borrow().iter().for_each(Counter::inc);
        }
    }
    thread_local! {
        static BEFORE: OnExit = const { OnExit(RefCell::new(Vec::new())) };
        static AFTER: OnExit = const { OnExit(RefCell::new(Vec::new())) };
    }
    let _alone = alone();
    let registry = Registry::new();
    let exits = counter(&registry, "exits_total");
    for _ in 0..100 {
        thread::spawn(move || {
            // Whichever order the platform destroys them in, one is on each side of the shard's.
            BEFORE.with(|on_exit| on_exit.0.borrow_mut().push(exits));
            exits.inc();
            AFTER.with(|on_exit| on_exit.0.borrow_mut().push(exits));
        })
        .join()
        .unwrap();
    }
    assert_eq!(read(&registry, "exits_total"), 300);
    assert_eq!(Segment::stats().unwrap().threads_attached, 0, "no shard was kept");
}

#[test]
fn snapshots_while_writers_run_are_monotone_and_consistent() {
    const EACH: u64 = 300_000;
    let _alone = alone();
    let registry = Registry::new();
    let adds = counter(&registry, "adds_total");
    let values: Histogram = registry.register(&Description::new("values", "Values.")).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers = [0, 1].map(|seed| {
            scope.spawn(move || {
                for n in 0..EACH {
                    adds.inc();
                    values.record((n * 7919 + seed) % 1_000_000);
                }
            })
        });
        let reader = scope.spawn(|| {
            let (mut last, mut last_buckets, mut rounds) = (0, vec![0; 13], 0);
            while !done.load(Ordering::Relaxed) {
                let snapshot = registry.snapshot();
                let now = snapshot.counter("adds_total", &[]).unwrap();
                assert!(now >= last, "{last} then {now}");
                last = now;
                let values = snapshot.histogram("values", &[]).unwrap();
                let buckets: Vec<u64> = values.buckets().map(|bucket| bucket.count).collect();
                assert!(buckets.is_sorted(), "{buckets:?}");
                assert!(buckets.iter().zip(&last_buckets).all(|(now, then)| now >= then));
                let cells: u64 = values.cells().map(|(_, _, count)| count).sum();
                assert_eq!(values.count(), cells);
                assert!(values.count() >= *buckets.last().unwrap());
                last_buckets = buckets;
                rounds += 1;
            }
            rounds
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 1, "no snapshot was taken while the writers ran");
    });
    assert_eq!(read(&registry, "adds_total"), 2 * EACH);
    assert_eq!(registry.snapshot().histogram("values", &[]).unwrap().count(), 2 * EACH);
}

#[test]
fn the_same_in_a_file() {
    let folder = Folder::new("exactness");
    again_in_a_file("the_same_in_a_file", &folder);
    let mut reader = SegmentReader::open(folder.file()).unwrap();
    let snapshot = reader.snapshot().unwrap();
    check_lives(&snapshot);
    assert_eq!(snapshot.counter("exits_total", &[]), Some(300));
    assert_eq!(reader.stats().unwrap().threads_attached, 0);
}

#[test]
fn threads_intern_the_same_value_as_one() {
    static NAMES: tickmetrics::Interner = tickmetrics::Interner::new(1000);
    let _alone = alone();
    let ids: HashSet<Vec<LabelId>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| (0..1000).map(|n| NAMES.intern(&format!("name {n}"))).collect())
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 1, "every thread got the same numbers");
    let ids = ids.into_iter().next().unwrap();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 1000, "and no two values the same");
    assert!(ids.iter().enumerate().all(|(n, &id)| NAMES.resolve(id) == format!("name {n}")));
    assert_eq!(NAMES.intern("one more"), LabelId::OTHER);
    assert_eq!(NAMES.resolve(LabelId::OTHER), "other");
}
