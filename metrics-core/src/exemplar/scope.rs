//! A thread's trace, as the program marks it.

use crate::sync::thread_local;
use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    /// The ids of the trace and of the span; 0 without a trace. Without a destructor, so it can be
    /// read at any time.
    static CURRENT: Cell<(u128, u64)> = const { Cell::new((0, 0)) };
}

/// The trace and the span that the calling thread works for, from [`enter`](Scope::enter) to the
/// drop. Scopes nest: the drop brings back the ids from before.
///
/// A task that moves between threads enters a scope at each of its polls, since a scope belongs to
/// its thread.
#[derive(Debug)]
#[must_use = "bind it, `let _scope = ...`; `let _ = ...` ends it at once"]
pub struct Scope {
    before: (u128, u64),
    /// Of one thread: neither `Send` nor `Sync`.
    of_thread: PhantomData<*const ()>,
}

impl Scope {
    /// Marks that the calling thread works for this trace and span. With 0 as the trace's id it
    /// works for none.
    ///
    /// ```
    /// use tickmetrics::exemplar::{Scope, current};
    ///
    /// let _order = Scope::enter(7, 1);
    /// {
    ///     let _check = Scope::enter(7, 2);
    ///     assert_eq!(current(), Some((7, 2)));
    /// }
    /// assert_eq!(current(), Some((7, 1)));
    /// ```
    #[inline]
    pub fn enter(trace_id: u128, span_id: u64) -> Self {
        let before = CURRENT.try_with(|now| now.replace((trace_id, span_id))).unwrap_or_default();
        Self { before, of_thread: PhantomData }
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|now| now.set(self.before));
    }
}

/// The ids of the trace and of the span that the calling thread's [`Scope`] names: a hook for
/// [`set_hook`](super::set_hook).
#[inline]
pub fn current() -> Option<(u128, u64)> {
    CURRENT.try_with(Cell::get).ok().filter(|(trace, _)| *trace != 0)
}
