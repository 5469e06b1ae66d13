//! Deviations from a request are reported on standard error, and the program continues.
//!
//! A report must work from any thread and with any standard error. A write to a pipe that nobody
//! reads any more raises SIGPIPE, which ends a program that does not ignore it. Rust programs
//! ignore it by default; C programs do not, and must not be ended by a library's warning. A write
//! to a pipe whose reader is stuck would wait for ever, and would block the exporter's scrapes and
//! its shutdown. So a line that can't be written soon is dropped.

use crate::printable::Printable;
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The bytes that a ready pipe accepts without waiting (`PIPE_BUF`, pipe(7)), and in one piece.
const LONGEST: usize = 4096;

/// How long to wait for a slow reader, in milliseconds.
const PATIENCE: i32 = 20;

/// Whether the last line was dropped. The next one does not wait: there may be many.
static IS_STUCK: AtomicBool = AtomicBool::new(false);

/// The most polls for a reader, since signals interrupt them.
const POLLS: usize = 8;

/// Reports something in one line of at most 4 KiB, with foreign text escaped. `eprintln!` would
/// panic if standard error is closed, and wait for other writers.
pub fn report(what: fmt::Arguments<'_>) {
    // There is nobody else to report to.
    let _ = without_sigpipe(|| write(line(what).as_bytes()));
}

fn line(what: fmt::Arguments<'_>) -> String {
    let mut line = format!("tickmetrics: {}", Printable(what));
    if line.len() >= LONGEST {
        let most = LONGEST - "…\n".len();
        let end = (0..=most).rev().find(|&at| line.is_char_boundary(at));
        line.truncate(end.unwrap_or_default());
        line.push('…');
    }
    line.push('\n');
    line
}

/// Writes to standard error, unless it accepts nothing now.
fn write(line: &[u8]) -> io::Result<()> {
    // Relaxed: only the length of the wait depends on it.
    let patience = if IS_STUCK.load(Relaxed) { 0 } else { PATIENCE };
    let mut polled = libc::pollfd { fd: libc::STDERR_FILENO, events: libc::POLLOUT, revents: 0 };
    // SAFETY: one descriptor is polled, the local one.
    let mut poll = || unsafe { libc::poll(&raw mut polled, 1, patience) };
    // A signal ends a poll, and a profiler sends many.
    let is_ready = (0..POLLS).map(|_| poll()).find(|&ready| ready >= 0) == Some(1);
    IS_STUCK.store(!is_ready, Relaxed);
    if !is_ready {
        return Err(io::ErrorKind::TimedOut.into());
    }
    // SAFETY: the bytes are those of the slice. A closed descriptor is an error.
    let written = unsafe { libc::write(libc::STDERR_FILENO, line.as_ptr().cast(), line.len()) };
    if written < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Runs a write to a pipe that may have no reader. The SIGPIPE of this write reaches nobody: it is
/// sent to the writing thread. Signals to other threads, and signals from other senders, are
/// untouched.
fn without_sigpipe<T>(write: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let (mut sigpipe, mut before, mut pending) =
        (MaybeUninit::uninit(), MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: sigemptyset initialises the set for sigaddset and pthread_sigmask, and sigpending the
    // set for sigismember. The pointers are to locals of the right type.
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
    // A signal that was pending before is somebody else's, and a second one never pends beside it.
    if is_broken && !was_pending {
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the set is initialised, and the time is of the right type. The call accepts a
        // signal that is blocked here, and does not wait.
        unsafe { libc::sigtimedwait(sigpipe.as_ptr(), null_mut(), &raw const now) };
    }
    // SAFETY: pthread_sigmask initialised the set above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), null_mut()) };
    written
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, line, without_sigpipe};
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
    fn a_line_fits_what_a_pipe_takes_at_once() {
        for padding in ["", "x", "xx"] {
            let long = line(format_args!("{padding}{}", "é".repeat(LONGEST)));
            assert!((LONGEST - 4..=LONGEST).contains(&long.len()), "{}", long.len());
            assert!(long.ends_with("é…\n"), "{long}");
        }
        let most = "x".repeat(LONGEST - "tickmetrics: \n".len());
        assert_eq!(line(format_args!("{most}")), format!("tickmetrics: {most}\n"));
    }

    #[test]
    fn a_broken_pipe_is_an_error_and_no_signal() {
        let (reader, mut writer) = pipe().unwrap();
        drop(reader);
        let broken = || writer.write_all(b"x");
        assert_eq!(without_sigpipe(broken).unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(sigpipe(), [false, false]);
    }

    /// On a thread that blocks it, a pending signal stays.
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
