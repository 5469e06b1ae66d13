//! Models of what concurrency promises, run through every interleaving that the memory model allows
//! (bounded to three pre-emptions) by loom:
//!
//! `RUSTFLAGS="--cfg tickmetrics_loom" cargo test --release -p metrics-core --lib model`
//!
//! Each prints how many interleavings it went through. What runs at the same time runs in spawned
//! threads: loom does not interrupt a model's first thread between its atomic operations.

use crate::bucket::Grid;
use crate::directory::{self, Entry};
use crate::layout::Layout;
use crate::segment::{SINK_CELLS, Segment};
use crate::shard::{Cells, Owned, Shared};
use crate::sync::{Acquire, Relaxed};
use loom::thread;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The first cell that metrics get.
const CELL: usize = SINK_CELLS;

fn check(name: &str, model: impl Fn() + Sync + Send + 'static) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    println!("{name}: {} interleavings", count.load(Ordering::Relaxed));
}

/// A segment with this many shards for threads, and room for a few cells.
fn segment(shards: usize) -> &'static Segment {
    let layout =
        Layout { shards: shards + 1, shard_words: CELL + 8, directory_words: 24, shared_words: 1 };
    Box::leak(Box::new(Segment::reserve(layout).unwrap()))
}

/// What a thread's life does: attach or overflow, record, detach.
fn live(segment: &'static Segment, records: u64) {
    match segment.claim() {
        Some(shard) => {
            let own = Owned::of(segment, shard);
            (0..records).for_each(|_| own.add(CELL, 1));
            segment.release(shard);
        }
        None => (0..records).for_each(|_| Shared::of(segment).add(CELL, 1)),
    }
}

fn sum(segment: &Segment, cell: usize) -> u64 {
    segment.shards_seen().map(|shard| shard[cell].load(Relaxed)).sum()
}

#[test]
fn a_shard_is_handed_over_without_loss() {
    check("hand-over, one shard and two threads", || {
        let segment = segment(1);
        let threads = [1, 2].map(|records| thread::spawn(move || live(segment, records)));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(sum(segment, CELL), 3);
        assert_eq!(segment.claim(), Some(1), "given back");
    });
}

#[test]
fn threads_beyond_the_shards_lose_nothing() {
    check("overflow, one shard and three threads", || {
        let segment = segment(1);
        let threads = [1, 1, 1].map(|records| thread::spawn(move || live(segment, records)));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(sum(segment, CELL), 3);
    });
}

#[test]
fn a_reader_sees_counts_rise_only() {
    check("snapshot while writing", || {
        let segment = segment(2);
        let writer = thread::spawn(move || live(segment, 2));
        let reader = thread::spawn(move || {
            let (first, second) = (sum(segment, CELL), sum(segment, CELL));
            assert!(first <= second && second <= 2, "{first} then {second}");
        });
        writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(sum(segment, CELL), 2);
    });
}

#[test]
fn an_up_down_count_is_never_seen_negative() {
    const UP: usize = CELL;
    const DOWN: usize = CELL + 1;
    check("up on one thread, then down on another", || {
        let segment = segment(2);
        let (here, there) = (segment.claim().unwrap(), segment.claim().unwrap());
        let handed_over = loom::sync::Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let up = {
            let handed_over = loom::sync::Arc::clone(&handed_over);
            thread::spawn(move || {
                Owned::of(segment, here).add_release(UP, 1);
                handed_over.store(true, Ordering::Release);
            })
        };
        let down = thread::spawn(move || {
            if handed_over.load(Ordering::Acquire) {
                Owned::of(segment, there).add_release(DOWN, 1);
            }
        });
        let reader = thread::spawn(move || {
            // As `snapshot::merge` reads them.
            let downs: u64 = segment.shards_seen().map(|shard| shard[DOWN].load(Acquire)).sum();
            let ups = sum(segment, UP);
            assert!(downs <= ups, "{ups} up, {downs} down");
        });
        [up, down, reader].into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_published_entry_is_whole() {
    check("directory entry and its reader", || {
        let segment = segment(1);
        let writer = thread::spawn(move || {
            let registration = segment.registration();
            let set = directory::append_value_set(&registration).ok().unwrap();
            directory::append_value(&registration, set, "AAPL").ok().unwrap();
        });
        let reader = thread::spawn(move || {
            let mut at = 0;
            let mut seen = Vec::new();
            while let Some((entry, next)) = directory::read(segment.directory(), at).unwrap() {
                at = next;
                seen.push(entry);
            }
            match &seen[..] {
                [] | [Entry::ValueSet { set: 0 }] => {}
                [Entry::ValueSet { .. }, Entry::Value { set: 0, text }] => assert_eq!(text, "AAPL"),
                other => panic!("{other:?}"),
            }
        });
        writer.join().unwrap();
        reader.join().unwrap();
    });
}

#[test]
fn two_registrations_get_cells_of_their_own() {
    check("registration from two threads", || {
        let segment = segment(1);
        let register = move || {
            let registration = segment.registration();
            let first = registration.cells(2).ok().unwrap();
            let set = directory::append_value_set(&registration).ok().unwrap();
            (first, set)
        };
        let [here, there] = [(); 2].map(|()| thread::spawn(register)).map(|t| t.join().unwrap());
        assert_eq!(here.0.abs_diff(there.0), 2);
        assert_eq!(here.1.abs_diff(there.1), 1);
    });
}

#[test]
fn a_distribution_counts_what_was_recorded() {
    check("histogram record and its reader", || {
        let segment = segment(1);
        let grid = Grid::SMALLEST;
        let first = CELL + 4;
        let read = move || {
            let cells = &segment.shard(1)[first..first + grid.cells() as usize];
            cells.iter().map(|cell| cell.load(Relaxed)).sum::<u64>()
        };
        let writer = thread::spawn(move || {
            let own = Owned::of(segment, segment.claim().unwrap());
            for value in [2, 9] {
                own.add(CELL, value);
                own.raise(CELL + 2, value);
                own.add(first + grid.index(value) as usize, 1);
            }
        });
        let reader = thread::spawn(move || {
            let (first, second) = (read(), read());
            assert!(first <= second && second <= 2, "{first} then {second}");
        });
        writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(read(), 2);
        assert_eq!(sum(segment, CELL), 11);
    });
}
