//! A small segment with every kind of metric, every kind of label, and the cells of three threads.

use std::sync::{Barrier, mpsc};
use std::{fs, io};
use tickmetrics::prelude::*;
use tickmetrics::{Dynamic, Segment, SegmentReader};

/// The smallest parts that there are.
const PART_BYTES: usize = 64 << 10;
pub const PART_WORDS: usize = PART_BYTES / 8;
/// Shards that threads can have; the overflow shard is one more.
const SHARDS: usize = 3;
/// Header, directory, shared cells and the shards.
pub const WORDS: usize = PART_WORDS * (3 + SHARDS + 1);

/// Positions of words of the header, as `tickmetrics`'s `layout` has them.
pub mod header {
    pub const SHARED_WORDS: usize = 4;
    pub const SHARD_WORDS: usize = 5;
    pub const SHARDS: usize = 6;
    pub const DIRECTORY_USED: usize = 8;
    pub const CELLS_USED: usize = 9;
    pub const SHARED_USED: usize = 10;
    pub const STARTED: usize = 13;
    pub const SHARDS_SEEN: usize = 17;
}
pub const DIRECTORY: usize = PART_WORDS;
pub const SHARED: usize = 2 * PART_WORDS;
pub const FIRST_SHARD: usize = 3 * PART_WORDS;

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 6)]
struct Symbol(LabelId);

#[derive(Metrics)]
#[metrics(prefix = "base")]
struct BaseMetrics {
    /// Labels of both kinds.
    orders: Counter<(Symbol, Side)>,
    /// A quantity.
    #[metric(scale = 0.01)]
    spent: Counter<Side>,
    /// In flight.
    in_flight: UpDownCounter<Side>,
    /// A limit, with \ and "quotes".
    limit: Gauge<Symbol>,
    /// One digit, few cells.
    #[metric(sigfigs = 1, max = 100, buckets = [1, 10, 100])]
    size: Histogram,
    /// Two digits, by symbol.
    #[metric(unit = "seconds", max = "300ns", buckets = ["10ns", "200ns"])]
    decode: Histogram<Symbol>,
    /// Three digits, by side.
    #[metric(unit = "seconds", sigfigs = 3, max = "1us", buckets = ["1ns", "500ns"])]
    wait: Histogram<Side>,
}

/// Few metrics, so that they are read in less time.
#[derive(Metrics)]
#[metrics(prefix = "few")]
struct FewMetrics {
    /// By symbol.
    orders: Counter<(Symbol, Side)>,
    /// By symbol.
    #[metric(unit = "seconds", max = "300ns", buckets = ["10ns"])]
    decode: Histogram<Symbol>,
}

/// How much is in the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Every kind of metric.
    All,
    /// Two metrics.
    Few,
}

/// Makes the segment, once in a process, and answers the words of its file, which is gone.
pub fn words(size: Size) -> io::Result<Vec<u64>> {
    let path = format!("/dev/shm/tickmetrics-fuzz-{}", std::process::id());
    let builder = Segment::builder().shards(SHARDS).shard_bytes(PART_BYTES);
    let builder = builder.directory_bytes(PART_BYTES).shared_bytes(PART_BYTES).path(&path);
    builder.install().map_err(io::Error::other)?;
    let recorded = match size {
        Size::All => record(),
        Size::Few => record_few(),
    };
    let made = recorded.and_then(|()| {
        SegmentReader::open(&path)
            .and_then(|mut reader| reader.snapshot())
            .map_err(io::Error::other)?;
        fs::read(&path)
    });
    fs::remove_file(&path)?;
    let words =
        made?.as_chunks().0.iter().map(|&word| u64::from_ne_bytes(word)).collect::<Vec<_>>();
    if words.len() != WORDS {
        return Err(io::Error::other("the segment has other parts than it was asked for"));
    }
    Ok(words)
}

fn record() -> io::Result<()> {
    let registry = Registry::new();
    let metrics = BaseMetrics::register(&registry).map_err(io::Error::other)?;
    let constant = Description::new("calls_total", "Calls.").constant("module", "a\\b\"c\nd");
    let calls: Counter = registry.register(&constant).map_err(io::Error::other)?;
    let peers = Description::new("peers_total", "By labels of peers.").constant("host", "a");
    let peers: Dynamic<Counter> = registry.register_dynamic(&peers, 4).map_err(io::Error::other)?;
    peers.with(&[("é", "\""), ("b", "")]).inc();
    let waits = Description::new("peer_wait", "By labels of peers.").sigfigs(1).max(100);
    let waits: Dynamic<Histogram> =
        registry.register_dynamic(&waits.buckets([10]), 2).map_err(io::Error::other)?;
    ["1", "2", "3"].map(|value| waits.with(&[("peer", value)]).record(7));
    peers.retire(&[("é", "\""), ("b", "")]);
    peers.with(&[]).inc();
    let other = Registry::new();
    let same = Description::new("base_limit", "The other registry's.");
    let same: Gauge = other.register(&same).map_err(io::Error::other)?;
    same.set(1.0);
    let symbols = ["AAPL", "a\\\"\n", "é", "gone"].map(Symbol::intern);
    // One after the other, and none ends before all have a shard: it is the same each time.
    let (end, (done, recorded)) = (Barrier::new(SHARDS + 1), mpsc::channel());
    std::thread::scope(|scope| {
        for n in 1..=SHARDS as u64 {
            let (end, done, metrics) = (&end, done.clone(), &metrics);
            scope.spawn(move || {
                record_as(metrics, calls, symbols, n);
                let _ = done.send(());
                end.wait();
            });
            let _ = recorded.recv();
        }
        end.wait();
    });
    Symbol::retire("gone");
    Ok(())
}

fn record_few() -> io::Result<()> {
    let metrics = FewMetrics::register(&Registry::new()).map_err(io::Error::other)?;
    let symbol = Symbol::intern("AAPL");
    metrics.orders.with((symbol, Side::Buy)).inc();
    metrics.decode.with(symbol).record(270);
    let peers = Description::new("peers_total", "By labels of peers.");
    let peers: Dynamic<Counter> =
        Registry::global().register_dynamic(&peers, 3).map_err(io::Error::other)?;
    peers.with(&[("a", "1"), ("b.c", "")]).inc();
    Ok(())
}

fn record_as(metrics: &BaseMetrics, calls: Counter, symbols: [Symbol; 4], n: u64) {
    calls.add(n);
    for (at, symbol) in (1..).zip(symbols) {
        metrics.orders.with((symbol, Side::Buy)).add(at);
        metrics.limit.with(symbol).set(n as f64 / 3.0);
        (0..4).for_each(|value| metrics.decode.with(symbol).record(250 + value * at * n));
    }
    metrics.spent.with(Side::Sell).add(n);
    metrics.in_flight.with(Side::Buy).add(n as i64);
    metrics.in_flight.with(Side::Sell).sub(1);
    metrics.size.record_signed(-1);
    [60, 61, 99, 1000].into_iter().for_each(|value| metrics.size.record(value));
    metrics.wait.with(Side::Sell).record(500 + n);
}
