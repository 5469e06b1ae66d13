//! Native (exponential) buckets: sums of cells, which are eight times finer or more on average.
//!
//! Bucket `i` of schema `s` holds the values above `base^(i - 1)` and not above `base^i` exported
//! units, where `base` is `2^(2^-s)`
//! (<https://prometheus.io/docs/specs/native_histograms/#schema>).

use crate::bucket::Grid;
use crate::scale::Scale;

/// The cells of each bucket, shared by all series of a histogram.
#[derive(Debug)]
pub(super) struct Native {
    pub(super) schema: i8,
    /// The index of the first bucket of `starts`.
    pub(super) first: i32,
    /// The first cell of each bucket. The cells before the first bucket's are those of 0; the last
    /// bucket's extend to the end.
    pub(super) starts: Vec<u32>,
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
            // A bucket without cells begins, and ends, where the next one begins.
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

    /// The bucket of a number above 0, as Prometheus' own libraries look it up: by the fraction of
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
