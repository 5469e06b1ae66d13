//! Mapped words.

use crate::sync::AtomicU64;
use std::fs::{self, File};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::AsRawFd;
use std::ptr::{self, NonNull};

/// Zeroed words of this process alone, or a file's words, shared with every process that maps it.
///
/// The mapping reserves address space without access. [`make_accessible`] gives access to a part, whose
/// pages the system then provides at the first touch. So `mlockall` finds few pages to provide: with
/// `MCL_FUTURE` none, since a new mapping has no accessible part, and with `MCL_CURRENT` those of the
/// accessible parts. The pages of a mapping that is made under `MCL_FUTURE` are locked as they are
/// touched.
///
/// [`make_accessible`]: super::make_accessible
#[derive(Debug)]
pub(crate) struct Mapping {
    start: NonNull<AtomicU64>,
    words: usize,
}

impl Mapping {
    pub(crate) fn anonymous(words: usize) -> io::Result<Self> {
        Self::new(words, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)
    }

    /// A mapping to read and write. The file has at least this many words.
    pub(crate) fn shared(file: &File, words: usize) -> io::Result<Self> {
        Self::new(words, libc::MAP_SHARED, file.as_raw_fd())
    }

    fn new(words: usize, flags: i32, file: i32) -> io::Result<Self> {
        let bytes = words.checked_mul(size_of::<AtomicU64>()).ok_or(io::ErrorKind::OutOfMemory)?;
        let locked = locked_bytes();
        let flags = flags | libc::MAP_NORESERVE;
        // SAFETY: new memory, at an address of the system's choice.
        let start = unsafe { libc::mmap(ptr::null_mut(), bytes, libc::PROT_NONE, flags, file, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        // A failure from here on unmaps the memory.
        let mapping = Self { start, words };
        let place = mapping.start.as_ptr().cast();
        // The system does not report whether the mapping is locked whole, so the added locked
        // memory decides. Another thread can lock as much meanwhile. Then this locks pages that
        // need no lock.
        let added = locked.zip(locked_bytes()).map(|(before, now)| now.saturating_sub(before));
        // SAFETY: neither call changes the contents of the mapping, which exists.
        unsafe {
            if added.is_none_or(|added| added < bytes as u64)
                || libc::mlock2(place, bytes, libc::MLOCK_ONFAULT) != 0
            {
                libc::munlock(place, bytes);
            }
        }
        Ok(mapping)
    }

    /// The words. An access to inaccessible words, or beyond the end of a file that was cut short after
    /// it was mapped, ends the process.
    pub(crate) fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page-aligned, holds this many words, all of whose values are
        // valid, and lives as long as `self`. They are atomics, so others may change them.
        unsafe { NonNull::slice_from_raw_parts(self.start, self.words).as_ref() }
    }

    /// The words, for ever.
    pub(crate) fn leak(self) -> &'static [AtomicU64] {
        let Self { start, words } = *ManuallyDrop::new(self);
        // SAFETY: as in `words`, and nothing unmaps it.
        unsafe { NonNull::slice_from_raw_parts(start, words).as_ref() }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let bytes = self.words * size_of::<AtomicU64>();
        // SAFETY: the memory is a whole mapping, and no reference to its words outlives `self`.
        unsafe { libc::munmap(self.start.as_ptr().cast(), bytes) };
    }
}

/// Bytes of address space that this process has locked.
fn locked_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmLck:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib.saturating_mul(1024))
}
