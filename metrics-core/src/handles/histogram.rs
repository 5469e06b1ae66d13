use super::{Block, Timer};
use crate::bucket::Grid;
use crate::scale::Scale;
use crate::shard::{self, Cells, Record};
use std::time::Duration;

/// Cells of a series apart from its distribution. The heads of a metric's series lie side by side.
pub(crate) const HEAD_CELLS: u32 = 4;

/// What the cells of a head are. All start at zero and only grow, so that "the smallest value" is
/// kept as the largest complement.
pub(crate) mod head {
    /// The sum of all values, modulo 2^64.
    pub(crate) const SUM: u32 = 0;
    /// The complement of the smallest value.
    pub(crate) const NOT_MIN: u32 = 1;
    /// The largest value.
    pub(crate) const MAX: u32 = 2;
    /// How many negative values were offered.
    pub(crate) const NEGATIVE: u32 = 3;
}

/// A distribution of values, kept to 1–3 significant digits in HdrHistogram's layout.
///
/// Durations are recorded in nanoseconds and exported in the declared unit; other quantities are
/// recorded as integers, or through [`record_f64`](Histogram::record_f64) in exported units.
/// Values above the declared maximum are counted in one last cell: they are part of the count, the
/// sum and the maximum, and exposed as `<name>_saturated_total`. The sum is modulo 2^64 recorded
/// units, which is 584 years of nanoseconds.
///
/// ```
/// use metrics_core::prelude::*;
///
/// let registry = Registry::new();
/// let wait: Histogram = registry.register(
///     &Description::new("wait_seconds", "Time in the queue.").unit("seconds"),
/// )?;
/// wait.record(1_500); // nanoseconds
/// wait.record_duration(std::time::Duration::from_micros(2));
/// let answer = wait.time(|| 42);
///
/// let snapshot = registry.snapshot();
/// let wait = snapshot.histogram("wait_seconds", &[]).unwrap();
/// assert_eq!((answer, wait.count()), (42, 3));
/// # Ok::<(), metrics_core::RegisterError>(())
/// ```
#[derive(Debug)]
pub struct Histogram<L = ()> {
    /// The heads.
    pub(crate) heads: Block<L>,
    /// The first cell of the first series' distribution.
    pub(crate) first: u32,
    pub(crate) grid: Grid,
    pub(crate) scale: Scale,
}

impl<L> Clone for Histogram<L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L> Copy for Histogram<L> {}

impl<L> Histogram<L> {
    /// The histogram of the one series that `index` names.
    #[inline]
    pub(crate) fn at(&self, index: usize) -> Histogram {
        Histogram {
            heads: self.heads.at(index, HEAD_CELLS),
            first: self.first + self.heads.clamp(index) * self.grid.cells(),
            grid: self.grid,
            scale: self.scale,
        }
    }
}

/// `n` values in one cell of the distribution.
struct Values {
    head: u32,
    cell: u32,
    n: u64,
    sum: u64,
    min: u64,
    max: u64,
}

impl Record for Values {
    #[inline]
    fn record(self, cells: impl Cells) {
        cells.add(self.head + head::SUM, self.sum);
        cells.raise(self.head + head::NOT_MIN, !self.min);
        cells.raise(self.head + head::MAX, self.max);
        cells.add(self.cell, self.n);
    }
}

struct Negative {
    head: u32,
}

impl Record for Negative {
    #[inline]
    fn record(self, cells: impl Cells) {
        cells.add(self.head + head::NEGATIVE, 1);
    }
}

impl Histogram {
    /// Records a value in recorded units: nanoseconds for a duration.
    #[inline]
    pub fn record(&self, value: u64) {
        self.record_n(value, 1);
    }

    /// Records the same value `n` times.
    #[inline]
    pub fn record_n(&self, value: u64, n: u64) {
        if n > 0 {
            shard::record(Values {
                head: self.heads.first,
                cell: self.first + self.grid.index(value),
                n,
                sum: value.wrapping_mul(n),
                min: value,
                max: value,
            });
        }
    }

    /// Records a value that may be negative, as the difference of two clocks can be. Negative ones
    /// are counted apart and exposed as `<name>_negative_total`; they are part of nothing else.
    #[inline]
    pub fn record_signed(&self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.record(value),
            Err(_) => shard::record(Negative { head: self.heads.first }),
        }
    }

    /// Records a duration; more than 584 years count as 584 years.
    #[inline]
    pub fn record_duration(&self, duration: Duration) {
        self.record(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Records a quantity in exported units, rounded to the nearest recorded unit. A negative one is
    /// counted as [`record_signed`](Histogram::record_signed) does, and so is NaN.
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    pub fn record_f64(&self, quantity: f64) {
        let value = self.scale.record(quantity);
        if value >= 0.0 {
            self.record(value as u64);
        } else {
            shard::record(Negative { head: self.heads.first });
        }
    }

    /// Records a value, and those that a caller who waits for each answer was kept from measuring
    /// (coordinated omission): `value - expected_interval`, less another interval, and so on, down
    /// to the interval itself. The rule is `HdrHistogram`'s `recordValueWithExpectedInterval`.
    ///
    /// An interval of 0 corrects nothing. The work grows with the cells passed over, not with the
    /// values added.
    pub fn record_corrected(&self, value: u64, expected_interval: u64) {
        self.record(value);
        let interval = expected_interval;
        if interval == 0 || value < interval.saturating_mul(2) {
            return;
        }
        // The values `value - k * interval` for k in 1..=last, cell by cell from the top.
        let last = value / interval - 1;
        let mut k = 1;
        while k <= last {
            let top = value - k * interval;
            let cell = self.grid.index(top);
            // The largest k whose value is not below this cell.
            let through = ((value - self.grid.lowest(cell)) / interval).min(last);
            let n = through - k + 1;
            let bottom = value - through * interval;
            // An arithmetic series. u128: a product of two u64 halves stays exact.
            let sum = (u128::from(top) + u128::from(bottom)) * u128::from(n) / 2;
            shard::record(Values {
                head: self.heads.first,
                cell: self.first + cell,
                n,
                #[expect(clippy::cast_possible_truncation, reason = "sums are modulo 2^64")]
                sum: sum as u64,
                min: bottom,
                max: top,
            });
            k = through + 1;
        }
    }

    /// Starts a timing that records itself when it is dropped.
    #[inline]
    pub fn start(&self) -> Timer {
        Timer::start(*self)
    }

    /// Times a call, also one that panics.
    #[inline]
    pub fn time<R>(&self, call: impl FnOnce() -> R) -> R {
        let _timer = self.start();
        call()
    }
}
