use super::histogram::Histogram;
use super::target::Target;
use crate::clock;
use std::time::Duration;

/// A running timing: its drop records the nanoseconds since its start.
///
/// It holds raw clock ticks, and scales them to nanoseconds once, at the end.
#[derive(Debug)]
#[must_use = "bind it, `let _timer = ...`; `let _ = ...` measures nothing"]
pub struct Timer {
    target: Target,
    start: u64,
}

impl Timer {
    #[inline]
    fn start(target: Target) -> Self {
        Self { target, start: clock::ticks() }
    }

    /// Ends the timing without recording it.
    #[inline]
    pub fn discard(self) {
        std::mem::forget(self);
    }

    /// Ends and records the timing, as a drop does, and returns the duration.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// # let registry = Registry::new();
    /// let wait: Histogram = registry.register(&Description::new("wait", "Waited."))?;
    /// let took = wait.start().stop();
    /// assert_eq!(registry.snapshot().get(&wait).unwrap().sum(), took.as_nanos() as f64);
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    #[inline]
    pub fn stop(self) -> Duration {
        let nanos = clock::nanos(self.start, clock::ticks());
        self.target.record(nanos);
        std::mem::forget(self);
        Duration::from_nanos(nanos)
    }

    /// Ends and records this timing and starts one into `next`, with a single read of the clock.
    /// Consecutive stages leave no gap, and cost one read each.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// # let registry = Registry::new();
    /// # let decode: Histogram = registry.register(&Description::new("decode", "Decoding."))?;
    /// # let book: Histogram = registry.register(&Description::new("book", "Book."))?;
    /// let timer = decode.start();
    /// // ... decode ...
    /// let timer = timer.lap(&book);
    /// // ... update the book ...
    /// drop(timer);
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    #[inline]
    pub fn lap(self, next: &Histogram) -> Timer {
        let now = clock::ticks();
        self.target.record(clock::nanos(self.start, now));
        std::mem::forget(self);
        Timer { target: next.target(), start: now }
    }
}

impl Drop for Timer {
    #[inline]
    fn drop(&mut self) {
        self.target.record(clock::nanos(self.start, clock::ticks()));
    }
}

impl Histogram {
    /// Starts a timing that records itself when it is dropped.
    #[inline]
    pub fn start(&self) -> Timer {
        Timer::start(self.target())
    }

    /// Times a call, including one that panics.
    #[inline]
    pub fn time<R>(&self, call: impl FnOnce() -> R) -> R {
        let _timer = self.start();
        call()
    }
}
