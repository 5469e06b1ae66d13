//! What happens around a fork: no other thread is in the midst of anything that the child could not
//! end, and the child begins without a shard.
//!
//! Before the process is copied, the forking thread takes the locks behind which things are half-made
//! for a while: a segment that is installed, whose file is locked before anything else knows of it; the
//! clock that is calibrated; cells that are handed out. The child has them from its one thread, and
//! gives them back.
//!
//! The handlers are registered before the first of these locks is taken, and without a lock of their
//! own, which a child could find taken.

use crate::clock;
use crate::segment::{Registration, Segment};
use crate::shard;
use crate::sync::MutexGuard;
use std::cell::Cell;
use std::io;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The locks that are held while the process is copied. They are given back from the first field to
/// the last, and taken the other way round: a thread that installs a segment registers what is resumed.
struct Held {
    _registration: Option<Registration<'static>>,
    _installing: MutexGuard<'static, ()>,
    _calibrating: clock::Calibrating,
}

thread_local! {
    /// Those of this thread, while it forks. Without a destructor, so that a thread that is ending can
    /// fork, too.
    static HELD: Cell<Option<ManuallyDrop<Held>>> = const { Cell::new(None) };
}

/// Sees to it that from now on a fork waits for the locks above.
pub(crate) fn prepare() -> io::Result<()> {
    static IS_DONE: AtomicBool = AtomicBool::new(false);
    // Relaxed: the system has a lock of its own. Of threads that are here at once each registers, which
    // does no harm: what is held is not taken again, and to begin anew twice is to begin anew.
    if IS_DONE.load(Relaxed) {
        return Ok(());
    }
    // SAFETY: the functions have the types asked for and live for ever. The one that runs in the child
    // only stores to atomics and thread-locals that are set up or need no set-up, unlocks locks that its
    // thread has, and makes system calls, all of which may be done in the child of a process with
    // threads.
    match unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) } {
        0 => IS_DONE.store(true, Relaxed),
        error => return Err(io::Error::from_raw_os_error(error)),
    }
    Ok(())
}

unsafe extern "C" fn before() {
    let held = HELD.take().unwrap_or_else(|| {
        let calibrating = clock::calibrating();
        let installing = Segment::installing();
        ManuallyDrop::new(Held {
            // What is handed out is counted in all places alike, too.
            _registration: Segment::current().map(Segment::registration),
            _installing: installing,
            _calibrating: calibrating,
        })
    });
    HELD.set(Some(held));
}

unsafe extern "C" fn in_parent() {
    drop(HELD.take().map(ManuallyDrop::into_inner));
}

unsafe extern "C" fn in_child() {
    shard::forget();
    if let Some(segment) = Segment::current() {
        segment.start_over();
    }
    drop(HELD.take().map(ManuallyDrop::into_inner));
}
