//! What `#[timed]` expands to where nothing is counted: no metric is registered.

use super::{Function, Outcome};
use crate::handles::{Histogram, Timer};
use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::LocalKey;

/// A function whose calls would be counted.
#[derive(Debug)]
pub struct Counted<L = ()>(PhantomData<fn(L)>);

/// A function whose calls would be counted and timed.
#[derive(Debug)]
pub struct Timed<L = ()>(PhantomData<fn(L)>);

impl<L> Counted<L> {
    /// Counts nothing.
    pub const fn new(_: Function) -> Self {
        Self(PhantomData)
    }
}

impl<L> Timed<L> {
    /// Counts nothing.
    pub const fn new(_: Function) -> Self {
        Self(PhantomData)
    }
}

impl Counted {
    /// A call.
    #[inline]
    pub fn start(&'static self, timer: Option<Timer>) -> CountedCall {
        timer.map(Timer::discard);
        CountedCall(())
    }
}

impl Timed {
    /// A call.
    #[inline]
    pub fn start(&'static self) -> Call {
        Call(())
    }

    /// A call.
    #[inline]
    pub fn start_sampled(&'static self, _: bool) -> Call {
        Call(())
    }
}

impl Counted<Outcome> {
    /// A call.
    #[inline]
    pub fn start(&'static self, _: bool, _: &Histogram) -> OutcomeCall {
        OutcomeCall(())
    }
}

impl Timed<Outcome> {
    /// A call.
    #[inline]
    pub fn start(&'static self, _: bool) -> OutcomeCall {
        OutcomeCall(())
    }
}

/// A call under way.
#[derive(Debug)]
#[must_use]
pub struct Call(());

/// A call under way that a given histogram would time.
#[derive(Debug)]
#[must_use]
pub struct CountedCall(());

/// A call under way whose outcome would be told.
#[derive(Debug)]
#[must_use]
pub struct OutcomeCall(());

/// Never.
#[inline]
pub fn due(_: &'static LocalKey<Cell<u32>>, _: u32) -> bool {
    false
}

impl OutcomeCall {
    /// Polls the function's future.
    #[inline]
    pub fn poll<F: Future>(
        &mut self,
        body: Pin<&mut F>,
        context: &mut Context<'_>,
    ) -> Poll<F::Output> {
        body.poll(context)
    }

    /// As where calls are counted.
    ///
    /// # Panics
    /// Always.
    pub fn returned<R>() -> R {
        unreachable!("the macro puts it where nothing runs")
    }

    /// The function returned.
    #[inline]
    pub fn finish(self, _: bool) {}
}
