//! Calls under way.

use super::function::Function;
use super::outcome::{self, Ending, Outcome};
use crate::clock;
use crate::handles::{Counter, Histogram, Timer};
use crate::labels::Labels;
use crate::sync::{OnceLock, const_fn};
use std::cell::Cell;
use std::thread::LocalKey;

/// The metrics of a function whose calls are counted, registered by the first call.
#[derive(Debug)]
pub struct Counted<L: Labels = ()> {
    function: Function,
    calls: OnceLock<Counter<L>>,
}

impl<L: Labels> Counted<L> {
    const_fn! {
        /// Not registered yet.
        pub const fn new(function: Function) -> Self {
            Self { function, calls: OnceLock::new() }
        }
    }

    #[inline]
    fn calls(&self) -> &Counter<L> {
        self.calls.get_or_init(|| self.function.calls())
    }
}

/// The metrics of a function whose calls are counted and timed, registered by the first call.
#[derive(Debug)]
pub struct Timed<L: Labels = ()> {
    function: Function,
    metrics: OnceLock<(Counter<L>, Histogram<L>)>,
}

impl<L: Labels> Timed<L> {
    const_fn! {
        /// Not registered yet.
        pub const fn new(function: Function) -> Self {
            Self { function, metrics: OnceLock::new() }
        }
    }

    #[inline]
    fn metrics(&self) -> &(Counter<L>, Histogram<L>) {
        self.metrics.get_or_init(|| (self.function.calls(), self.function.duration()))
    }
}

impl Counted {
    /// Starts a call that is counted, and timed by `timer` if there is one.
    #[inline]
    pub fn start(&'static self, timer: Option<Timer>) -> CountedCall {
        CountedCall { timer, calls: self.calls() }
    }
}

impl Timed {
    /// Starts a call that is counted and timed.
    #[inline]
    pub fn start(&'static self) -> Call {
        self.start_sampled(true)
    }

    /// Starts a call that is counted, and timed if it is `due`.
    #[inline]
    pub fn start_sampled(&'static self, due: bool) -> Call {
        Call { metrics: self.metrics(), start: due.then(clock::ticks) }
    }
}

/// A running call. Its drop records it, however the function ends.
#[derive(Debug)]
#[must_use]
pub struct Call {
    metrics: &'static (Counter, Histogram),
    start: Option<u64>,
}

impl Drop for Call {
    #[inline]
    fn drop(&mut self) {
        let (calls, duration) = self.metrics;
        if let Some(start) = self.start {
            duration.record_since(start);
        }
        calls.inc();
    }
}

/// A running call that a given histogram times.
#[derive(Debug)]
#[must_use]
pub struct CountedCall {
    timer: Option<Timer>,
    calls: &'static Counter,
}

impl Drop for CountedCall {
    #[inline]
    fn drop(&mut self) {
        // The timing ends first.
        drop(self.timer.take());
        self.calls.inc();
    }
}

/// Whether this thread times its present call: the first, and then each `every`th.
#[inline]
pub fn due(countdown: &'static LocalKey<Cell<u32>>, every: u32) -> bool {
    // An error means that the thread-local is destroyed, which never happens without a destructor.
    let left = countdown.try_with(Cell::get).unwrap_or(0);
    let next = left.checked_sub(1).unwrap_or(every - 1);
    let _ = countdown.try_with(|countdown| countdown.set(next));
    left == 0
}

/// A running call whose outcome is recorded.
pub type OutcomeCall = outcome::OutcomeCall<Recording>;

/// Records a call and its outcome when it is dropped.
#[derive(Debug)]
pub struct Recording {
    calls: &'static Counter<Outcome>,
    duration: Duration,
    start: Option<u64>,
    outcome: Outcome,
}

/// The histogram of a call's time.
#[derive(Clone, Copy, Debug)]
enum Duration {
    ByOutcome(&'static Histogram<Outcome>),
    Given(Histogram),
}

impl Counted<Outcome> {
    /// Starts a call whose outcome is counted, and whose time `duration` records if it is `due`.
    #[inline]
    pub fn start(&'static self, due: bool, duration: &Histogram) -> OutcomeCall {
        Recording::start(self.calls(), Duration::Given(*duration), due)
    }
}

impl Timed<Outcome> {
    /// Starts a call that is counted by outcome and, if it is `due`, timed by outcome.
    #[inline]
    pub fn start(&'static self, due: bool) -> OutcomeCall {
        let (calls, duration) = self.metrics();
        Recording::start(calls, Duration::ByOutcome(duration), due)
    }
}

impl Recording {
    #[inline]
    fn start(calls: &'static Counter<Outcome>, duration: Duration, due: bool) -> OutcomeCall {
        let start = due.then(clock::ticks);
        OutcomeCall::start(Self { calls, duration, start, outcome: Outcome::Panic })
    }
}

impl Ending for Recording {
    #[inline]
    fn set(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Recording {
    #[inline]
    fn drop(&mut self) {
        if let Some(start) = self.start {
            match self.duration {
                Duration::ByOutcome(duration) => duration.with(self.outcome).record_since(start),
                Duration::Given(duration) => duration.record_since(start),
            }
        }
        self.calls.with(self.outcome).inc();
    }
}
