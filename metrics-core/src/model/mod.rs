//! Models of the promises about concurrency. Loom runs them through every interleaving with at most
//! three pre-emptions, and through every value that the memory model lets a load return:
//!
//! `RUSTFLAGS="--cfg tickmetrics_loom" cargo test --release -p tickmetrics --lib model -- --nocapture`
//!
//! Each model prints the number of its interleavings. Models use the interface of programs
//! (registries, handles, snapshots) unless that makes them too large. Concurrent work runs in
//! spawned threads: the model's first thread sets up, waits and checks.

mod dynamic;
mod exemplars;
mod labels;
mod registration;
mod retire;
mod shards;
mod snapshots;

use crate::layout::{HEAD_CELLS, Layout, distribution_cells};
use crate::{Counter, Description, Dynamic, Histogram, Metric, Registry, shard};
use loom::thread::{self, JoinHandle};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs all interleavings of a model.
fn check(name: &str, model: impl Fn() + Sync + Send + 'static) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    // Enough for the words of the directory that a snapshot reads.
    builder.max_branches = 10_000;
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    println!("{name}: {} interleavings", count.load(Ordering::Relaxed));
}

/// A layout with this many shards for threads, and little room: the model checker keeps a history
/// of each word.
fn layout(shards: usize, shard_words: usize) -> Layout {
    Layout { shards: shards + 1, shard_words, directory_words: 64, shared_words: 8 }
}

/// Makes the process's segment, which is new in each interleaving.
fn install(layout: Layout) {
    crate::install::install(|| crate::Segment::reserve(layout)).unwrap();
}

/// A thread that releases its shard before it can be joined, as every real one does.
fn spawn<T: 'static>(run: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
    thread::spawn(move || {
        let result = run();
        shard::detach();
        result
    })
}

/// Runs threads to their end.
fn join<T, const N: usize>(threads: [JoinHandle<T>; N]) -> [T; N] {
    threads.map(|thread| thread.join().unwrap())
}

fn register<M: Metric>(registry: &Registry, name: &str) -> M {
    registry.register(&small(name)).unwrap()
}

fn register_dynamic(registry: &Registry, name: &str, most: usize) -> Dynamic<Counter> {
    registry.register_dynamic(&small(name), most).unwrap()
}

/// A metric with few words in the directory and, for a histogram, the fewest cells.
fn small(name: &str) -> Description {
    Description::new(name, "h")
}

/// Cells of the smallest distribution, with its exemplar.
const DISTRIBUTION: usize = distribution_cells(4) as usize;
/// Cells of a histogram with such a distribution.
const HISTOGRAM: usize = HEAD_CELLS as usize + DISTRIBUTION;

/// As `small`, for a histogram: with the fewest cells, and one bucket.
fn small_histogram(registry: &Registry, name: &str) -> Histogram {
    registry.register(&small(name).sigfigs(1).max(2).buckets([1])).unwrap()
}
