//! The handling of an unload of the shared library that has the segment: its memory and its file
//! are released, since no code is left that counts in it, and the next load makes another.
//!
//! The system runs the same function at the end of the process, when other threads may record until
//! the end, and nothing may be taken from them. A handler that does not belong to the library
//! distinguishes the two, since an unload does not run it: at the end it runs first, and marks a
//! semaphore.
//!
//! The process can end during the set-up, too. So only one handler is registered there, and that
//! one registers the two above. Both run as soon as it returns, on the same thread, and no end
//! comes between them. (The exception is a segment that is first made when the system has begun to
//! end the shared objects themselves, after all handlers: that end looks like an unload.)

use crate::segment::Segment;
use crate::shard;
use std::ffi::c_void;
use std::mem;
use std::ptr;

type Handler = unsafe extern "C" fn(*mut c_void);
type Post = unsafe extern "C" fn(*mut libc::sem_t) -> i32;

unsafe extern "C" {
    /// Registers `run` to be called with `argument` when the object is unloaded, or at the end of
    /// the process, in reverse order. Without an object: at the end of the process only. "Itanium
    /// C++ ABI", 3.3.5.
    fn __cxa_atexit(run: Handler, argument: *mut c_void, object: *mut c_void) -> i32;

    /// Its address identifies the object of this code.
    static __dso_handle: c_void;
}

/// Prepares for an unload. Called once, when the segment exists.
pub(super) fn prepare() {
    // It outlives the library, as a handler does.
    let ending: *mut libc::sem_t = Box::into_raw(Box::<libc::sem_t>::new_uninit()).cast();
    // SAFETY: the semaphore lives for ever, and is set up before anyone else knows of it.
    unsafe { libc::sem_init(ending, 0, 0) };
    // Refused if there is no memory: then an unload releases nothing.
    register(at_end, ending, own_object());
}

fn own_object() -> *mut c_void {
    (&raw const __dso_handle).cast_mut()
}

fn register(run: Handler, ending: *mut libc::sem_t, object: *mut c_void) -> bool {
    // SAFETY: the callers' handlers take a semaphore, which lives for ever. They belong to this
    // object, and are called before it goes, or to the C library, which stays.
    unsafe { __cxa_atexit(run, ending.cast(), object) == 0 }
}

/// Runs at an unload and at the end of the process. The same caller runs the handlers that this
/// registers next: in reverse order, and at an unload only this object's.
unsafe extern "C" fn at_end(ending: *mut c_void) {
    let ending: *mut libc::sem_t = ending.cast();
    let post: Post = libc::sem_post;
    // SAFETY: the type is that of the call, where an unused result makes no difference.
    let post = unsafe { mem::transmute::<Post, Handler>(post) };
    if register(at_unload, ending, own_object()) && !register(post, ending, ptr::null_mut()) {
        // An end could not be detected.
        // SAFETY: it is the semaphore of `prepare`.
        unsafe { libc::sem_post(ending) };
    }
}

unsafe extern "C" fn at_unload(ending: *mut c_void) {
    let mut ends = 0;
    // SAFETY: it is the semaphore of `prepare`.
    let known = unsafe { libc::sem_getvalue(ending.cast(), &raw mut ends) } == 0;
    if !known || ends > 0 {
        return;
    }
    let Some(segment) = Segment::close() else { return };
    shard::unshare();
    segment.leave();
}
