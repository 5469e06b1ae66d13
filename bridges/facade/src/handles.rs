//! What a kept handle of `metrics` does.

use metrics::{CounterFn, GaugeFn, HistogramFn};
use std::sync::{Mutex, PoisonError};
use tickmetrics::{Counter, Gauge, Histogram};

/// 2^64: the first value that no `u64` holds.
const TOO_LARGE: f64 = 18_446_744_073_709_551_616.0;

/// Held by whoever raises a counter to a value. Recorders can share counters, so it is one for all.
static RAISING: Mutex<()> = Mutex::new(());

pub(crate) struct CountUp(pub(crate) Counter);

impl CounterFn for CountUp {
    #[inline]
    fn increment(&self, value: u64) {
        self.0.add(value);
    }

    /// Raises the counter to a value, unless it is there already. Increments of other threads in
    /// the same moment come on top.
    fn absolute(&self, value: u64) {
        let _raising = RAISING.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = value.saturating_sub(self.0.get());
        if missing > 0 {
            self.0.add(missing);
        }
    }
}

pub(crate) struct Level(pub(crate) Gauge);

impl GaugeFn for Level {
    fn increment(&self, value: f64) {
        self.0.add(value);
    }

    fn decrement(&self, value: f64) {
        self.0.sub(value);
    }

    #[inline]
    fn set(&self, value: f64) {
        self.0.set(value);
    }
}

pub(crate) struct Values {
    pub(crate) histogram: Histogram,
    /// Recorded units in one of the values.
    pub(crate) per_unit: f64,
}

impl Values {
    /// A value in recorded units; `None` for a negative one and for NaN.
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    fn recorded(&self, value: f64) -> Option<u64> {
        let value = value * self.per_unit + 0.5;
        // The nearest integer of less than half a unit below 0 is 0.
        match value {
            0.0..TOO_LARGE => Some(value as u64),
            TOO_LARGE.. => Some(u64::MAX),
            _ => None,
        }
    }
}

impl HistogramFn for Values {
    #[inline]
    fn record(&self, value: f64) {
        match self.recorded(value) {
            Some(value) => self.histogram.record(value),
            None => self.histogram.record_signed(-1),
        }
    }

    fn record_many(&self, value: f64, count: usize) {
        match self.recorded(value) {
            Some(value) => self.histogram.record_n(value, count as u64),
            None => (0..count).for_each(|_| self.histogram.record_signed(-1)),
        }
    }
}
