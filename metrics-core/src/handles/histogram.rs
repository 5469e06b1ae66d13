use super::number::Recordable;
use super::{Block, Timer};
use crate::bucket::Grid;
use crate::cell::{Both, Cell, Distribution, First, Head, SharedCell};
use crate::clock;
use crate::exemplar::Slot;
use crate::labels::Index;
use crate::layout::{OUTSIDE_BITS, head, header};
use crate::scale::{Scale, TOO_LARGE};
use crate::segment::{Exhausted, Segment};
use crate::shard::{self, Cells, Record};
use crate::sync::Relaxed;
use std::time::Duration;

/// Entries of a histogram's table from here on name the series that stands in, in their lower half.
/// Those below are 0 or the first cell of the series.
pub(crate) const STAND_IN: u64 = 1 << 32;
/// In an entry of such a series: the system had no memory for its cells, and may have some later.
const FOR_NOW: u64 = 1 << 33;

/// The first cell of the series with this entry of the table, which gets cells if it has none.
#[expect(clippy::cast_possible_truncation, reason = "less than STAND_IN")]
pub(crate) fn place(segment: &Segment, entry: usize, grid: Grid) -> Result<u32, Exhausted> {
    let registration = segment.registration();
    let entry = &segment.shared()[entry];
    // Relaxed, as for every entry: it is a number that says nothing about other memory, since cells
    // are there from the start. Cells are stored under the lock, so that no series gets them twice.
    if let known @ 1..STAND_IN = entry.load(Relaxed) {
        return Ok(known as u32);
    }
    let first = registration.distributions(grid, 1)?;
    entry.store(u64::from(first), Relaxed);
    Ok(first)
}

/// A distribution of values, kept to 1–3 significant digits in HdrHistogram's layout.
///
/// Durations are recorded in nanoseconds and exported in the declared unit; other quantities are
/// recorded as integers, or through [`record_f64`](Histogram::record_f64) in exported units.
/// Values above the declared maximum are counted in one last cell: they are part of the count, the
/// sum and the maximum, and exposed as `<name>_saturated_total`.
///
/// Nothing of it ever falls. The sum is exact up to 2^67, 2^70 or 2^73 recorded units with 1, 2 or 3
/// significant digits, of all threads together: 2^70 nanoseconds are 37,000 years. From there on it
/// is too large by less than the precision. A count of values stops at 2^63 - 1. What
/// [`record_n`](Histogram::record_n) adds stops at 2^62 for each thread and each value.
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
    /// The shared cells, from the first series' on, that say for each where its distribution begins,
    /// or 0 where it has none yet: those of interned labels get cells once they are asked for.
    table: SharedCell,
    /// The grid of the distributions.
    grid: Grid,
    scale: Scale,
    /// For how many milliseconds only a larger value takes an exemplar's place.
    pub(super) exemplar_period: u32,
}

plain_value!(Histogram; heads);

impl<L> Histogram<L> {
    /// # Safety
    /// Heads, distribution and table are one metric's, which was registered with this grid. The
    /// table has an entry for each of `L`'s series, and the first one's is that of the distribution.
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

    /// Where its series' heads are.
    pub(crate) fn heads(&self) -> Block<L, Head> {
        self.heads
    }

    /// Marks a series as declared.
    pub(crate) fn declare_at(&self, index: Index<L>) {
        self.heads.declare(index);
    }

    /// The histogram of the one series that `index` names. `stand_in` tells which series takes the
    /// place of one that finds no cells.
    #[inline]
    pub(crate) fn at(&self, index: Index<L>, stand_in: fn(Index<L>) -> Index<L>) -> Histogram {
        let entry = self.entry(index);
        let (index, first) = if entry == 0 || entry >= STAND_IN {
            self.at_new(index, stand_in)
        } else {
            // SAFETY: it is such an entry.
            (index, unsafe { known(entry) })
        };
        let (heads, table) = (self.heads.at(index), self.place(index));
        let Self { grid, scale, exemplar_period, .. } = *self;
        Histogram { heads, first, table, grid, scale, exemplar_period }
    }

    /// Where the table says what there is of a series.
    #[inline]
    fn place(&self, index: Index<L>) -> SharedCell {
        // SAFETY: the table has an entry for each of `L`'s series; a sink is asked for its first.
        unsafe { self.table.plus(self.heads.place(index)) }
    }

    /// What the table says of a series.
    #[inline]
    fn entry(&self, index: Index<L>) -> u64 {
        shard::shared(self.place(index)).map_or(0, |entry| entry.load(Relaxed))
    }

    /// The first use of a series takes cells for it. Where there are none left, the series with
    /// `other` for each interned label stands in from then on, counted each time; where the system
    /// has no memory for them, until it has, for which it is asked once in some thousand times.
    /// Answers a series and its distribution.
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
            let place = self.place(index).number();
            let exhausted = match self::place(segment, place, self.grid) {
                // SAFETY: registration handed it out just now, or before.
                Ok(first) => return (index, unsafe { Distribution::new(first) }),
                Err(exhausted) => exhausted,
            };
            let mut other = STAND_IN | u64::from(self.heads.place(stand_in(index)));
            if exhausted.refused.is_some() {
                segment.series_was_refused();
                other |= FOR_NOW;
            }
            // Not over cells that another thread got meanwhile.
            let known = &segment.shared()[place];
            let _ = known.compare_exchange(entry, other, Relaxed, Relaxed);
            entry = other;
        }
        segment.count(header::SATURATED_LABELS);
        // SAFETY: what is stored above is one of `L`'s series.
        let index = unsafe { Index::new(entry as u32 as usize) };
        match self.entry(index) {
            // Registration gave these series cells, so that the last case is none.
            // SAFETY: it is such an entry.
            first if first != 0 && first < STAND_IN => (index, unsafe { known(first) }),
            _ => (Index::FIRST, self.first),
        }
    }
}

/// The distribution that an entry of the table names.
///
/// # Safety
/// The entry is one that `place` or registration stored, and neither 0 nor `STAND_IN` or more.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "less than STAND_IN")]
unsafe fn known(entry: u64) -> Distribution {
    // SAFETY: registration handed out what is stored there.
    unsafe { Distribution::new(entry as u32) }
}

/// `n` values of one cell of the distribution.
struct Many {
    head: First<Head>,
    cell: Cell,
    n: u64,
    sum: u128,
    min: u64,
    max: u64,
    /// Whether they are above the declared maximum.
    outside: bool,
}

struct Negative {
    head: First<Head>,
}

impl Record for Many {
    #[inline]
    fn record(self, cells: impl Cells) {
        cells.raise(self.head.cell(head::NOT_MIN), !self.min);
        cells.raise(self.head.cell(head::MAX), self.max);
        // After these and with Release: who has seen the count finds its cell between the bounds.
        let counted = cells.count(self.cell, self.n);
        // What was not counted is not in the sum either, or a reader could not tell the whole of it.
        let sum =
            if counted == self.n { self.sum } else { u128::from(self.min) * u128::from(counted) };
        #[expect(clippy::cast_possible_truncation, reason = "modulo 2^64")]
        cells.add(self.head.cell(head::SUM), sum as u64);
        if self.outside {
            let sum = u64::try_from(sum >> OUTSIDE_BITS).unwrap_or(u64::MAX);
            cells.add_saturating(self.head.cell(head::OUTSIDE), sum);
        }
    }
}

impl Record for Negative {
    #[inline]
    fn record(self, cells: impl Cells) {
        cells.add(self.head.cell(head::NEGATIVE), 1);
    }
}

/// What a record needs to know of a series. The grid is that of the distribution.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target {
    head: First<Head>,
    first: Distribution,
    grid: Grid,
}

impl Target {
    #[inline]
    pub(crate) fn record(&self, value: u64) {
        // SAFETY: they belong together, as above.
        unsafe { record(self.head, self.first, &self.grid, value) };
    }
}

/// Values that are no new extremes and have a cell of their own follow each other: one comparison
/// finds that a value needs no more than two adds. The grid is given by reference, so that no more of
/// it is loaded than is used: loads are most of what a record takes.
///
/// # Safety
/// The grid is that of the distribution.
#[inline]
unsafe fn record(head: First<Head>, first: Distribution, grid: &Grid, value: u64) {
    if let Some(cells) = shard::own()
        && value.wrapping_add(cells.get(head.cell(head::MINUS_FIRST)))
            < cells.get(head.cell(head::KNOWN))
    {
        cells.add(head.cell(head::SUM), value);
        // SAFETY: what lies between the head's bounds is not above the maximum, and has a cell.
        let cell = unsafe { first.cell(grid.fine(value)) };
        // Release, as in `Many::record`.
        cells.add_release(cell, 1);
    } else {
        let (max, half_bits) = grid.bounds();
        // SAFETY: these are the grid's bounds.
        unsafe { record_outside(Both::new(head, first), value, max, half_bits) };
    }
}

/// The way of a new extreme, of a value above the declared maximum, and of a thread without a shard.
/// All that it takes is handed over in registers: nothing is spilled to the stack before the branch.
///
/// # Safety
/// The bounds are those of the distribution's grid.
#[cold]
#[inline(never)]
unsafe fn record_outside(place: Both, value: u64, max: u64, half_bits: u8) {
    let (head, first) = place.split();
    let grid = Grid::of(max, half_bits);
    // SAFETY: an index is less than the cells of a grid.
    let cell = unsafe { first.cell(grid.index(value)) };
    let (sum, outside) = (value.into(), value > max);
    shard::record(Many { head, cell, n: 1, sum, min: value, max: value, outside });
    if let Some(cells) = shard::own() {
        let min = !cells.get(head.cell(head::NOT_MIN));
        let max = cells.get(head.cell(head::MAX)).min(grid.max());
        // None where all values are above the declared maximum. 2^64 becomes 0, the way of which is
        // this one.
        if let Some(last) = max.checked_sub(min) {
            cells.set(head.cell(head::MINUS_FIRST), min.wrapping_neg());
            cells.set(head.cell(head::KNOWN), last.wrapping_add(1));
        }
    }
}

impl Histogram {
    #[inline]
    pub(crate) fn target(&self) -> Target {
        Target { head: self.heads.first, first: self.first, grid: self.grid }
    }

    /// Where the exemplar is.
    #[inline]
    pub(crate) fn slot(&self) -> Slot {
        Slot { head: self.heads.first, distribution: self.first }
    }

    /// The cell that a value is counted in.
    #[inline]
    fn cell(&self, value: u64) -> Cell {
        // SAFETY: the grid is that of the distribution, and an index is less than a grid's cells.
        unsafe { self.first.cell(self.grid.index(value)) }
    }

    /// Records a value: a `u64` in recorded units, which are nanoseconds where the unit is one of
    /// time, or a [`Duration`].
    #[inline]
    pub fn record(&self, value: impl Recordable) {
        // SAFETY: they belong together, as the handle says.
        unsafe { record(self.heads.first, self.first, &self.grid, value.to_u64()) };
    }

    /// Records the same value `n` times. Of values that fall into one cell, this adds no more once
    /// this thread has recorded 2^62.
    #[inline]
    pub fn record_n(&self, value: u64, n: u64) {
        if n > 0 {
            shard::record(Many {
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
        self.record(duration);
    }

    /// Records a quantity in exported units, rounded to the nearest recorded unit. What is not 0 to
    /// 2^64 of those is counted as [`record_signed`](Histogram::record_signed) counts negative
    /// values: negative ones, infinity and NaN.
    #[inline]
    pub fn record_f64(&self, quantity: f64) {
        match self.recorded(quantity) {
            Some(value) => self.record(value),
            None => shard::record(Negative { head: self.heads.first }),
        }
    }

    /// A quantity in recorded units, if it can be.
    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
    pub(super) fn recorded(&self, quantity: f64) -> Option<u64> {
        let value = self.scale.record(quantity);
        (0.0..TOO_LARGE).contains(&value).then_some(value as u64)
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
            shard::record(Many {
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

    /// Records the time since these clock ticks. Out of line, so that the drop of a guard, of which a
    /// function has one for each way out of it, stays small.
    #[inline(never)]
    pub(crate) fn record_since(&self, start: u64) {
        self.record(clock::nanos(start, clock::ticks()));
    }

    /// Starts a timing that records itself when it is dropped.
    #[inline]
    pub fn start(&self) -> Timer {
        Timer::start(self.target())
    }

    /// Times a call, also one that panics.
    #[inline]
    pub fn time<R>(&self, call: impl FnOnce() -> R) -> R {
        let _timer = self.start();
        call()
    }
}
