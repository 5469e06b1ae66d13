//! The allocated bytes, in a process that counts them.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};

/// The system's allocator, which counts bytes once a [`Meter`] was started. Before that it adds
/// only a load and a branch.
#[derive(Clone, Copy, Debug)]
pub struct Counting;

static COUNTS: AtomicBool = AtomicBool::new(false);
/// The bytes in use, less those at the start of counting.
static USED: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

fn count(bytes: usize) {
    if COUNTS.load(Relaxed) {
        // No layout has more bytes than an `isize`.
        let bytes = bytes.cast_signed();
        PEAK.fetch_max(USED.fetch_add(bytes, Relaxed) + bytes, Relaxed);
    }
}

fn discount(bytes: usize) {
    if COUNTS.load(Relaxed) {
        USED.fetch_sub(bytes.cast_signed(), Relaxed);
    }
}

// SAFETY: all calls are the system's; counting touches no allocated memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as this function's caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as this function's caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // The kernel moves large blocks page by page: there are never two of them.
        discount(layout.size());
        count(size);
        // SAFETY: as this function's caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        discount(layout.size());
        // SAFETY: as this function's caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Counts from now on, in the whole process; only one may exist.
pub(crate) struct Meter(());

impl Meter {
    pub(crate) fn start() -> Self {
        USED.store(0, Relaxed);
        PEAK.store(0, Relaxed);
        COUNTS.store(true, Relaxed);
        Self(())
    }

    /// The most bytes at one time, less those at the start.
    pub(crate) fn peak(&self) -> f64 {
        let Self(()) = self;
        PEAK.load(Relaxed) as f64
    }
}
