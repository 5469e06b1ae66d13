//! The effect of a histogram's record on the cells of its series.

use crate::bucket::Grid;
use crate::cell::{Both, Cell, Distribution, First, Head};
use crate::exemplar::{self, Slot};
use crate::layout::{OUTSIDE_BITS, head};
use crate::shard::{self, Cells, Record};

/// `n` values of one cell of the distribution.
pub(super) struct Batch {
    pub(super) head: First<Head>,
    pub(super) cell: Cell,
    pub(super) n: u64,
    pub(super) sum: u128,
    pub(super) min: u64,
    pub(super) max: u64,
    /// Whether they are above the declared maximum.
    pub(super) outside: bool,
}

pub(super) struct Negative {
    pub(super) head: First<Head>,
}

impl Record for Batch {
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

/// The tag of the grid of a metric that asks the hook for exemplars: not 0. `period` is in
/// milliseconds.
pub(super) fn asking(period: u32) -> u32 {
    period.saturating_add(1)
}

/// The part of a series that a record needs. The grid is that of the distribution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    pub(super) head: First<Head>,
    pub(super) first: Distribution,
    pub(super) grid: Grid,
}

impl Target {
    #[inline]
    pub(super) fn record(&self, value: u64) {
        // SAFETY: they belong together, as above.
        unsafe { record::<false>(self.head, self.first, &self.grid, value) };
    }
}

/// Values between the extremes that have a cell of their own are consecutive. So one comparison
/// decides that a value needs no more than two adds. The grid is passed by reference, so that only
/// the used fields are loaded: loads are most of a record's cost.
///
/// A series whose metric asks for exemplars has no such range in its head, so that each value is
/// recorded out of line. Other metrics need no instruction for it. If `GIVEN`, the caller knows the
/// trace, and no hook is asked.
///
/// # Safety
/// The grid is that of the distribution.
#[inline]
pub(super) unsafe fn record<const GIVEN: bool>(
    head: First<Head>,
    first: Distribution,
    grid: &Grid,
    value: u64,
) {
    if crate::IS_OFF {
        return;
    }
    if let Some(cells) = shard::own()
        && value.wrapping_add(cells.get(head.cell(head::MINUS_FIRST)))
            < cells.get(head.cell(head::KNOWN))
    {
        cells.add(head.cell(head::SUM), value);
        // SAFETY: a value between the head's bounds is not above the maximum, and has a cell.
        let cell = unsafe { first.cell(grid.fine(value)) };
        // Release, as in `Batch::record`.
        cells.add_release(cell, 1);
    } else {
        let (max, word) = grid.bounds();
        let outside = if GIVEN { record_outside_given } else { record_outside };
        // SAFETY: these are the grid's bounds.
        unsafe { outside(word, value, max, Both::new(head, first)) };
    }
}

/// Two adds.
///
/// # Safety
/// The grid is that of the distribution, and the value is between the head's bounds.
#[inline]
unsafe fn record_known(
    cells: impl Cells,
    head: First<Head>,
    first: Distribution,
    grid: &Grid,
    value: u64,
) {
    cells.add(head.cell(head::SUM), value);
    // SAFETY: as the caller ensures.
    let cell = unsafe { first.cell(grid.fine(value)) };
    // Release, as in `Batch::record`.
    cells.add_release(cell, 1);
}

/// The path for a new extreme, for a value above the declared maximum, for a thread without a
/// shard, and for each value of a metric that asks for exemplars. All arguments are in registers:
/// nothing is spilled to the stack before the branch.
///
/// # Safety
/// The bounds are those of the distribution's grid.
#[cold]
#[inline(never)]
unsafe fn record_outside(word: u64, value: u64, max: u64, series: Both) {
    // SAFETY: as the caller ensures.
    unsafe { record_at(series, value, Grid::of(max, word), false) };
}

/// The same for a value whose trace the caller knows.
///
/// # Safety
/// The bounds are those of the distribution's grid.
#[cold]
#[inline(never)]
unsafe fn record_outside_given(word: u64, value: u64, max: u64, series: Both) {
    // SAFETY: as the caller ensures.
    unsafe { record_at(series, value, Grid::of(max, word), true) };
}

/// # Safety
/// The grid is that of the distribution.
#[inline]
unsafe fn record_at(series: Both, value: u64, grid: Grid, given: bool) {
    let (head, first) = series.split();
    if let Some(period) = grid.tag().checked_sub(1) {
        // SAFETY: as the caller ensures.
        unsafe { record_asking(head, first, &grid, value) };
        if !given {
            exemplar::offer_current(Slot { head, distribution: first }, value, period);
        }
        return;
    }
    // SAFETY: as the caller ensures.
    unsafe { record_extreme(head, first, &grid, value) };
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

/// A value of a metric that asks for exemplars.
///
/// # Safety
/// The grid is that of the distribution.
#[inline]
unsafe fn record_asking(head: First<Head>, first: Distribution, grid: &Grid, value: u64) {
    if let Some(cells) = shard::own()
        && value >= !cells.get(head.cell(head::NOT_MIN))
        && value <= cells.get(head.cell(head::MAX)).min(grid.max())
    {
        // SAFETY: the value is between the head's bounds.
        unsafe { record_known(cells, head, first, grid, value) };
    } else {
        // SAFETY: as the caller ensures.
        unsafe { record_extreme(head, first, grid, value) };
    }
}

/// A value wherever it lies.
///
/// # Safety
/// The grid is that of the distribution.
#[inline]
unsafe fn record_extreme(head: First<Head>, first: Distribution, grid: &Grid, value: u64) {
    // SAFETY: an index is less than the cells of a grid.
    let cell = unsafe { first.cell(grid.index(value)) };
    let (sum, outside) = (value.into(), value > grid.max());
    shard::record(Batch { head, cell, n: 1, sum, min: value, max: value, outside });
}
