//! A macro whose handle the thread knows allocates nothing, apart from what its labels take.

use metrics::{counter, gauge, histogram};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use tickmetrics::Registry;
use tickmetrics_facade::FacadeBuilder;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: all calls are the system's; counting touches no allocated memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as this function's caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as this function's caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn record() {
    counter!("events").increment(1);
    counter!("events", "side" => "buy").increment(1);
    gauge!("depth", "side" => "buy").increment(0.5);
    histogram!("wait", "side" => "buy", "venue" => "xnas").record(0.25);
    histogram!("wait").record_many(0.25, 3);
}

#[test]
fn a_known_handle_takes_no_allocation() {
    let recorder = FacadeBuilder::new().registry(&Registry::new()).build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        record();
        let before = ALLOCATIONS.get();
        (0..1000).for_each(|_| record());
        assert_eq!(ALLOCATIONS.get() - before, 0);
    });
}
