//! The function that knows the trace of the calling thread.

use crate::sync::{AtomicBool, OnceLock, Relaxed, process_wide, thread_local};
use std::cell::Cell;
use std::fmt;
use std::panic::catch_unwind;

/// Returns the ids of the calling thread's trace and span.
type Hook = fn() -> Option<(u128, u64)>;

process_wide! {
    static HOOK: OnceLock<Hook> = OnceLock::new();
}

process_wide! {
    // Relaxed: it implies nothing about other memory.
    static HAS_PANICKED: AtomicBool = AtomicBool::new(false);
}

thread_local! {
    /// Whether this thread is in the hook. Without a destructor, so it can be read at any time.
    static IS_ASKING: Cell<bool> = const { Cell::new(false) };
}

/// Sets the function that is asked for the exemplars of histograms whose descriptions [ask for
/// them](crate::Description::exemplars). It returns the ids of the calling thread's trace and span,
/// those of W3C's trace context, or `None` without a trace. 0 as a trace's id means none, too; 0 as
/// a span's id means that the trace alone is known.
///
/// The hook is set once for the whole process, by the program and not by a library. Whatever the
/// thread that sets it did before, the hook sees.
///
/// # Errors
/// [`HookIsSet`] if there is a hook: that one stays.
pub fn set_hook(hook: fn() -> Option<(u128, u64)>) -> Result<(), HookIsSet> {
    HOOK.set(hook).map_err(|_| HookIsSet(()))
}

/// The process has a hook for exemplars already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HookIsSet(());

impl fmt::Display for HookIsSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the hook for exemplars is set already: set it in one place, at the start of the program",
        )
    }
}

impl std::error::Error for HookIsSet {}

/// Whether there is a function to ask.
#[inline]
pub(super) fn is_set() -> bool {
    HOOK.get().is_some()
}

/// The ids of the calling thread's trace and span, if it has a trace.
pub(super) fn ask() -> Option<(u128, u64)> {
    let hook = *HOOK.get()?;
    // A hook that records is not asked again for that value. An error means that the model checker
    // has destroyed the thread-local.
    if HAS_PANICKED.load(Relaxed) || IS_ASKING.try_with(|is_asking| is_asking.replace(true)).ok()? {
        return None;
    }
    // A record can be a drop during another panic, where a second one would end the process.
    let answer = catch_unwind(hook);
    let _ = IS_ASKING.try_with(|is_asking| is_asking.set(false));
    match answer {
        Ok(ids) => ids.filter(|(trace, _)| *trace != 0),
        Err(payload) => {
            HAS_PANICKED.store(true, Relaxed);
            // Its drop could panic, too.
            std::mem::forget(payload);
            None
        }
    }
}
