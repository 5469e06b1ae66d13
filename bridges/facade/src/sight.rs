//! Whether a recorder sees what a piece of code registers.

use crate::cache;
use metrics::Key;
use std::cell::Cell;

/// The end of a name that no metric has: a layer may put a prefix in front.
pub(crate) const PROBE: &str = "tickmetrics_facade_probe";

thread_local! {
    /// The recorder that is looked for, and whether it was seen.
    static SOUGHT: Cell<Option<(u64, bool)>> = const { Cell::new(None) };
}

/// Whether a recorder was asked for a handle on this thread during the call.
pub(crate) fn sees(recorder: u64, call: impl FnOnce()) -> bool {
    // Known handles would be found without the recorder.
    cache::forget();
    let before = SOUGHT.replace(Some((recorder, false)));
    call();
    SOUGHT.replace(before) == Some((recorder, true))
}

/// Notes that a recorder is asked, and tells whether it is only asked whether it is there.
pub(crate) fn is_probe(recorder: u64, key: &Key) -> bool {
    let _ = SOUGHT.try_with(|sought| {
        if sought.get() == Some((recorder, false)) {
            sought.set(Some((recorder, true)));
        }
    });
    key.name().ends_with(PROBE)
}
