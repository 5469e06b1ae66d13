//! One way to do an operation.

use std::hint::black_box;

/// A way to do an operation many times, which reports afterwards how often it was done.
#[expect(missing_debug_implementations, reason = "it is closures")]
pub struct Candidate {
    /// The library, and its way.
    pub name: String,
    batch: Box<dyn Fn(usize) + Send + Sync>,
    count: Box<dyn Fn() -> u64 + Send + Sync>,
    between: Box<dyn Fn() + Send + Sync>,
}

/// Does `n` turns of `operation`, which gets the number of each turn.
///
/// One function for every candidate, so that all loops have the same shape. Loads and stores of
/// `operation` can't be moved out of the loop or merged between turns: the box is a barrier for the
/// compiler, and no instruction for the processor.
#[inline(never)]
pub(crate) fn batch(n: usize, mut operation: impl FnMut(usize)) {
    for turn in 0..n {
        operation(turn);
        black_box(());
    }
}

/// Cache lines of its own: two, since processors fetch pairs of them.
#[repr(align(128))]
struct Apart<T>(T);

/// Keeps a value for ever, at an address that the optimiser does not know, on other cache lines
/// than those that other candidates write.
pub(crate) fn kept<T>(value: T) -> &'static T {
    black_box(&Box::leak(Box::new(Apart(value))).0)
}

impl Candidate {
    /// `operation` is done once each turn; `count` returns the number of operations since the
    /// candidate was made.
    pub(crate) fn new(
        name: &str,
        operation: impl Fn(usize) + Send + Sync + 'static,
        count: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self::batched(name, move |n| batch(n, &operation), count)
    }

    /// As `new`, with a preparation for each batch: for example a lock for data that one thread
    /// must own.
    pub(crate) fn batched(
        name: &str,
        batch: impl Fn(usize) + Send + Sync + 'static,
        count: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            batch: Box::new(batch),
            count: Box::new(count),
            between: Box::new(|| ()),
        }
    }

    /// Adds an action between batches, which is not timed.
    pub(crate) fn between(mut self, what: impl Fn() + Send + Sync + 'static) -> Self {
        self.between = Box::new(what);
        self
    }

    /// Runs each batch inside `around`, which calls its argument.
    pub(crate) fn inside(mut self, around: impl Fn(&dyn Fn()) + Send + Sync + 'static) -> Self {
        let batch = self.batch;
        self.batch = Box::new(move |n| around(&|| batch(n)));
        self
    }

    /// Does the operation so many times.
    pub fn run(&self, turns: usize) {
        (self.batch)(turns);
    }

    /// Does the untimed action between two runs.
    pub fn tidy(&self) {
        (self.between)();
    }

    /// Checks that as many operations were counted as were done.
    ///
    /// # Errors
    /// If the numbers differ.
    pub fn check(&self, turns: u64) -> Result<(), String> {
        let (expected, counted) = (turns, (self.count)());
        if expected == counted {
            return Ok(());
        }
        Err(format!("{}: {expected} operations were done, and {counted} counted", self.name))
    }
}
