//! What goes another way than asked for is reported on standard error, and the program goes on.
//!
//! From whichever thread, whatever has become of standard error: where nobody reads a pipe any more,
//! a write to it raises SIGPIPE, which ends a program that does not ignore it. Rust's do by default;
//! those of C do not, and nobody may hear of it from a library's warning.

use crate::printable::Printable;
use std::fmt;
use std::io::{self, Write};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

/// Reports something in one line, whatever foreign words are in it. `eprintln!` would panic where
/// standard error is closed.
pub fn report(what: fmt::Arguments<'_>) {
    let line = format!("tickmetrics: {}\n", Printable(what));
    // There is nobody else to report to.
    let _ = without_sigpipe(|| io::stderr().write_all(line.as_bytes()));
}

/// Runs what may write to a pipe that nobody reads. A SIGPIPE that comes of it reaches nobody, and
/// signals of other threads, and of others who send some, are untouched: the one of a write is sent
/// to the thread that writes.
fn without_sigpipe<T>(write: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let (mut sigpipe, mut before, mut pending) =
        (MaybeUninit::uninit(), MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: sigemptyset initialises what sigaddset and pthread_sigmask read, and sigpending what
    // sigismember reads. The pointers are to locals of the type asked for.
    let was_pending = unsafe {
        libc::sigemptyset(sigpipe.as_mut_ptr());
        libc::sigaddset(sigpipe.as_mut_ptr(), libc::SIGPIPE);
        if libc::pthread_sigmask(libc::SIG_BLOCK, sigpipe.as_ptr(), before.as_mut_ptr()) != 0 {
            return write();
        }
        libc::sigpending(pending.as_mut_ptr()) == 0
            && libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1
    };
    let written = write();
    let is_broken = written.as_ref().is_err_and(|it| it.kind() == io::ErrorKind::BrokenPipe);
    // One that was pending before is somebody else's, and there is never a second one beside it.
    if is_broken && !was_pending {
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the set is initialised, and the time is of the type asked for. It takes a signal
        // that is blocked here, and waits for none.
        unsafe { libc::sigtimedwait(sigpipe.as_ptr(), null_mut(), &raw const now) };
    }
    // SAFETY: pthread_sigmask initialised the set above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), null_mut()) };
    written
}

#[cfg(test)]
mod tests {
    use super::without_sigpipe;
    use std::io::{ErrorKind, Write, pipe};
    use std::mem::MaybeUninit;
    use std::ptr::null;

    /// Whether this thread's mask has SIGPIPE, and whether one is pending.
    fn sigpipe() -> [bool; 2] {
        let (mut mask, mut pending) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: the sets are locals, initialised by the first two calls.
        unsafe {
            assert_eq!(libc::pthread_sigmask(libc::SIG_BLOCK, null(), mask.as_mut_ptr()), 0);
            assert_eq!(libc::sigpending(pending.as_mut_ptr()), 0);
            [mask, pending].map(|set| libc::sigismember(set.as_ptr(), libc::SIGPIPE) == 1)
        }
    }

    #[test]
    fn a_broken_pipe_is_an_error_and_no_signal() {
        let (reader, mut writer) = pipe().unwrap();
        drop(reader);
        let broken = || writer.write_all(b"x");
        assert_eq!(without_sigpipe(broken).unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(sigpipe(), [false, false]);
    }

    /// On a thread that has it blocked, what is pending there stays.
    #[test]
    fn another_s_signal_stays() {
        std::thread::spawn(|| {
            let mut set = MaybeUninit::uninit();
            // SAFETY: the set is a local, initialised by the first call.
            unsafe {
                libc::sigemptyset(set.as_mut_ptr());
                libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
                libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), std::ptr::null_mut());
            }
            let (reader, mut writer) = pipe().unwrap();
            drop(reader);
            without_sigpipe(|| writer.write_all(b"x")).unwrap_err();
            assert_eq!(sigpipe(), [true, false]);
            writer.write_all(b"x").unwrap_err();
            without_sigpipe(|| writer.write_all(b"x")).unwrap_err();
            assert_eq!(sigpipe(), [true, true]);
        })
        .join()
        .unwrap();
    }
}
