use super::block::Block;
use super::number::Recordable;
use super::target::{Batch, Negative, Target, asking, record};
use crate::bucket::Grid;
use crate::cell::{Cell, Distribution, Head, SharedCell};
use crate::clock;
use crate::exemplar::Slot;
use crate::labels::Index;
use crate::layout::{
    header,
    table::{FOR_NOW, STAND_IN},
};
use crate::scale::{Scale, TOO_LARGE};
use crate::segment::Segment;
use crate::shard;
use crate::sync::Relaxed;
use std::time::Duration;

/// A distribution of values, kept to 1–3 significant digits in HdrHistogram's layout.
///
/// Durations are recorded in nanoseconds and exported in the declared unit. Other quantities are
/// recorded as integers, or in exported units through [`record_f64`](Histogram::record_f64). One
/// last cell counts values above the declared maximum: they are part of the count, the sum and the
/// maximum, and exposed as `<name>_saturated_total`.
///
/// No part of a histogram ever falls. The sum is exact up to 2^67, 2^70 or 2^73 recorded units with
/// 1, 2 or 3 significant digits, for all threads together: 2^70 nanoseconds are 37,000 years. A
/// larger sum is too large by less than the precision. A count of values stops at 2^63 - 1. Counts
/// by [`record_n`](Histogram::record_n) stop at 2^62 for each thread and each value.
///
/// ```
/// use tickmetrics::prelude::*;
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
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub struct Histogram<L = ()> {
    heads: Block<L, Head>,
    /// The first series' distribution.
    first: Distribution,
    /// The shared cells, from the first series' on, that hold the position of each series'
    /// distribution, or 0 before it has one: series with interned labels get cells at their first
    /// use.
    table: SharedCell,
    /// The grid of the distributions. Its tag says whether the metric asks for exemplars.
    grid: Grid,
    scale: Scale,
    /// For how many milliseconds only a larger value replaces an exemplar.
    pub(super) exemplar_period: u32,
}

plain_value!(Histogram; heads);

impl<L> Histogram<L> {
    /// # Safety
    /// Heads, distribution and table belong to one metric, which was registered with this grid. The
    /// table has an entry for each of `L`'s series, and the first entry is that of the
    /// distribution.
    pub(crate) unsafe fn new(
        heads: Block<L, Head>,
        first: Distribution,
        table: SharedCell,
        grid: Grid,
    ) -> Self {
        Self { heads, first, table, grid, scale: Scale::new(1.0), exemplar_period: 0 }
    }

    pub(crate) fn scaled(self, scale: Scale, exemplar_period: u32) -> Self {
        Self { scale, exemplar_period, ..self }
    }

    /// A handle that asks the hook for exemplars.
    pub(crate) fn asking(self) -> Self {
        Self { grid: self.grid.tagged(asking(self.exemplar_period)), ..self }
    }

    /// The block of the series' heads.
    pub(crate) fn heads(&self) -> Block<L, Head> {
        self.heads
    }

    /// Marks a series as declared.
    pub(crate) fn declare_at(&self, index: Index<L>) {
        self.heads.declare(index);
    }

    /// The histogram of the one series that `index` names. `stand_in` gives the series that
    /// replaces one without cells.
    #[inline]
    pub(crate) fn at(&self, index: Index<L>, stand_in: fn(Index<L>) -> Index<L>) -> Histogram {
        let entry = self.entry(index);
        let (index, first) = if crate::IS_OFF {
            (Index::FIRST, self.first)
        } else if entry == 0 || entry >= STAND_IN {
            self.at_new(index, stand_in)
        } else {
            // SAFETY: the entry is not 0 and below `STAND_IN`.
            (index, unsafe { known(entry) })
        };
        let (heads, table) = (self.heads.at(index), self.table_cell(index));
        let Self { grid, scale, exemplar_period, .. } = *self;
        Histogram { heads, first, table, grid, scale, exemplar_period }
    }

    /// The position of a series' entry in the table.
    #[inline]
    fn table_cell(&self, index: Index<L>) -> SharedCell {
        // SAFETY: the table has an entry for each of `L`'s series; a sink is asked for its first.
        unsafe { self.table.plus(self.heads.series(index)) }
    }

    /// A series' entry in the table.
    #[inline]
    fn entry(&self, index: Index<L>) -> u64 {
        shard::shared(self.table_cell(index)).map_or(0, |entry| entry.load(Relaxed))
    }

    /// The first use of a series takes cells for it. If no cells are left, the series with `other`
    /// for each interned label stands in from then on, and each use is counted. If the system has
    /// no memory for the cells, the stand-in lasts until it has some: once in some thousand uses it
    /// is asked again. Returns a series and its distribution.
    #[cold]
    #[inline(never)]
    #[expect(clippy::cast_possible_truncation, reason = "halves of an entry")]
    fn at_new(
        &self,
        index: Index<L>,
        stand_in: fn(Index<L>) -> Index<L>,
    ) -> (Index<L>, Distribution) {
        let Some(segment) = Segment::current() else { return (Index::FIRST, self.first) };
        let mut entry = self.entry(index);
        if entry < STAND_IN || (entry & FOR_NOW != 0 && segment.may_ask_for_series()) {
            let known = self.table_cell(index).number();
            let found = segment.registration().find_distribution(known, self.grid);
            let exhausted = match found {
                // SAFETY: registration handed it out just now, or before.
                Ok(first) => return (index, unsafe { Distribution::new(first) }),
                Err(exhausted) => exhausted,
            };
            let mut other = STAND_IN | u64::from(self.heads.series(stand_in(index)));
            if exhausted.refused.is_some() {
                segment.series_was_refused();
                other |= FOR_NOW;
            }
            // Cells that another thread got meanwhile stay.
            let known = &segment.shared()[known];
            let _ = known.compare_exchange(entry, other, Relaxed, Relaxed);
            entry = other;
        }
        segment.count(header::SATURATED_LABELS);
        // SAFETY: the number stored above is that of one of `L`'s series.
        let index = unsafe { Index::new(entry as u32 as usize) };
        match self.entry(index) {
            // Registration gave these series cells, so the last case never occurs.
            // SAFETY: the entry is not 0 and below `STAND_IN`.
            first if first != 0 && first < STAND_IN => (index, unsafe { known(first) }),
            _ => (Index::FIRST, self.first),
        }
    }
}

/// The distribution that a table's entry names.
///
/// # Safety
/// The entry was stored by registration, and lies between 0 and `STAND_IN`, both
/// excluded.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "less than STAND_IN")]
unsafe fn known(entry: u64) -> Distribution {
    // SAFETY: registration handed out the stored cell.
    unsafe { Distribution::new(entry as u32) }
}

impl Histogram {
    #[inline]
    pub(super) fn target(&self) -> Target {
        Target { head: self.heads.first, first: self.first, grid: self.grid }
    }

    /// The position of the exemplar.
    #[inline]
    pub(crate) fn slot(&self) -> Slot {
        Slot { head: self.heads.first, distribution: self.first }
    }

    /// The cell that counts a value.
    #[inline]
    fn cell(&self, value: u64) -> Cell {
        // SAFETY: the grid is that of the distribution, and an index is less than a grid's cells.
        unsafe { self.first.cell(self.grid.index(value)) }
    }

    /// Records a value: a `u64` in recorded units, which are nanoseconds if the unit is one of
    /// time, or a [`Duration`].
    #[inline]
    pub fn record(&self, value: impl Recordable) {
        // SAFETY: they belong together, as the handle says.
        unsafe { record::<false>(self.heads.first, self.first, &self.grid, value.to_u64()) };
    }

    /// Records a value whose trace the caller knows.
    #[inline]
    pub(super) fn record_given(&self, value: u64) {
        // SAFETY: they belong together, as the handle says.
        unsafe { record::<true>(self.heads.first, self.first, &self.grid, value) };
    }

    /// Records the same value `n` times. For values of one cell, this adds no more once this thread
    /// has recorded 2^62.
    #[inline]
    pub fn record_n(&self, value: u64, n: u64) {
        if n > 0 {
            shard::record(Batch {
                head: self.heads.first,
                cell: self.cell(value),
                n,
                sum: u128::from(value) * u128::from(n),
                min: value,
                max: value,
                outside: value > self.grid.max(),
            });
        }
    }

    /// Records a value that may be negative, such as the difference of two clocks. Negative values
    /// are counted separately and exposed as `<name>_negative_total`. They are part of nothing
    /// else.
    #[inline]
    pub fn record_signed(&self, value: i64) {
        match u64::try_from(value) {
            Ok(value) => self.record(value),
            Err(_) => shard::record(Negative { head: self.heads.first }),
        }
    }

    /// Records a duration. A duration of more than 584 years counts as 584 years.
    #[inline]
    pub fn record_duration(&self, duration: Duration) {
        self.record(duration);
    }

    /// Records a quantity in exported units, rounded to the nearest recorded unit. A quantity
    /// outside 0 to 2^64 recorded units (negative, infinite, NaN) is counted with the negative
    /// values of [`record_signed`](Histogram::record_signed).
    #[inline]
    pub fn record_f64(&self, quantity: f64) {
        match self.recorded(quantity) {
            Some(value) => self.record(value),
            None => shard::record(Negative { head: self.heads.first }),
        }
    }

    /// A quantity in recorded units, if it is in range.
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    pub(super) fn recorded(&self, quantity: f64) -> Option<u64> {
        let value = self.scale.record(quantity);
        (0.0..TOO_LARGE).contains(&value).then_some(value as u64)
    }

    /// Records a value, and the values that a caller that waits for each answer could not measure
    /// meanwhile (coordinated omission): `value - expected_interval`, less another interval, and so
    /// on, down to the interval itself. The rule is `HdrHistogram`'s
    /// `recordValueWithExpectedInterval`.
    ///
    /// An interval of 0 corrects nothing. The work grows with the number of cells between, not with
    /// the number of values added.
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
            shard::record(Batch {
                head: self.heads.first,
                cell: self.cell(top),
                n,
                sum,
                min: bottom,
                max: top,
                outside: cell == self.grid.saturated(),
            });
            k = through + 1;
        }
    }

    /// Records the time since these clock ticks. Out of line, so that the drop of a guard stays
    /// small: a function has one for each of its exits.
    #[inline(never)]
    pub(crate) fn record_since(&self, start: u64) {
        self.record(clock::nanos(start, clock::ticks()));
    }
}
