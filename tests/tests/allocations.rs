//! Recording does not allocate: a counting allocator around every kind of record.

mod everything;

use everything::{Everything, Symbol, record, sampled_function, timed_function};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use tickmetrics::prelude::*;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is the system's; only a thread-local without a destructor is counted up.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations this thread makes in a call.
fn allocations(call: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    call();
    ALLOCATIONS.get() - before
}

fn record_everything(m: &Everything) {
    for n in 0..1000_u64 {
        record(m, n);
        m.latency.record_corrected(1000 * n, 10);
    }
}

#[test]
fn recording_does_not_allocate() {
    assert!(allocations(|| drop(Box::new(1))) > 0, "the allocator counts");
    let m = Everything::register(&Registry::new()).unwrap();
    tickmetrics::warm_up();
    // First uses allocate: a value is interned, a timed function registered.
    Symbol::intern("AAPL");
    timed_function();
    let _ = sampled_function(false);
    assert_eq!(allocations(|| record_everything(&m)), 0);

    let there = std::thread::spawn(move || {
        tickmetrics::warm_up();
        allocations(|| record_everything(&m))
    });
    assert_eq!(there.join().unwrap(), 0, "on another thread");
}
