//! A process that is killed while its threads record: the file has every finished record of each
//! thread, and at most the one in progress.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use tests::processes::{Folder, Other, role, say};
use tests::words::Words;
use tickmetrics::prelude::*;
use tickmetrics::{Segment, SegmentReader};

#[derive(Clone, Copy, Debug, Label)]
enum Worker {
    A,
    B,
    C,
    D,
}

const WORKERS: [(Worker, &str); 4] =
    [(Worker::A, "a"), (Worker::B, "b"), (Worker::C, "c"), (Worker::D, "d")];

#[derive(Clone, Copy, Label)]
#[label(capacity = 8)]
struct Symbol(LabelId);

#[derive(Metrics)]
#[metrics(prefix = "killed")]
struct KilledMetrics {
    /// Records.
    records: Counter,
    /// Records by thread.
    by_worker: Counter<Worker>,
    /// Records by thread, whose name is interned.
    by_symbol: Counter<Symbol>,
    /// Values.
    values: Histogram,
    /// Values by thread.
    values_by_worker: Histogram<Worker>,
}

/// The part of the other process. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((_, file)) = role() else { return };
    let small = 1 << 20;
    let builder = Segment::builder().shards(8).shard_bytes(small).directory_bytes(small);
    builder.shared_bytes(small).path(&file).install().unwrap();
    let metrics = KilledMetrics::register(&Registry::new()).unwrap();
    let words = Words::beside(&file);
    let symbols = WORKERS.map(|(_, name)| Symbol::intern(name));
    say("ready");
    std::thread::scope(|scope| {
        for (number, (worker, _)) in WORKERS.into_iter().enumerate() {
            let (metrics, symbols, finished) = (&metrics, &symbols, words.word(number));
            scope.spawn(move || {
                for n in 1.. {
                    metrics.records.inc();
                    metrics.by_worker.with(worker).inc();
                    metrics.by_symbol.with(symbols[number]).inc();
                    metrics.values.record(n);
                    metrics.values_by_worker.with(worker).record(n);
                    // Release: the records come first, as the test must see it.
                    finished.store(n, Release);
                }
            });
        }
    });
}

/// The sum of the values of the first `n` records.
fn sum(n: u64) -> u64 {
    n * (n + 1) / 2
}

#[test]
fn finished_records_are_there_and_at_most_one_more() {
    let folder = Folder::new("killed");
    let file = folder.file();
    let words = Words::beside(&file);
    let finished = || [0, 1, 2, 3].map(|worker| words.word(worker).load(Acquire));
    let mut caught = 0;
    for round in 0..50_u64 {
        (0..4).for_each(|worker| words.word(worker).store(0, Relaxed));
        // Each process replaces the file that the one before it left.
        let mut other = Other::start("record", &file);
        assert_eq!(other.says(), "ready");
        // Sooner or later: from before the first record to about the 100,000th.
        while finished().iter().sum::<u64>() < round.pow(3) {
            assert!(other.child.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::yield_now();
        }
        other.kill();

        let finished = finished();
        let mut reader = SegmentReader::open(&file).unwrap();
        assert!(!reader.process().unwrap().is_alive);
        let snapshot = reader.snapshot().unwrap();
        let mut check = |what: &str, found: u64, finished: u64, more: u64| {
            let all = finished..=finished + more;
            assert!(all.contains(&found), "round {round}: {what} is {found}, not in {all:?}");
            caught += found - finished;
        };
        let all = finished.iter().sum();
        check("records", snapshot.counter("killed_records_total", &[]).unwrap(), all, 4);
        let values = snapshot.histogram("killed_values", &[]).unwrap();
        check("values", values.count(), all, 4);
        for ((_, name), finished) in WORKERS.into_iter().zip(finished) {
            let labels = [("worker", name)];
            let count = snapshot.counter("killed_by_worker_total", &labels).unwrap();
            check(name, count, finished, 1);
            // Of an interned label only series that were touched are there.
            let count = snapshot.counter("killed_by_symbol_total", &[("symbol", name)]);
            check(name, count.unwrap_or(0), finished, 1);
            let values = snapshot.histogram("killed_values_by_worker", &labels).unwrap();
            check(name, values.count(), finished, 1);
            let sums = [finished, finished + 1].map(|n| sum(n) as f64);
            assert!(sums.contains(&values.sum()), "round {round}: {} in {sums:?}", values.sum());
            assert!(values.max().unwrap_or(0.0) <= (finished + 1) as f64);
        }
        let least: u64 = finished.map(sum).iter().sum();
        let most: u64 = finished.map(|n| sum(n + 1)).iter().sum();
        let sums = least as f64..=most as f64;
        assert!(sums.contains(&values.sum()), "round {round}: {} not in {sums:?}", values.sum());
    }
    assert!(caught > 0, "no thread was killed in the midst of a record: the test missed its point");
}
