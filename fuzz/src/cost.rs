//! The cost of reading: bytes of memory at its peak, and time of this thread on a processor, which
//! other programs on the machine don't lengthen.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// The most bytes of memory for a file of which the system has so many bytes. The reader takes a
/// quarter, in memory that grows by doubling, beside the old one.
pub const fn most_bytes(allocated: u64) -> usize {
    4 * ((16 << 20) + 16 * allocated as usize)
}

/// The system's allocator, with a count of the bytes in use.
pub struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is the system's; counting touches no memory that is handed out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(used, Relaxed);
        // SAFETY: as this function's caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(used, Relaxed);
        // SAFETY: as this function's caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let used = USED.fetch_add(size, Relaxed) + size;
        PEAK.fetch_max(used, Relaxed);
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as this function's caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as this function's caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The cost of an operation.
pub struct Meter {
    used: usize,
    time: Duration,
}

impl Meter {
    pub fn start() -> Self {
        let used = USED.load(Relaxed);
        PEAK.store(used, Relaxed);
        Self { used, time: thread_time() }
    }

    /// Bytes at the peak, more than at the start.
    pub fn peak(&self) -> usize {
        PEAK.load(Relaxed).saturating_sub(self.used)
    }

    pub fn time(&self) -> Duration {
        thread_time().saturating_sub(self.time)
    }
}

fn thread_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to `time` only.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
