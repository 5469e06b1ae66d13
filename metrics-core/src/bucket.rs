//! The cell of a histogram for each value, and the values of each cell.
//!
//! The arithmetic is HdrHistogram's with a lowest discernible value of 1. So cell `i` here is cell
//! `i` of an `hdrhistogram::Histogram` with the same maximum and significant digits: linear in
//! steps of 1 up to `2^(half_bits + 1)`, and above that `2^half_bits` cells to each doubling. One
//! more cell behind the last counts everything above the maximum.

use std::num::{NonZeroU32, NonZeroU64};

/// The division of `0..=max` into cells. `Copy`, since each histogram handle carries one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    /// The largest value that is not saturated; at least [`Grid::MIN_MAX`].
    max: u64,
    /// The cell of saturated values, behind the cell of `max`.
    saturated: u32,
    /// The largest value that is sure to have a cell of its own: `2^(half_bits + 1) - 1`.
    linear: NonZeroU32,
    /// In the lower half, log2 of the cells to a doubling: 4, 7 or 10 for 1, 2 or 3 significant
    /// digits. In the upper half, the tag. Both in one word, so that the tag is in no further
    /// register of code that records.
    word: u64,
}

/// The last step of 1 if a doubling has `2^half_bits` cells. Not 0, so that its logarithm exists.
const fn linear(half_bits: u32) -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add((2 << half_bits) - 2)
}

impl Grid {
    pub(crate) const SIGFIGS: std::ops::RangeInclusive<u8> = 1..=3;
    /// `hdrhistogram` refuses a maximum below twice its lowest discernible value.
    pub(crate) const MIN_MAX: u64 = 2;

    /// The smallest grid: cells for 0, 1, 2 and the larger values.
    pub(crate) const SMALLEST: Self = Self { max: 2, saturated: 3, linear: linear(4), word: 4 };

    /// The grid for values up to `max` with `sigfigs` significant decimal digits, or `None` if an
    /// argument is out of range.
    pub(crate) fn new(max: u64, sigfigs: u8) -> Option<Self> {
        if max < Self::MIN_MAX {
            return None;
        }
        // HdrHistogram keeps steps of 1 up to 2 × 10^sigfigs, rounded up to a power of two:
        // 32, 256 and 2048.
        let half_bits = match sigfigs {
            1 => 4,
            2 => 7,
            3 => 10,
            _ => return None,
        };
        Some(Self::of(max, half_bits))
    }

    /// The grid that has these [`bounds`](Grid::bounds).
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    pub(crate) fn of(max: u64, word: u64) -> Self {
        let mut grid = Self { max, saturated: u32::MAX, linear: linear(word as u32), word };
        grid.saturated = grid.fine(max) + 1;
        grid
    }

    /// The grid with a number that travels with it, and means nothing to it: 0 at first.
    pub(crate) fn tagged(self, tag: u32) -> Self {
        Self { word: u64::from(tag) << 32 | u64::from(self.half_bits()), ..self }
    }

    pub(crate) fn tag(&self) -> u32 {
        (self.word >> 32) as u32
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    fn half_bits(&self) -> u32 {
        self.word as u32
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    #[expect(clippy::cast_possible_truncation, reason = "1 to 3")]
    pub(crate) fn sigfigs(&self) -> u8 {
        // The inverse of the table in `new`: 4, 7 and 10 bits.
        ((self.half_bits() - 1) / 3) as u8
    }

    /// The schemas of native histograms that can expose the grid: from Prometheus' smallest, with a
    /// bucket for 16 doublings, to the schema whose buckets have eight cells on average.
    pub(crate) fn native_schemas(&self) -> std::ops::RangeInclusive<i8> {
        -4..=3 * self.sigfigs().cast_signed() - 2
    }

    /// The arguments of [`Grid::of`] for this grid: fewer registers than the grid itself.
    #[inline]
    pub(crate) fn bounds(&self) -> (u64, u64) {
        (self.max, self.word)
    }

    /// The number of cells, including the one for saturated values.
    pub(crate) fn cells(&self) -> u32 {
        self.saturated + 1
    }

    /// The cell of values above the maximum: the last one.
    pub(crate) fn saturated(&self) -> u32 {
        self.saturated
    }

    /// The cell that counts `value`; always less than [`Grid::cells`].
    #[inline]
    pub(crate) fn index(&self, value: u64) -> u32 {
        if value > self.max { self.saturated } else { self.fine(value) }
    }

    /// The cell of a value that is not above the maximum.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "value >> doublings < 2^(half_bits + 1)")]
    pub(crate) fn fine(&self, value: u64) -> u32 {
        let half_bits = self.half_bits();
        // How often the linear range must double to hold the value; 0 inside it.
        let doublings = (NonZeroU64::from(self.linear) | value).ilog2() - half_bits;
        (doublings << half_bits) + (value >> doublings) as u32
    }

    /// The smallest value that cell `index` counts.
    pub(crate) fn lowest(&self, index: u32) -> u64 {
        if index >= self.saturated {
            return self.max.saturating_add(1);
        }
        let (doublings, step) = self.position(index);
        step << doublings
    }

    /// The largest value that cell `index` counts.
    pub(crate) fn highest(&self, index: u32) -> u64 {
        if index >= self.saturated {
            return u64::MAX;
        }
        let (doublings, step) = self.position(index);
        ((step << doublings) + ((1 << doublings) - 1)).min(self.max)
    }

    /// The number of doublings of the linear range for cell `index`, and the cell's step in the
    /// last.
    fn position(&self, index: u32) -> (u32, u64) {
        let half_bits = self.half_bits();
        let doublings = (index >> half_bits).saturating_sub(1);
        (doublings, u64::from(index - (doublings << half_bits)))
    }
}

#[cfg(test)]
mod tests {
    use super::Grid;
    use proptest::prelude::*;

    fn grids() -> impl Strategy<Value = Grid> {
        (2..=u64::MAX, 0..62_u32, 1..=3_u8)
            .prop_map(|(max, shift, sigfigs)| Grid::new((max >> shift).max(2), sigfigs).unwrap())
    }

    proptest! {
        #[test]
        fn a_value_lies_between_the_edges_of_its_cell(grid in grids(), value: u64, shift in 0..64_u32) {
            let value = value >> shift;
            let index = grid.index(value);
            prop_assert!(index < grid.cells());
            prop_assert!(grid.lowest(index) <= value && value <= grid.highest(index));
        }

        #[test]
        fn cells_follow_each_other_without_gap_or_overlap(grid in grids(), at in 0..100_000_u32) {
            let index = at % (grid.cells() - 1);
            let next = grid.highest(index).saturating_add(1);
            prop_assert_eq!(grid.lowest(index + 1), next);
            prop_assert_eq!(grid.index(grid.highest(index)), index);
            prop_assert_eq!(grid.index(grid.lowest(index)), index);
        }

        #[test]
        fn a_cell_is_narrower_than_the_promised_error(grid in grids(), value: u64, shift in 0..64_u32) {
            let index = grid.index(value >> shift);
            if index < grid.saturated() {
                let (low, high) = (grid.lowest(index), grid.highest(index));
                let allowed = low / 10_u64.pow(u32::from(grid.sigfigs()));
                prop_assert!(high - low <= allowed, "{low}..={high}");
            }
        }
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        assert_eq!(Grid::new(1, 2), None);
        assert_eq!(Grid::new(1000, 0), None);
        assert_eq!(Grid::new(1000, 4), None);
        assert_eq!(Grid::new(u64::MAX, 3).unwrap().highest(0), 0);
    }
}
