//! The memory that a segment lies in: zeroed words that live as long as the process.

use crate::sync::AtomicU64;
use std::io;

/// Reserves `words` zeroed words. The system gives each page when it is first written.
#[cfg(not(tickmetrics_loom))]
pub(crate) fn reserve(words: usize) -> io::Result<&'static [AtomicU64]> {
    use memmap2::{Advice, MmapOptions};
    use std::mem::ManuallyDrop;

    let map =
        MmapOptions::new().len(size_of::<AtomicU64>() * words).no_reserve_swap().map_anon()?;
    // Both are wishes. A kernel without them makes a core dump larger, or fills memory with huge
    // pages of which a few cells are used.
    let _ = map.advise(Advice::DontDump);
    let _ = map.advise(Advice::NoHugePage);
    let map = ManuallyDrop::new(map);
    // SAFETY: the mapping is page-aligned, holds `words` words that are zero, a valid AtomicU64, and
    // is never dropped, so it is never unmapped. No other reference to it exists.
    Ok(unsafe { std::slice::from_raw_parts(map.as_ptr().cast(), words) })
}

/// Turns words that begin on a page to zeros, without a lock or an allocation: for a forked child,
/// whose copy of the parent's counts is not its own.
#[cfg(not(tickmetrics_loom))]
pub(crate) fn forget(words: &'static [AtomicU64]) {
    // SAFETY: the range is part of a live private anonymous mapping, where MADV_DONTNEED makes the
    // next access see zeros. The words are atomics, so they may change behind a shared reference.
    let done = unsafe {
        libc::madvise(words.as_ptr().cast_mut().cast(), size_of_val(words), libc::MADV_DONTNEED)
    };
    debug_assert_eq!(done, 0, "MADV_DONTNEED can't fail on a mapping that is not locked");
}

#[cfg(tickmetrics_loom)]
#[expect(clippy::unnecessary_wraps, reason = "the system's can fail")]
pub(crate) fn reserve(words: usize) -> io::Result<&'static [AtomicU64]> {
    Ok(Vec::leak((0..words).map(|_| AtomicU64::new(0)).collect()))
}

/// Asks the processor to bring a cell into its second-level cache, as a hint: nothing is read yet.
/// The first-level one has too few requests under way at a time to keep memory busy.
#[cfg(all(target_arch = "x86_64", not(tickmetrics_loom)))]
#[inline]
pub(crate) fn prefetch(cell: &AtomicU64) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};

    // SAFETY: a prefetch does nothing that a program could notice, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(cell).cast()) };
}

#[cfg(not(all(target_arch = "x86_64", not(tickmetrics_loom))))]
#[inline]
pub(crate) fn prefetch(_cell: &AtomicU64) {}
