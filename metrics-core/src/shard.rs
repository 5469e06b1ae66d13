//! The hot path: a thread's own shard, found through one thread-local pointer.
//!
//! The guarantees and their conditions:
//!
//! 1. A thread-local pointer is null, or points to the first cell of a shard that this thread has
//!    claimed and not released. So a shard has at most one writer, and a count is a load and a
//!    store, never a locked read-modify-write.
//! 2. Handles hold only numbers of cells that were taken from the segment, or of its sink
//!    (`crate::cell`), and the segment stays mapped as long as code of this library runs. So the
//!    address of a cell is valid in every shard. With the feature `loadable`, an unload of the library
//!    unmaps it. Before that, no thread has a shard any more and the pointer to the shared cells is
//!    null, so that the code of the unload itself reaches no cell (`install/unload.rs`).
//! 3. A thread that has no shard (all are taken, or its thread-locals are being destroyed) adds to
//!    shard 0 with atomic read-modify-writes. Slower, never lost.
//!
//! A signal handler must not record: between the load and the store of the code that it
//! interrupted, its own count would be lost.

use crate::cell::{Cell, SharedCell};
use crate::clock;
use crate::layout::{MOST_AT_ONCE, header};
use crate::segment::Segment;
use crate::slot;
use crate::sync::{Acquire, AtomicPtr, AtomicU64, Relaxed, Release, process_wide, thread_local};
use std::cell;
use std::ptr;

thread_local! {
    /// The number of this thread's shard, which is given back when the thread ends.
    static ATTACHMENT: Attachment = const { Attachment { shard: cell::Cell::new(None) } };
}

process_wide! {
    /// The first of the cells that all threads share, or null before there is a segment.
    static SHARED_CELLS: AtomicPtr<AtomicU64> = AtomicPtr::new(ptr::null_mut());
}

struct Attachment {
    shard: cell::Cell<Option<usize>>,
}

impl Attachment {
    fn give_back(&self) {
        // Destructors that run after this record to the overflow shard.
        // SAFETY: it is null.
        unsafe { slot::set(ptr::null()) };
        if let Some(shard) = self.shard.take()
            && let Some(segment) = Segment::current()
        {
            segment.release(shard);
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Ends the calling thread's ownership, as the end of the thread does. The model checker joins a
/// thread before it destroys its thread-locals, which no real thread does.
#[cfg(all(test, tickmetrics_loom))]
pub(crate) fn detach() {
    let _ = ATTACHMENT.try_with(Attachment::give_back);
}

/// In a forked child: the thread's shard is the parent's.
pub(crate) fn forget() {
    // The number is set up only in a thread with a shard.
    if !slot::get().is_null() {
        // SAFETY: it is null.
        unsafe { slot::set(ptr::null()) };
        let _ = ATTACHMENT.try_with(|attachment| attachment.shard.set(None));
    }
}

/// A target for records. One algorithm serves a shard with one writer and the shared one.
pub(crate) trait Cells: Copy {
    /// Adds to a cell, modulo 2^64.
    fn add(self, cell: Cell, n: u64);
    /// As `add`. A thread that sees it (with Acquire) sees everything that this thread saw before.
    fn add_release(self, cell: Cell, n: u64);
    /// As `add_release`, but large counts stop at [`MOST_AT_ONCE`], so that no count ever falls.
    /// Returns the number added.
    fn count(self, cell: Cell, n: u64) -> u64;
    /// Adds to a cell, up to the largest number.
    fn add_saturating(self, cell: Cell, n: u64);
    /// Raises a cell to `value` if it is less.
    fn raise(self, cell: Cell, value: u64);
    /// The value of a cell.
    fn get(self, cell: Cell) -> u64;
    /// Replaces the value of a cell.
    fn set(self, cell: Cell, value: u64);
    /// Makes the sequence number in a cell odd, so that the caller may write the guarded words, and
    /// returns it; `None` if another thread is writing.
    fn begin(self, sequence: Cell) -> Option<u64>;
    /// Stores a value into a cell. A thread that sees it (with Acquire) sees everything written
    /// before.
    fn publish(self, cell: Cell, value: u64);
}

/// The part of `n` that fits into a cell with the value `known`.
#[inline]
fn room(known: u64, n: u64) -> u64 {
    if n == 1 { n } else { n.min(MOST_AT_ONCE.saturating_sub(known)) }
}

/// A shard that the current thread owns.
#[derive(Clone, Copy)]
pub(crate) struct Owned(*const AtomicU64);

impl Owned {
    /// # Safety
    /// The calling thread claimed the shard, and does not use this once it released it.
    pub(crate) unsafe fn of(segment: &Segment, shard: usize) -> Self {
        Self(segment.shard(shard).as_ptr())
    }

    // No `unsafe fn`: both values were made with a reason.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the hot path is these few instructions")]
    fn cell<'a>(self, cell: Cell) -> &'a AtomicU64 {
        // SAFETY: `self.0` is the start of a shard (it is made from one, by the shard's owner),
        // the cell is one of the shard's (`crate::cell`), and the segment is mapped (see above).
        unsafe { &*self.0.add(cell.number()) }
    }
}

// Relaxed loads and stores throughout: only this thread stores to these cells. A reader needs each
// cell's value to be one that was stored, and later values later, which coherence of the single
// location gives. Between cells no order is promised, but for `add_release`.
impl Cells for Owned {
    #[inline]
    fn add(self, cell: Cell, n: u64) {
        let cell = self.cell(cell);
        cell.store(cell.load(Relaxed).wrapping_add(n), Relaxed);
    }

    #[inline]
    fn add_release(self, cell: Cell, n: u64) {
        let cell = self.cell(cell);
        // Release pairs with the Acquire of the downs in `read::metric`, and with the Acquire fence
        // of `distribution::Reader::finish`.
        cell.store(cell.load(Relaxed).wrapping_add(n), Release);
    }

    #[inline]
    fn count(self, cell: Cell, n: u64) -> u64 {
        let n = room(self.get(cell), n);
        self.add_release(cell, n);
        n
    }

    fn add_saturating(self, cell: Cell, n: u64) {
        self.set(cell, self.get(cell).saturating_add(n));
    }

    #[inline]
    fn raise(self, cell: Cell, value: u64) {
        let cell = self.cell(cell);
        if value > cell.load(Relaxed) {
            cell.store(value, Relaxed);
        }
    }

    #[inline]
    #[cfg(not(tickmetrics_loom))]
    fn get(self, cell: Cell) -> u64 {
        // SAFETY: the cell exists, see `cell`. Only this thread writes to it, so nothing races with
        // a load that is not atomic. The compiler can make such a load part of the instruction that
        // uses it.
        unsafe { *self.cell(cell).as_ptr() }
    }

    #[cfg(tickmetrics_loom)]
    fn get(self, cell: Cell) -> u64 {
        self.cell(cell).load(Relaxed)
    }

    fn set(self, cell: Cell, value: u64) {
        self.cell(cell).store(value, Relaxed);
    }

    fn begin(self, sequence: Cell) -> Option<u64> {
        // It is already odd if the last owner was ended during a write: then that write continues.
        let odd = self.get(sequence) | 1;
        self.set(sequence, odd);
        Some(odd)
    }

    fn publish(self, cell: Cell, value: u64) {
        // Release pairs with the Acquire fences in `exemplar::read`.
        self.cell(cell).store(value, Release);
    }
}

/// Shard 0, which all threads without a shard write to.
#[derive(Clone, Copy)]
pub(crate) struct Shared(&'static [AtomicU64]);

impl Shared {
    pub(crate) fn of(segment: &Segment) -> Self {
        Self(segment.shard(0))
    }
}

// Relaxed for the same reasons as above; the read-modify-writes lose nothing between threads.
impl Cells for Shared {
    fn add(self, cell: Cell, n: u64) {
        self.0[cell.number()].fetch_add(n, Relaxed);
    }

    fn add_release(self, cell: Cell, n: u64) {
        self.0[cell.number()].fetch_add(n, Release);
    }

    fn count(self, cell: Cell, n: u64) -> u64 {
        if n == 1 {
            self.add_release(cell, n);
            return n;
        }
        let mut known = self.get(cell);
        loop {
            let n = room(known, n);
            // Release as in `add_release`.
            match self.0[cell.number()].compare_exchange(known, known + n, Release, Relaxed) {
                Ok(_) => return n,
                Err(other) => known = other,
            }
        }
    }

    fn add_saturating(self, cell: Cell, n: u64) {
        let mut known = self.get(cell);
        while let Err(other) =
            self.0[cell.number()].compare_exchange(known, known.saturating_add(n), Relaxed, Relaxed)
        {
            known = other;
        }
    }

    fn raise(self, cell: Cell, value: u64) {
        self.0[cell.number()].fetch_max(value, Relaxed);
    }

    fn get(self, cell: Cell) -> u64 {
        self.0[cell.number()].load(Relaxed)
    }

    fn set(self, cell: Cell, value: u64) {
        self.0[cell.number()].store(value, Relaxed);
    }

    fn begin(self, sequence: Cell) -> Option<u64> {
        let even = self.get(sequence);
        if even & 1 == 1 {
            return None;
        }
        // Acquire pairs with the Release in `publish`: this writer's stores overwrite the last
        // writer's, and not the other way round.
        self.0[sequence.number()].compare_exchange(even, even | 1, Acquire, Relaxed).ok()?;
        Some(even | 1)
    }

    fn publish(self, cell: Cell, value: u64) {
        self.0[cell.number()].store(value, Release);
    }
}

/// A write that is the same for both kinds of shard.
pub(crate) trait Record {
    fn record(self, cells: impl Cells);
}

/// This thread's shard, if it has one.
#[inline]
pub(crate) fn own() -> Option<Owned> {
    if crate::IS_OFF {
        return None;
    }
    let cells = slot::get();
    (!cells.is_null()).then_some(Owned(cells))
}

/// Runs `what` on this thread's shard.
#[inline]
pub(crate) fn record(what: impl Record) {
    match own() {
        Some(cells) => what.record(cells),
        None if crate::IS_OFF => {}
        None => record_unattached(what),
    }
}

/// The path of a thread's first record, and of each record of a thread that gets no shard.
#[cold]
#[inline(never)]
fn record_unattached(what: impl Record) {
    // A handle exists only if there is a segment, or if there could be none; in that case nothing
    // is registered and nothing can be counted.
    let Some(segment) = Segment::current() else { return };
    if let Some(cells) = attach(segment) {
        what.record(cells);
    } else {
        segment.count(header::OVERFLOW_RECORDS);
        what.record(Shared::of(segment));
    }
}

/// Runs `what` along with a record that this thread just made: the thread has its shard by now, if
/// it can have one, and nothing is counted again.
pub(crate) fn record_along(what: impl Record) {
    if let Some(cells) = own() {
        what.record(cells);
    } else if let Some(segment) = Segment::current() {
        what.record(Shared::of(segment));
    }
}

/// Publishes the shared cells of the process's segment.
pub(crate) fn share(segment: &Segment) {
    // Release pairs with the Acquire in `shared`: the header is set up before.
    SHARED_CELLS.store(segment.shared().as_ptr().cast_mut(), Release);
}

/// Restores the state before there was a segment.
#[cfg(all(feature = "loadable", not(feature = "off"), target_env = "gnu", not(tickmetrics_loom)))]
pub(crate) fn unshare() {
    // Relaxed: no other thread is there to see it.
    SHARED_CELLS.store(ptr::null_mut(), Relaxed);
}

/// A cell that all threads share. `None` without a segment, when the sink's are the only cell
/// numbers.
#[inline]
pub(crate) fn shared(cell: SharedCell) -> Option<&'static AtomicU64> {
    if crate::IS_OFF {
        return None;
    }
    let cells = SHARED_CELLS.load(Acquire).cast_const();
    // SAFETY: the pointer is to the first of the segment's shared cells (only `share` stores it),
    // the cell is one of them (`crate::cell`), and the segment is mapped (see above).
    (!cells.is_null()).then(|| unsafe { &*cells.add(cell.number()) })
}

/// Gives this thread a shard of its own, unless none is free or the thread is ending.
pub(crate) fn attach(segment: &'static Segment) -> Option<Owned> {
    attach_by(segment, Segment::claim)
}

/// As `attach`, but waits for other threads that are attaching.
pub(crate) fn attach_waiting(segment: &'static Segment) -> Option<Owned> {
    attach_by(segment, Segment::claim_waiting)
}

fn attach_by(segment: &'static Segment, claim: fn(&Segment) -> Option<usize>) -> Option<Owned> {
    if let Some(cells) = own() {
        return Some(cells);
    }
    // An error means that the thread-local is destroyed: the shard could not be released.
    let shard = ATTACHMENT
        .try_with(|attachment| {
            // Setting up the thread-local may itself have recorded something.
            if attachment.shard.get().is_none() {
                attachment.shard.set(claim(segment));
            }
            attachment.shard.get()
        })
        .ok()??;
    segment.set_clock_scale(clock::scale());
    // SAFETY: the thread claimed it, and `give_back` sets null before it releases it.
    unsafe {
        let cells = Owned::of(segment, shard);
        slot::set(cells.0);
        Some(cells)
    }
}
