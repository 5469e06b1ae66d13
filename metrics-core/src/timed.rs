//! The expansion of `#[timed]`. Only the macro uses it, through `__private`.

mod path;

pub use path::path_of;

use crate::clock;
use crate::handles::{Counter, Histogram, Timer};
use crate::labels::{Label, Labels, Values};
use crate::registry::{Description, register_or_sink};
use crate::sync::{OnceLock, const_fn};
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::LocalKey;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned anything but `Err`.
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

/// A timed function: the names and labels of its metrics.
#[derive(Debug)]
pub struct Function {
    /// `function`, or the given `name`.
    pub base: &'static str,
    /// `module_path!()`.
    pub module: &'static str,
    /// Its identifier.
    pub function: &'static str,
    /// Whether the signature has a `self` or a `Self`.
    pub is_method: bool,
    /// Returns the name of a closure in the static that holds this.
    pub path: fn() -> &'static str,
    /// Constant labels given by the attribute.
    pub labels: &'static [(&'static str, &'static str)],
}

impl Function {
    fn describe(&self, what: &str, help: &str) -> Description {
        let function = path::name(self.function, self.module, self.is_method, (self.path)());
        // Functions with and without an outcome, or a label of their own, share these names.
        let description = Description::new(format!("{}_{what}", self.base), help)
            .mixed()
            .constant("module", self.module)
            .constant("function", function);
        // In one order, so that two functions of one name agree.
        let mut labels = self.labels.to_vec();
        labels.sort_unstable();
        labels.into_iter().fold(description, |to, (name, value)| to.constant(name, value))
    }

    fn calls<L: Labels>(&self) -> Counter<L> {
        register_or_sink(&self.describe("calls_total", "Calls of the function that ended."))
    }

    fn duration<L: Labels>(&self) -> Histogram<L> {
        let description = self.describe("duration_seconds", "Time from call to end.");
        register_or_sink(&description.unit("seconds"))
    }
}

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
#[derive(Debug)]
#[must_use]
pub struct OutcomeCall {
    calls: &'static Counter<Outcome>,
    duration: Duration,
    start: Option<u64>,
    /// The outcome at the drop, unless it is set before.
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
        OutcomeCall::start(self.calls(), Duration::Given(*duration), due)
    }
}

impl Timed<Outcome> {
    /// Starts a call that is counted by outcome and, if it is `due`, timed by outcome.
    #[inline]
    pub fn start(&'static self, due: bool) -> OutcomeCall {
        let (calls, duration) = self.metrics();
        OutcomeCall::start(calls, Duration::ByOutcome(duration), due)
    }
}

impl OutcomeCall {
    #[inline]
    fn start(calls: &'static Counter<Outcome>, duration: Duration, due: bool) -> Self {
        let start = due.then(clock::ticks);
        // A function that ends without setting another outcome has panicked.
        Self { calls, duration, start, outcome: Outcome::Panic }
    }

    /// Polls the function's future. A drop between two polls is a cancellation.
    #[inline]
    pub fn poll<F: Future>(
        &mut self,
        body: Pin<&mut F>,
        context: &mut Context<'_>,
    ) -> Poll<F::Output> {
        self.outcome = Outcome::Panic;
        let polled = body.poll(context);
        self.outcome = Outcome::Cancelled;
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
        self.outcome = if is_err { Outcome::Err } else { Outcome::Ok };
    }
}

impl Drop for OutcomeCall {
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

/// A function's result, which reports whether it is an error: `Result` by its own method, any other
/// type by [`NoResult`].
#[derive(Debug)]
pub struct Ended<'a, T>(pub &'a T);

impl<T, E> Ended<'_, Result<T, E>> {
    /// Whether it is `Err`.
    #[inline]
    pub fn is_err(&self) -> bool {
        self.0.is_err()
    }
}

/// A type other than `Result`, which is never an error.
pub trait NoResult {
    /// False.
    #[inline]
    fn is_err(&self) -> bool {
        false
    }
}

impl<T> NoResult for Ended<'_, T> {}

/// Calls a function body. As an argument of this function, a closure is an `FnOnce`, so its result
/// may borrow from its captures.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it stands for no call at all")]
pub fn call<R>(body: impl FnOnce() -> R) -> R {
    body()
}
