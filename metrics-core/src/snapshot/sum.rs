//! A histogram's sum beyond 64 bits.
//!
//! The sum of a shard is a cell of 64 bits, and so is the sum of all shards: the nanoseconds of a
//! thousand tasks that wait at any time fill it in seven months. A carry would cost each record an
//! instruction. The distribution already contains the carry: the counts of its cells give bounds
//! for the sum, and only one number between the bounds has the lowest 64 bits.

use super::histogram::HistogramSnapshot;
use crate::layout::OUTSIDE_BITS;

/// How far off the middle of the bounds may be. The rest, up to 2^63, is for records that are in
/// the sum and not in the cells yet, or the other way round.
const TRUSTED: u128 = 1 << 62;

/// The whole sum of a histogram whose other parts are read. It is computed from its lowest bits and
/// from the sum of the values above the declared maximum (`layout::head::OUTSIDE`).
///
/// It is exact until the bounds are 2^63 apart: with 1, 2 or 3 significant digits from 2^67, 2^70
/// or 2^73 recorded units on. From there it is the upper bound, which is too large by less than the
/// precision. Values above the declared maximum add at most 2^16 each to that. If their sum exceeds
/// 2^80, they count as the largest. It never falls, just as the exact sum never does.
pub(super) fn whole(histogram: &HistogramSnapshot, low: u64, outside: u64) -> u128 {
    let most = u128::from(histogram.count) * u128::from(histogram.max);
    if most < 1 << 63 { low.into() } else { by_cells(histogram, low, outside) }
}

#[cold]
fn by_cells(histogram: &HistogramSnapshot, low: u64, outside: u64) -> u128 {
    let grid = histogram.shape.grid;
    let (mut least, mut most) = (0_u128, 0_u128);
    for (index, count) in (histogram.first..).zip(histogram.cells.iter()) {
        let (count, outside) = (u128::from(count), u128::from(outside));
        let [lowest, highest] = if index < grid.saturated() {
            [grid.lowest(index), grid.highest(index)].map(|value| count * u128::from(value))
        } else if outside == u128::from(u64::MAX) {
            // The outer sum stopped at its limit. None of the values was larger than the largest.
            [0, count * u128::from(histogram.max)]
        } else {
            // Each of the values was rounded down.
            [outside << OUTSIDE_BITS, (outside + count) << OUTSIDE_BITS]
        };
        least = least.saturating_add(lowest);
        most = most.saturating_add(highest);
    }
    let half = most.saturating_sub(least) / 2;
    if half > TRUSTED || outside == u64::MAX {
        return most;
    }
    let from = (least + half).saturating_sub(1 << 63);
    #[expect(clippy::cast_possible_truncation, reason = "modulo 2^64")]
    let above = low.wrapping_sub(from as u64);
    from.saturating_add(above.into())
}
