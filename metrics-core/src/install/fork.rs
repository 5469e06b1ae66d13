//! The handling of a fork: no other thread is in the middle of an operation that the child could
//! not finish, and the child begins without a shard.
//!
//! Before the process is copied, the forking thread takes the locks of operations that leave things
//! half-made for a while: installing a segment, whose file is locked before anything else knows it;
//! calibrating the clock; handing out cells; allocating shards. The child inherits the locks with its one thread, and
//! releases them.
//!
//! The handlers are registered before the first of these locks is taken, and without a lock of
//! their own, which a child could find taken.

use crate::clock;
use crate::segment::{Registration, Segment};
use crate::shard;
use crate::sync::MutexGuard;
use std::cell::Cell;
use std::io;
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// The locks that are held while the process is copied. They are released from the first field to
/// the last, and taken the other way round: a thread that installs a segment registers resumed
/// metrics.
struct Held {
    _allocating: Option<MutexGuard<'static, ()>>,
    _registration: Option<Registration<'static>>,
    _installing: MutexGuard<'static, ()>,
    _calibrating: clock::Calibrating,
}

thread_local! {
    /// This thread's locks, while it forks. Without a destructor, so that an ending thread can
    /// fork, too.
    static HELD: Cell<Option<ManuallyDrop<Held>>> = const { Cell::new(None) };
}

/// Makes every fork from now on wait for the locks above.
pub(crate) fn prepare() -> io::Result<()> {
    static IS_DONE: AtomicBool = AtomicBool::new(false);
    // Relaxed: the system has a lock of its own. Several threads may register at once, which is
    // harmless: held locks are not taken again, and a second reset has no effect.
    if IS_DONE.load(Relaxed) {
        return Ok(());
    }
    // SAFETY: the functions have the required types and live for ever. The child's handler only
    // stores to atomics and thread-locals that are set up or need no set-up, unlocks locks that its
    // thread has, and makes system calls, all of which are allowed in the child of a process with
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
        // The hand-out of cells is consistent in all places, too.
        let registration = Segment::current().map(Segment::registration);
        ManuallyDrop::new(Held {
            _allocating: Segment::current().map(Segment::allocating),
            _registration: registration,
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
