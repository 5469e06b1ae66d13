use super::cells::{Cells, plus};
use super::exemplar::{Exemplar, Exemplars};
use super::shape::Shape;
use crate::layout::MOST;
use crate::sync::Arc;
use std::fmt;

/// The distribution of one series at one moment, or over an interval (see
/// [`Snapshot::since`](super::Snapshot::since)).
///
/// Values are in the exported unit, unless documented otherwise. `count` is the sum of the cells,
/// so it always equals the last bucket. The sum of values may be one record per thread ahead or
/// behind.
#[derive(Clone)]
pub struct HistogramSnapshot {
    pub(super) shape: Arc<Shape>,
    /// The index of the first of `cells`.
    pub(super) first: u32,
    /// From the cell of the smallest value to that of the largest.
    pub(super) cells: Cells,
    pub(super) below: Below,
    pub(super) count: u64,
    /// In recorded units.
    pub(super) sum: u128,
    /// The input of [`sum::whole`](super::sum::whole), apart from the cells.
    pub(super) low: u64,
    pub(super) outside: u64,
    /// Smallest and largest value, recorded units; meaningless if the count is 0.
    pub(super) min: u64,
    pub(super) max: u64,
    pub(super) negative: u64,
    pub(super) exemplars: Exemplars,
}

/// One of a histogram's exposed buckets.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Bucket {
    /// The upper edge in the exported unit.
    pub upper: f64,
    /// The number of values not above the edge.
    pub count: u64,
}

/// The number of values not above the edge of each exposed bucket. The first ones lie in the
/// snapshot itself, so that a pass over all series reads one piece of memory.
#[derive(Clone)]
pub(super) struct Below {
    first: [u64; Below::FIRST],
    others: Vec<u64>,
}

impl Below {
    const FIRST: usize = 16;

    fn new(edges: usize) -> Self {
        Self { first: [0; Self::FIRST], others: vec![0; edges.saturating_sub(Self::FIRST)] }
    }

    /// Its memory apart from itself.
    pub(super) fn bytes(&self) -> u64 {
        size_of_val(&self.others[..]) as u64
    }

    fn iter(&self) -> impl Iterator<Item = &u64> {
        self.first.iter().chain(&self.others)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut u64> {
        self.first.iter_mut().chain(&mut self.others)
    }
}

impl HistogramSnapshot {
    /// Without values.
    pub(super) fn new(shape: Arc<Shape>) -> Self {
        let below = Below::new(shape.edges.len());
        let (cells, exemplars) = (Cells::new(), Exemplars::default());
        Self {
            shape,
            first: 0,
            cells,
            below,
            count: 0,
            sum: 0,
            low: 0,
            outside: 0,
            min: u64::MAX,
            max: 0,
            negative: 0,
            exemplars,
        }
    }

    /// The number of recorded values; it stops at 2^63 - 1, and so do its parts.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum of all values.
    pub fn sum(&self) -> f64 {
        self.shape.scale.export_wide(self.sum)
    }

    /// The smallest value, exactly; `None` without values. Over an interval it is exact if it is
    /// the smallest ever, and else that of its cell.
    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then(|| self.shape.scale.export(self.min))
    }

    /// The largest value, exactly; `None` without values. Over an interval it is exact if it is the
    /// largest ever, and else that of its cell.
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then(|| self.shape.scale.export(self.max))
    }

    /// The sum divided by the count; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum() / self.count as f64)
    }

    /// The value that a part `q` of all values does not exceed: the one at rank `ceil(q × count)`,
    /// at least the first. The product is one of floating-point numbers, as in the `hdrhistogram`
    /// crate: 0.07 × 100 is a little more than 7, and gives rank 8. `q` is capped to 0–1; `None`
    /// without values or if `q` is NaN.
    ///
    /// The result is the largest value of its cell, as in `HdrHistogram`, but never outside the
    /// exact minimum and maximum. So it is too large by less than the histogram's precision.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the count")]
    pub fn quantile(&self, q: f64) -> Option<f64> {
        if self.count == 0 || q.is_nan() {
            return None;
        }
        let rank = (q.clamp(0.0, 1.0) * self.count as f64).ceil() as u64;
        let recorded = match rank {
            0 | 1 => self.min,
            rank if rank >= self.count => self.max,
            rank => self.at_rank(rank).clamp(self.min, self.max),
        };
        Some(self.shape.scale.export(recorded))
    }

    /// The largest value of the cell with this rank's value.
    fn at_rank(&self, rank: u64) -> u64 {
        let mut seen = 0;
        for (index, cell) in (self.first..).zip(self.cells.iter()) {
            seen = plus(seen, cell);
            if seen >= rank {
                return self.shape.grid.highest(index);
            }
        }
        self.max
    }

    /// The exposed buckets, rising, each with all values up to its edge. The last one, up to
    /// infinity, is left out: it holds [`count`](Self::count).
    ///
    /// A cell that an edge falls into counts as below the edge.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> {
        let buckets = self.shape.edges.iter().zip(self.below.iter());
        buckets.map(|(edge, &count)| Bucket { upper: edge.upper, count })
    }

    /// Values with their traces, the smallest first: at most one for each exposed bucket and one
    /// above all of them. Each is the newest of those that the threads keep (see
    /// [`Histogram::record_with_exemplar`](crate::Histogram::record_with_exemplar)). Each is
    /// counted in this snapshot.
    pub fn exemplars(&self) -> impl Iterator<Item = Exemplar> {
        self.exemplars.iter(&self.shape)
    }

    /// The cells with any value: smallest and largest value of each, in recorded units, and its
    /// count.
    pub fn cells(&self) -> impl Iterator<Item = (u64, u64, u64)> {
        let grid = self.shape.grid;
        let cells = (self.first..).zip(self.cells.iter()).filter(|&(_, count)| count > 0);
        cells.map(move |(index, count)| (grid.lowest(index), grid.highest(index), count))
    }

    /// The recorded units in an exported one: 10^9 from nanoseconds to seconds. For values in
    /// recorded units: [`cells`](Self::cells) and [`to_hdr`](Self::to_hdr).
    pub fn recorded_per_unit(&self) -> f64 {
        self.shape.scale.per_unit()
    }

    /// The number of values above the declared maximum.
    pub fn saturated(&self) -> u64 {
        let at = self.shape.grid.saturated().checked_sub(self.first);
        at.map_or(0, |at| self.cells.get(at as usize).min(MOST))
    }

    /// The number of negative values. They are part of nothing else.
    pub fn negative(&self) -> u64 {
        self.negative
    }

    /// The same distribution, cell by cell, for `HdrHistogram`'s tools. Values are in recorded
    /// units; those above the maximum count as the maximum.
    pub fn to_hdr(&self) -> hdrhistogram::Histogram<u64> {
        let grid = self.shape.grid;
        let bounds = hdrhistogram::Histogram::new_with_bounds(1, grid.max(), grid.sigfigs());
        let Ok(mut hdr) = bounds else { unreachable!("Grid::new checked the same bounds") };
        for (lowest, _, count) in self.cells() {
            hdr.saturating_record_n(lowest.min(grid.max()), count);
        }
        hdr
    }

    /// The values recorded after `earlier`, a snapshot of the same series.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        let earlier_at = |index: u32| {
            index.checked_sub(earlier.first).map_or(0, |at| earlier.cells.get(at as usize))
        };
        let all: Vec<u64> = (self.first..)
            .zip(self.cells.iter())
            .map(|(index, cell)| cell.saturating_sub(earlier_at(index)))
            .collect();
        let from = all.iter().position(|&cell| cell > 0).unwrap_or(all.len());
        let to = all.iter().rposition(|&cell| cell > 0).map_or(from, |last| last + 1);
        let mut cells = Cells::new();
        let count = cells.fill(&all[from..to], |&cell| cell, |_, _| ());
        let first = self.first + u32::try_from(from).unwrap_or(0);
        let last = first + u32::try_from(cells.len().saturating_sub(1)).unwrap_or(0);
        let grid = self.shape.grid;
        let mut below = self.below.clone();
        for (now, then) in below.iter_mut().zip(earlier.below.iter()) {
            *now = now.saturating_sub(*then);
        }
        let new_min = earlier.count == 0 || self.min < earlier.min;
        let new_max = earlier.count == 0 || self.max > earlier.max;
        Self {
            shape: Arc::clone(&self.shape),
            first,
            count,
            sum: self.sum.saturating_sub(earlier.sum),
            low: self.low.wrapping_sub(earlier.low),
            outside: self.outside.saturating_sub(earlier.outside),
            min: if new_min { self.min } else { grid.lowest(first).max(self.min) },
            max: if new_max { self.max } else { grid.highest(last).min(self.max) },
            negative: self.negative.saturating_sub(earlier.negative),
            cells,
            below,
            exemplars: self.exemplars.since(&earlier.exemplars),
        }
    }
}

impl fmt::Debug for HistogramSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistogramSnapshot")
            .field("count", &self.count)
            .field("sum", &self.sum())
            .field("min", &self.min())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max())
            .field("saturated", &self.saturated())
            .field("negative", &self.negative)
            .finish_non_exhaustive()
    }
}
