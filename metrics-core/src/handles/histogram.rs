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

/// Entries of a histogram's table from here on hold the number of the stand-in series in their
/// lower half. Smaller entries are 0 or the first cell of the series.
pub(crate) const STAND_IN: u64 = 1 << 32;
/// The bit of a stand-in's entry for which the system had no memory for cells, and may have some
/// later.
const FOR_NOW: u64 = 1 << 33;

/// The first cell of the series with this entry of the table. A series without cells gets some.
#[expect(clippy::cast_possible_truncation, reason = "less than STAND_IN")]
pub(crate) fn place(segment: &Segment, entry: usize, grid: Grid) -> Result<u32, Exhausted> {
    let registration = segment.registration();
    let entry = &segment.shared()[entry];
    // Relaxed, as for every entry: the number says nothing about other memory, since cells exist
    // from the start. Cells are stored under the lock, so no series gets them twice.
    if let known @ 1..STAND_IN = entry.load(Relaxed) {
        return Ok(known as u32);
    }
    let first = registration.distributions(grid, 1)?;
    entry.store(u64::from(first), Relaxed);
    Ok(first)
}

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
    /// The grid of the distributions.
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
        let (index, first) = if entry == 0 || entry >= STAND_IN {
            self.at_new(index, stand_in)
        } else {
            // SAFETY: the entry is not 0 and below `STAND_IN`.
            (index, unsafe { known(entry) })
        };
        let (heads, table) = (self.heads.at(index), self.place(index));
        let Self { grid, scale, exemplar_period, .. } = *self;
        Histogram { heads, first, table, grid, scale, exemplar_period }
    }

    /// The position of a series' entry in the table.
    #[inline]
    fn place(&self, index: Index<L>) -> SharedCell {
        // SAFETY: the table has an entry for each of `L`'s series; a sink is asked for its first.
        unsafe { self.table.plus(self.heads.place(index)) }
    }

    /// A series' entry in the table.
    #[inline]
    fn entry(&self, index: Index<L>) -> u64 {
        shard::shared(self.place(index)).map_or(0, |entry| entry.load(Relaxed))
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
            // Cells that another thread got meanwhile stay.
            let known = &segment.shared()[place];
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
/// The entry was stored by `place` or by registration, and lies between 0 and `STAND_IN`, both
/// excluded.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "less than STAND_IN")]
unsafe fn known(entry: u64) -> Distribution {
    // SAFETY: registration handed out the stored cell.
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
        // After these and with Release: a reader that has seen the count finds its cell between the
        // bounds.
        let counted = cells.count(self.cell, self.n);
        // The sum omits values that were not counted: a reader could not find the whole sum
        // otherwise.
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

/// The part of a series that a record needs. The grid is that of the distribution.
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

/// Values between the extremes that have a cell of their own are consecutive. So one comparison
/// decides that a value needs no more than two adds. The grid is passed by reference, so that only
/// the used fields are loaded: loads are most of a record's cost.
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
        // SAFETY: a value between the head's bounds is not above the maximum, and has a cell.
        let cell = unsafe { first.cell(grid.fine(value)) };
        // Release, as in `Many::record`.
        cells.add_release(cell, 1);
    } else {
        let (max, half_bits) = grid.bounds();
        // SAFETY: these are the grid's bounds.
        unsafe { record_outside(Both::new(head, first), value, max, half_bits) };
    }
}

/// The path for a new extreme, for a value above the declared maximum, and for a thread without a
/// shard. All arguments are in registers: nothing is spilled to the stack before the branch.
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
        // `None` if all values are above the declared maximum. 2^64 becomes 0, which takes this
        // path.
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
        unsafe { record(self.heads.first, self.first, &self.grid, value.to_u64()) };
    }

    /// Records the same value `n` times. For values of one cell, this adds no more once this thread
    /// has recorded 2^62.
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

    /// Records the time since these clock ticks. Out of line, so that the drop of a guard stays
    /// small: a function has one for each of its exits.
    #[inline(never)]
    pub(crate) fn record_since(&self, start: u64) {
        self.record(clock::nanos(start, clock::ticks()));
    }

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
