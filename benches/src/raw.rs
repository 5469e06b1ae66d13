//! The cost of the operations in the best code written by hand: the floor for comparisons.
//!
//! The only module of this crate with pointers.

use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Cells of each thread.
const CELLS: usize = 4_096;
/// log2 of the cells to a doubling: two significant digits, as in HdrHistogram.
const HALF_BITS: u32 = 7;
/// Cells up to 2^42 nanoseconds, which is more than an hour.
const HISTOGRAM_CELLS: usize = (43 - HALF_BITS as usize) << HALF_BITS;

thread_local! {
    static OWN: Cell<*const [AtomicU64; CELLS]> = const { Cell::new(ptr::null()) };
}

#[expect(clippy::unnecessary_box_returns, reason = "it is large")]
fn zeros<const N: usize>() -> Box<[AtomicU64; N]> {
    let cells: Box<[AtomicU64]> = (0..N).map(|_| AtomicU64::new(0)).collect();
    cells.try_into().expect("there are N")
}

/// A thread's cells, for ever.
fn cells() -> &'static [AtomicU64; CELLS] {
    Box::leak(zeros())
}

/// The raw design: a thread-local pointer, a test for null, a load, an add and a store. It gets its
/// cells once and keeps them; nobody reads or recycles them.
pub(crate) struct Raw {
    cell: u32,
}

impl Raw {
    pub(crate) fn new(cell: u32) -> Self {
        assert!((cell as usize) < CELLS, "there are {CELLS} cells");
        Self { cell }
    }

    #[inline]
    pub(crate) fn inc(&self) {
        let own = OWN.get();
        if own.is_null() {
            return self.inc_first();
        }
        // SAFETY: `own` is from a leaked box, and `cell < CELLS` was asserted in `new`.
        let cell = unsafe { &*own.cast::<AtomicU64>().add(self.cell as usize) };
        cell.store(cell.load(Relaxed).wrapping_add(1), Relaxed);
    }

    #[cold]
    #[inline(never)]
    fn inc_first(&self) {
        OWN.set(cells());
        self.inc();
    }

    /// This thread's count.
    pub(crate) fn count(&self) -> u64 {
        // SAFETY: if it is not null, it is from a leaked box.
        let own = unsafe { OWN.get().as_ref() };
        own.map_or(0, |own| own[self.cell as usize].load(Relaxed))
    }
}

/// Cells that their owner adds to, at an address computed from a number.
pub(crate) struct Owned {
    cells: &'static [AtomicU64; CELLS],
    cell: u32,
}

impl Owned {
    pub(crate) fn new(cells: &'static [AtomicU64; CELLS], cell: u32) -> Self {
        assert!((cell as usize) < CELLS, "there are {CELLS} cells");
        Self { cells, cell }
    }

    pub(crate) fn cells() -> &'static [AtomicU64; CELLS] {
        cells()
    }

    #[inline]
    pub(crate) fn inc(&self) {
        // SAFETY: `cell < CELLS` was asserted in `new`.
        let cell = unsafe { self.cells.get_unchecked(self.cell as usize) };
        cell.store(cell.load(Relaxed).wrapping_add(1), Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.cells[self.cell as usize].load(Relaxed)
    }
}

/// A log-linear histogram that one thread owns: HdrHistogram's index arithmetic with constants, one
/// cell and a sum. No maximum, no minimum, no thread-local pointer.
pub(crate) struct RawHistogram {
    cells: Box<[AtomicU64; HISTOGRAM_CELLS]>,
    sum: AtomicU64,
}

impl RawHistogram {
    pub(crate) fn new() -> Self {
        Self { cells: zeros(), sum: AtomicU64::new(0) }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "value >> doublings < 2^(HALF_BITS + 1)")]
    pub(crate) fn record(&self, value: u64) {
        const LINEAR: u64 = (2 << HALF_BITS) - 1;
        let doublings = (value | LINEAR).ilog2() - HALF_BITS;
        let index = (doublings << HALF_BITS) as usize + (value >> doublings) as usize;
        let index = index.min(HISTOGRAM_CELLS - 1);
        self.sum.store(self.sum.load(Relaxed).wrapping_add(value), Relaxed);
        // SAFETY: `index < HISTOGRAM_CELLS`, by the line above.
        let cell = unsafe { self.cells.get_unchecked(index) };
        cell.store(cell.load(Relaxed).wrapping_add(1), Relaxed);
    }

    pub(crate) fn count(&self) -> u64 {
        self.cells.iter().map(|cell| cell.load(Relaxed)).sum()
    }
}
