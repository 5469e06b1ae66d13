//! A reader that is stopped or killed during a read: no writer waits for it, nothing is lost, and
//! after it continues its results are exact. And a writer that is stopped, which can be read.

use std::path::Path;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::thread;
use std::time::{Duration, Instant};
use tests::processes::{Folder, Other, park, role, say};
use tests::words::Words;
use tickmetrics::prelude::*;
use tickmetrics::{Segment, SegmentReader};

/// Every event comes much sooner; the rest is for a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

const WRITERS: usize = 4;
/// The words after those of the writers: metrics registered, snapshots of the reader, the end.
const REGISTERED: usize = 4;
const SNAPSHOTS: usize = 5;
const END: usize = 6;

#[derive(Clone, Copy, Label)]
#[label(capacity = 1000)]
struct Symbol(LabelId);

#[derive(Metrics)]
#[metrics(prefix = "stopped")]
struct StoppedMetrics {
    /// Records.
    records: Counter,
    /// Records by symbol.
    by_symbol: Counter<Symbol>,
    /// Values, by symbol.
    #[metric(sigfigs = 1, max = 1000)]
    values: Histogram<Symbol>,
}

/// The part of the other processes. Run directly, this test does nothing.
#[test]
fn in_another_process() {
    let Some((role, file)) = role() else { return };
    match role.as_str() {
        "write" => write(&file),
        "read" => read(&file),
        other => panic!("{other}"),
    }
}

/// Threads that come and go, new symbols, new metrics: all that takes a lock, too.
fn write(file: &Path) {
    Segment::builder().shards(16).shard_bytes(8 << 20).path(file).install().unwrap();
    let registry = Registry::new();
    let metrics = StoppedMetrics::register(&registry).unwrap();
    let words = Words::beside(file);
    say("writes");
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (words, metrics, registry) = (&words, &metrics, &registry);
            scope.spawn(move || {
                for round in 0.. {
                    thread::scope(|scope| {
                        scope.spawn(|| write_some(metrics, words, writer, round));
                    });
                    if writer == 0 && round % 32 == 0 {
                        let name = format!("stopped_{round}_total");
                        let more = Description::new(name, "One more.");
                        registry.register::<Counter>(&more).unwrap().inc();
                        words.word(REGISTERED).fetch_add(1, Release);
                    }
                    if words.word(END).load(Relaxed) > 0 {
                        return;
                    }
                }
            });
        }
    });
    say("ended");
    park();
}

fn write_some(metrics: &StoppedMetrics, words: &Words, writer: usize, round: u64) {
    let symbol = Symbol::intern(&format!("{writer}-{}", round % 100));
    for value in 0..100 {
        metrics.records.inc();
        metrics.by_symbol.with(symbol).inc();
        metrics.values.with(symbol).record(value);
        words.word(writer).fetch_add(1, Release);
    }
}

/// Reads as fast as it can; at the end it reports its last reading.
fn read(file: &Path) {
    let words = Words::beside(file);
    let mut reader = SegmentReader::open(file).unwrap();
    let mut last = 0;
    loop {
        let ended = words.word(END).load(Acquire) > 1;
        let snapshot = reader.snapshot().unwrap();
        let records = snapshot.counter("stopped_records_total", &[]).unwrap();
        assert!(records >= last, "{last}, then {records}");
        last = records;
        words.word(SNAPSHOTS).fetch_add(1, Release);
        if ended {
            return say(&totals(&snapshot));
        }
    }
}

/// Records, records and values of all symbols, the values' sum, and how many other counters there are.
fn totals(snapshot: &Snapshot) -> String {
    let records = snapshot.counter("stopped_records_total", &[]).unwrap();
    let (mut by_symbol, mut count, mut sum, mut others) = (0, 0, 0.0, 0);
    for family in snapshot.families() {
        for series in family.series() {
            match (family.name(), series.value()) {
                ("stopped_records_total", _) => {}
                ("stopped_by_symbol_total", tickmetrics::Value::Counter(n)) => by_symbol += n,
                (_, tickmetrics::Value::Counter(n)) => others += n,
                (_, tickmetrics::Value::Histogram(values)) => {
                    count += values.count();
                    sum += values.sum();
                }
                (name, value) => panic!("{name} {value:?}"),
            }
        }
    }
    format!("{records} {by_symbol} {count} {sum} {others}")
}

/// Waits until a word has grown by `more`.
fn passes(words: &Words, number: usize, more: u64) {
    let (begun, word) = (Instant::now(), words.word(number));
    let then = word.load(Acquire);
    while word.load(Acquire) < then + more {
        assert!(begun.elapsed() < PATIENCE, "word {number} stays at {}", word.load(Relaxed));
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn nobody_waits_for_a_reader_that_is_stopped_or_killed() {
    let folder = Folder::new("stopped");
    let file = folder.file();
    let words = Words::beside(&file);
    let mut writes = Other::start("write", &file);
    assert_eq!(writes.says(), "writes");
    let [mut stopped, mut killed] = [(); 2].map(|()| Other::start("read", &file));
    let writers_go_on = || (0..WRITERS).for_each(|writer| passes(&words, writer, 500));

    for _ in 0..10 {
        passes(&words, SNAPSHOTS, 5);
        stopped.signal(libc::SIGSTOP);
        writers_go_on();
        stopped.signal(libc::SIGCONT);
    }
    stopped.signal(libc::SIGSTOP);
    passes(&words, SNAPSHOTS, 5);
    killed.kill();
    writers_go_on();
    passes(&words, REGISTERED, 1);

    // A writer that is stopped in the midst of it all can be read, and it stays as it is.
    writes.signal(libc::SIGSTOP);
    let mut reader = SegmentReader::open(&file).unwrap();
    let still = totals(&reader.snapshot().unwrap());
    for _ in 0..20 {
        assert_eq!(totals(&reader.snapshot().unwrap()), still);
    }
    assert!(reader.process().unwrap().is_alive);
    writes.signal(libc::SIGCONT);
    writers_go_on();

    words.word(END).store(1, Release);
    assert_eq!(writes.says(), "ended");
    let records: u64 = (0..WRITERS).map(|writer| words.word(writer).load(Acquire)).sum();
    // Whole rounds of 0 to 99.
    let sum = records / 100 * 4950;
    let registered = words.word(REGISTERED).load(Acquire);
    let expected = format!("{records} {records} {records} {sum} {registered}");
    assert_eq!(totals(&reader.snapshot().unwrap()), expected);
    words.word(END).store(2, Release);
    stopped.signal(libc::SIGCONT);
    assert_eq!(stopped.says(), expected, "it missed nothing");
}
