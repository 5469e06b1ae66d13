//! The system calls around mapped words and the file that they are in.

#[path = "mapping.rs"]
mod mapping;

pub(crate) use libc::{MADV_DODUMP, MADV_DONTDUMP, MADV_HUGEPAGE, MADV_NOHUGEPAGE};
pub(crate) use mapping::Mapping;
pub(crate) use std::os::fd::RawFd as Descriptor;

use crate::sync::{AtomicU64, Relaxed};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;

/// Reserves `words` zeroed words, none of which is accessible yet.
pub(crate) fn reserve(words: usize) -> io::Result<&'static [AtomicU64]> {
    Ok(Mapping::anonymous(words)?.leak())
}

/// Has the system replace words that begin on a page by zeros, without a lock or an allocation. The
/// system can refuse, for example by a sandbox's filter of system calls. (It refuses for locked
/// memory, but memory is no longer locked in a forked child.)
pub(crate) fn forget(words: &'static [AtomicU64]) -> io::Result<()> {
    let start = words.as_ptr().cast_mut().cast();
    // SAFETY: the range is part of a live private anonymous mapping. MADV_DONTNEED makes the next
    // access see zeros there. The words are atomics, so they may change behind a shared reference.
    done(unsafe { libc::madvise(start, size_of_val(words), libc::MADV_DONTNEED) })
}

/// Gives words that begin on a page back to the system.
///
/// # Safety
/// Nobody uses the words any more.
#[cfg(all(feature = "loadable", target_env = "gnu"))]
pub(crate) unsafe fn unmap(words: &'static [AtomicU64]) {
    // SAFETY: the words are a whole mapping, and the caller ensures that nobody uses it.
    unsafe { libc::munmap(words.as_ptr().cast_mut().cast(), size_of_val(words)) };
}

/// Gives the system a piece of advice (`MADV_`) on words that begin on a page. No such advice
/// changes their contents.
pub(crate) fn advise(words: &[AtomicU64], advice: i32) -> io::Result<()> {
    let start = words.as_ptr().cast_mut().cast();
    // SAFETY: the words are mapped and stay so, and the advice does not change them.
    done(unsafe { libc::madvise(start, size_of_val(words), advice) })
}

/// Makes reserved words accessible. They begin and end on pages.
pub(crate) fn make_accessible(words: &[AtomicU64]) -> io::Result<()> {
    let start = words.as_ptr().cast_mut().cast();
    // SAFETY: the words are mapped, and nobody relies on them to be inaccessible.
    done(unsafe { libc::mprotect(start, size_of_val(words), libc::PROT_READ | libc::PROT_WRITE) })
}

/// Makes the pages of words present and writable, without changing them. Linux 5.14.
pub(crate) fn populate(words: &[AtomicU64]) -> io::Result<()> {
    advise(words, libc::MADV_POPULATE_WRITE)
}

/// Keeps pages of words in memory from their first touch on. Linux 4.4.
pub(crate) fn lock_on_fault(words: &[AtomicU64]) -> io::Result<()> {
    let start = words.as_ptr().cast();
    // SAFETY: the call changes nothing in the words.
    done(unsafe { libc::mlock2(start, size_of_val(words), libc::MLOCK_ONFAULT) })
}

fn done(answer: i32) -> io::Result<()> {
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads bytes of a file from an offset on, all that are asked for.
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    file.read_exact_at(bytes, offset)
}

/// Locks the whole of an open file for writing, until its last descriptor is closed. Returns
/// false if another open file has the lock.
pub(crate) fn lock(file: &File) -> io::Result<bool> {
    match ask(file, libc::F_OFD_SETLK, libc::F_WRLCK) {
        Ok(_) => Ok(true),
        Err(error) => match error.raw_os_error() {
            Some(libc::EAGAIN | libc::EACCES) => Ok(false),
            _ => Err(error),
        },
    }
}

/// Whether another open file has the lock.
pub(crate) fn is_locked(file: &File) -> io::Result<bool> {
    let found = ask(file, libc::F_OFD_GETLK, libc::F_RDLCK)?;
    Ok(i32::from(found.l_type) != libc::F_UNLCK)
}

fn ask(file: &File, command: i32, kind: i32) -> io::Result<libc::flock> {
    // All zero but the kind: from the start to the end, however far that is. Locks of open
    // files require process 0.
    // SAFETY: an all-zero flock is valid.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = i16::try_from(kind).unwrap_or(0);
    // SAFETY: the descriptor is open, and the command takes a pointer to a flock, which lives.
    match unsafe { libc::fcntl(file.as_raw_fd(), command, &raw mut lock) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(lock),
    }
}

/// Has the file system reserve memory for a part of a file, so that touching it can't fail.
pub(crate) fn allocate(file: RawFd, offset: u64, bytes: u64) -> io::Result<()> {
    let too_large = |_| io::Error::from_raw_os_error(libc::EFBIG);
    let offset = libc::off_t::try_from(offset).map_err(too_large)?;
    let bytes = libc::off_t::try_from(bytes).map_err(too_large)?;
    loop {
        // SAFETY: the call reads and writes no memory of this process.
        if bytes == 0 || unsafe { libc::fallocate(file, 0, offset, bytes) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

/// Replaces shared words that begin and end on a page by private memory: a copy of the first
/// `keep`, and zeros. This takes no lock and no allocation, for a forked child.
pub(crate) fn detach(words: &'static [AtomicU64], keep: usize) -> io::Result<()> {
    let (place, bytes) = (words.as_ptr().cast_mut().cast(), size_of_val(words));
    let (prot, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
    );
    if keep == 0 {
        // SAFETY: the call replaces a part of the segment's mapping, which exists as long as
        // its words, by memory of the same size and rights. The words are atomics, so they may
        // change.
        let mapped = unsafe { libc::mmap(place, bytes, prot, flags | libc::MAP_FIXED, -1, 0) };
        return if mapped == place { Ok(()) } else { Err(io::Error::last_os_error()) };
    }
    // SAFETY: new memory, at an address of the system's choice.
    let copy = unsafe { libc::mmap(std::ptr::null_mut(), bytes, prot, flags, -1, 0) };
    if copy == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    for (at, word) in words.iter().take(keep).enumerate() {
        // SAFETY: `at` is less than the words of `copy`, which nobody else knows.
        unsafe { copy.cast::<u64>().add(at).write(word.load(Relaxed)) };
    }
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: as above: the copy takes the place of words of the same size and rights.
    let mapped = unsafe { libc::mremap(copy, bytes, bytes, flags, place) };
    if mapped == place { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether the process has rights that its user lacks.
pub(crate) fn is_privileged() -> bool {
    // SAFETY: the call reads a value that the kernel set at the process's start.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// Closes a descriptor that nobody uses any more.
pub(crate) fn close(file: RawFd) {
    // SAFETY: the caller owns the descriptor.
    unsafe { libc::close(file) };
}

/// Whether a process with this id exists. 0 stands for an unknown process, which exists.
pub(crate) fn process_exists(pid: u32) -> bool {
    let Ok(pid) = i32::try_from(pid) else { return false };
    // SAFETY: signal 0 is never sent: the call only checks.
    let done = unsafe { libc::kill(pid, 0) };
    done == 0 || io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}

/// Fails if the process may not make a file of this size. The attempt itself would end the
/// process with SIGXFSZ.
pub(crate) fn check_file_size(bytes: u64) -> io::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the call writes to `limit` only.
    let done = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    if done == 0 && bytes > limit.rlim_cur {
        return Err(io::Error::from_raw_os_error(libc::EFBIG));
    }
    Ok(())
}
