//! Native (exponential) buckets: sums of cells, which are eight times finer or more on average.
//!
//! Bucket `i` of schema `s` holds what is above `base^(i - 1)` and not above `base^i` exported
//! units, where `base` is `2^(2^-s)`
//! (<https://prometheus.io/docs/specs/native_histograms/#schema>).

use super::histogram::HistogramSnapshot;
use crate::bucket::Grid;
use crate::layout::MOST;
use crate::scale::Scale;

/// Which cells each bucket is the sum of: what all series of a histogram share.
#[derive(Debug)]
pub(super) struct Native {
    schema: i8,
    /// The index of the first bucket of `starts`.
    first: i32,
    /// The first cell of each bucket. The cells before the first bucket's are those of 0; the last
    /// bucket's go on to the end.
    starts: Vec<u32>,
}

impl Native {
    /// `schema` is one of [`Grid::native_schemas`].
    pub(super) fn new(schema: i8, grid: Grid, scale: Scale) -> Self {
        let bounds = Bounds::new(schema);
        let index = |cell: u32| bounds.index(scale.export(grid.lowest(cell)));
        let first = index(1);
        let mut starts = Vec::new();
        let mut bucket = first;
        for cell in 1..grid.cells() {
            // Buckets that no cell belongs to begin, and end, where the next one begins.
            let reached = index(cell);
            while bucket <= reached {
                starts.push(cell);
                bucket += 1;
            }
        }
        Self { schema, first, starts }
    }
}

/// The edges of the buckets between 1/2 and 1.
struct Bounds {
    schema: i8,
    /// For schemas above 0.
    between: Vec<f64>,
}

impl Bounds {
    fn new(schema: i8) -> Self {
        let buckets = if schema > 0 { 1_u32 << schema } else { 0 };
        let edge = |at: u32| 0.5 * (f64::from(at) / f64::from(buckets)).exp2();
        Self { schema, between: (0..buckets).map(edge).collect() }
    }

    /// The bucket of a number above 0, as Prometheus' own libraries look it up: in the fraction of
    /// the number, whose powers of two are exact.
    fn index(&self, number: f64) -> i32 {
        let (fraction, exponent) = split(number);
        if self.schema > 0 {
            let below = self.between.partition_point(|&edge| edge < fraction);
            let buckets = 1_i32 << self.schema;
            return i32::try_from(below).unwrap_or(buckets) + (exponent - 1) * buckets;
        }
        // Above 2^(exponent - 1), unless it is exactly that.
        let doublings = if fraction > 0.5 { exponent } else { exponent - 1 };
        let width = 1_i32 << -self.schema;
        (doublings + width - 1).div_euclid(width)
    }
}

/// A number as a fraction of 1/2 to below 1, and a power of two.
fn split(number: f64) -> (f64, i32) {
    /// Makes any subnormal number a normal one.
    const LIFT: i32 = 54;
    let number = number.clamp(f64::from_bits(1), f64::MAX);
    let (number, lifted) =
        if number.is_normal() { (number, 0) } else { (number * f64::from(LIFT).exp2(), LIFT) };
    let bits = number.to_bits();
    let exponent = i32::try_from(bits >> 52).unwrap_or(0) - 1022 - lifted;
    (f64::from_bits((bits & ((1 << 52) - 1)) | (1022 << 52)), exponent)
}

/// The native (exponential) buckets of a histogram; see
/// [`Description::native`](crate::Description::native).
#[derive(Clone, Copy, Debug)]
pub struct NativeBuckets<'a> {
    native: &'a Native,
    histogram: &'a HistogramSnapshot,
}

/// One of a histogram's native buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NativeBucket {
    /// Its number: with schema `s`, values are up to `2^(index × 2^-s)` exported units.
    pub index: i32,
    /// How many values are in it, at least 1.
    pub count: u64,
}

impl<'a> NativeBuckets<'a> {
    pub(super) fn new(native: &'a Native, histogram: &'a HistogramSnapshot) -> Self {
        Self { native, histogram }
    }

    /// The schema: there are `2^schema` buckets to each doubling.
    pub fn schema(&self) -> i8 {
        self.native.schema
    }

    /// How many values are 0. No other ones are in the zero bucket.
    pub fn zeros(&self) -> u64 {
        if self.histogram.first == 0 { self.histogram.cells.get(0).min(MOST) } else { 0 }
    }

    /// The buckets with any value, rising. Together with [`zeros`](Self::zeros) they hold the
    /// [`count`](HistogramSnapshot::count).
    pub fn buckets(&self) -> impl Iterator<Item = NativeBucket> + use<'a> {
        let Self { native: Native { first, starts, .. }, histogram } = *self;
        let cells = u32::try_from(histogram.cells.len()).unwrap_or(u32::MAX);
        let end = histogram.first.saturating_add(cells);
        // The bucket of the first cell is the last one that begins at or before it.
        let from = starts.partition_point(|&start| start <= histogram.first).saturating_sub(1);
        let to = starts.partition_point(|&start| start < end).max(from);
        let ends = starts.get(from + 1..to).unwrap_or_default().iter().chain([&u32::MAX]);
        let ends = ends.map(|&end| end.saturating_sub(histogram.first) as usize);
        let start = usize::from(histogram.first == 0);
        let counts = histogram.cells.between(start, ends);
        let index = first.saturating_add(i32::try_from(from).unwrap_or(i32::MAX));
        (index..)
            .zip(counts)
            .filter_map(|(index, count)| (count > 0).then_some(NativeBucket { index, count }))
    }
}

#[cfg(test)]
mod tests {
    use super::Bounds;
    use proptest::prelude::*;

    fn edge(schema: i8, index: i32) -> f64 {
        (f64::from(index) * f64::from(-schema).exp2()).exp2()
    }

    #[test]
    fn powers_of_two_are_the_last_of_their_bucket() {
        for schema in -4..=8_i8 {
            let bounds = Bounds::new(schema);
            for power in -1074..1024 {
                let index = f64::from(power) * f64::from(schema).exp2();
                assert_eq!(f64::from(bounds.index(f64::from(power).exp2())), index.ceil());
            }
        }
        assert_eq!(Bounds::new(3).index(f64::MAX), 1024 * 8);
        assert_eq!(Bounds::new(-1).index(f64::INFINITY), 512);
    }

    proptest! {
        #[test]
        fn a_number_lies_between_the_edges(schema in -4..=8_i8, number in f64::MIN_POSITIVE..1e300) {
            let index = Bounds::new(schema).index(number);
            // The edges here are rounded, too.
            let (low, high) = (edge(schema, index - 1), edge(schema, index));
            prop_assert!(low * (1.0 - 1e-12) <= number && number <= high * (1.0 + 1e-12));
        }
    }
}
