//! A library with a counter, behind a C interface whose names begin with `NAME`. Its histogram moves
//! the counter's cell beyond the end of a shard of the smallest size.

use tickmetrics::{Counter, Description, Histogram, Registry, Segment};
use std::cell::Cell;
use std::sync::OnceLock;

static TICKS: OnceLock<Counter> = OnceLock::new();

thread_local! {
    /// As much as a library may have of its own.
    static LARGE: Cell<[u64; 1024]> = const { Cell::new([0; 1024]) };
}

/// Makes the library's segment, of this size where it is not 0, and registers.
#[unsafe(no_mangle)]
pub extern "C" fn NAME_start(shard_bytes: usize) -> bool {
    LARGE.set([1; 1024]);
    let registry = Registry::global();
    let wide = Description::new("wide", "Many cells.").sigfigs(3);
    let made = match shard_bytes {
        0 => registry.register::<Histogram>(&wide).is_ok(),
        bytes => Segment::builder().shard_bytes(bytes).install().is_ok(),
    };
    let ticks = registry.register(&Description::new("ticks_total", "Ticks."));
    made && ticks.is_ok_and(|ticks| TICKS.set(ticks).is_ok())
}

/// Counts, and answers a sum that is worked out around that.
#[unsafe(no_mangle)]
pub extern "C" fn NAME_inc(a: f64, b: f64) -> f64 {
    let sum = a + b;
    if let Some(ticks) = TICKS.get() {
        ticks.inc();
    }
    sum * a
}

/// Counts on four threads, with a shard and without, until the process is gone.
#[unsafe(no_mangle)]
pub extern "C" fn NAME_keep_counting() {
    let Some(ticks) = TICKS.get().copied() else { return };
    for _ in 0..4 {
        std::thread::spawn(move || {
            loop {
                ticks.inc();
                // A thread's first record, again and again. The thread is waited for: glibc's
                // `pthread_detach` reads the thread's descriptor once more after it let the thread
                // free it, and faults where the thread ended in between and its stack is unmapped.
                if let Ok(thread) = std::thread::Builder::new().spawn(move || ticks.inc()) {
                    let _ = thread.join();
                }
            }
        });
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn NAME_count() -> u64 {
    Registry::global().snapshot().counter("ticks_total", &[]).unwrap_or(0)
}

/// Records that did not go to a shard of their thread's own.
#[unsafe(no_mangle)]
pub extern "C" fn NAME_overflow() -> u64 {
    Segment::stats().map_or(0, |stats| stats.overflow_records)
}
