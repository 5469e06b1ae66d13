//! The trace of the request that this thread is working on.

use super::TraceContext;
use std::cell::Cell;

thread_local! {
    static CURRENT: Cell<Option<TraceContext>> = const { Cell::new(None) };
}

/// Swaps a context with the thread's, until it is dropped.
pub(crate) struct Entered<'a>(&'a mut Option<TraceContext>);

impl<'a> Entered<'a> {
    pub(crate) fn new(context: &'a mut Option<TraceContext>) -> Self {
        swap(context);
        Self(context)
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        swap(self.0);
    }
}

fn swap(context: &mut Option<TraceContext>) {
    // A thread that ends has no context.
    let _ = CURRENT.try_with(|current| *context = current.replace(context.take()));
}

pub(super) fn get() -> Option<TraceContext> {
    let clone = |current: &Cell<Option<TraceContext>>| {
        let context = current.take();
        current.set(context.clone());
        context
    };
    CURRENT.try_with(clone).ok().flatten()
}
