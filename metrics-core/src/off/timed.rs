//! The expansion of `#[timed]` in a build that counts nothing. It registers no metric.

use super::function::Function;
use super::outcome::{self, Ending, Outcome};
use crate::handles::{Histogram, Timer};
use std::cell::Cell;
use std::marker::PhantomData;
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
        OutcomeCall::start(Unrecorded)
    }
}

impl Timed<Outcome> {
    /// A call.
    #[inline]
    pub fn start(&'static self, _: bool) -> OutcomeCall {
        OutcomeCall::start(Unrecorded)
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

/// A call under way whose outcome would be recorded.
pub type OutcomeCall = outcome::OutcomeCall<Unrecorded>;

/// Forgets the outcome of a call.
#[derive(Debug)]
pub struct Unrecorded;

impl Ending for Unrecorded {
    #[inline]
    fn set(&mut self, _: Outcome) {}
}

/// Never.
#[inline]
pub fn due(_: &'static LocalKey<Cell<u32>>, _: u32) -> bool {
    false
}
