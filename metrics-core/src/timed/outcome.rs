//! The outcome of a call, and the call that learns it.

use crate::labels::{Label, Values};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned anything but `Err`: `None` is `Ok`, too.
    Ok,
    /// It returned `Err`.
    Err,
    /// It panicked.
    Panic,
    /// Its future was dropped before completion.
    Cancelled,
}

impl Label for Outcome {
    const NAME: &'static str = "outcome";
    const COUNT: usize = 4;

    fn values() -> Values {
        Values::Fixed(&["ok", "err", "panic", "cancelled"])
    }

    #[inline]
    fn index(self) -> usize {
        self as usize
    }
}

/// A running call that learns its outcome. Its drop records the call.
pub trait Ending {
    /// Sets the outcome that a drop would have from now on.
    fn set(&mut self, outcome: Outcome);
}

/// A running call whose outcome is recorded.
#[derive(Debug)]
#[must_use]
pub struct OutcomeCall<E: Ending>(E);

impl<E: Ending> OutcomeCall<E> {
    /// A function that ends without setting another outcome has panicked.
    #[inline]
    pub(super) fn start(mut ending: E) -> Self {
        ending.set(Outcome::Panic);
        Self(ending)
    }

    /// Polls the function's future. A drop between two polls is a cancellation.
    #[inline]
    pub fn poll<F: Future>(
        &mut self,
        body: Pin<&mut F>,
        context: &mut Context<'_>,
    ) -> Poll<F::Output> {
        self.0.set(Outcome::Panic);
        let polled = body.poll(context);
        self.0.set(Outcome::Cancelled);
        polled
    }

    /// Never called. `if false { return OutcomeCall::returned::<R>(); }` gives an async block its
    /// return type, which the block can't declare.
    ///
    /// # Panics
    /// Always.
    pub fn returned<R>() -> R {
        unreachable!("the macro puts it where nothing runs")
    }

    /// The function returned.
    #[inline]
    pub fn finish(mut self, is_err: bool) {
        self.0.set(if is_err { Outcome::Err } else { Outcome::Ok });
    }
}
