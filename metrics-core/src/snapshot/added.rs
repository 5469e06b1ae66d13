//! Distributions that something else keeps: only what is exposed of them is known.

use super::histogram::Bucket;
use crate::directory::Kind;

/// A histogram that something else keeps, with the buckets that it has there.
///
/// All numbers are in the exported unit.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassicHistogram {
    buckets: Vec<Bucket>,
    count: u64,
    sum: f64,
}

impl ClassicHistogram {
    /// `buckets` are upper edges, rising, each with the number of all values up to it. A last one,
    /// up to infinity, may be left out: it holds `count`.
    pub fn new(buckets: impl IntoIterator<Item = (f64, u64)>, count: u64, sum: f64) -> Self {
        let bucket = |(upper, count)| Bucket { upper, count };
        let mut buckets: Vec<_> = buckets.into_iter().map(bucket).collect();
        buckets.pop_if(|last| *last == Bucket { upper: f64::INFINITY, count });
        Self { buckets, count, sum }
    }

    /// The buckets, rising, each with all values up to its edge; without the one up to infinity.
    pub fn buckets(&self) -> impl ExactSizeIterator<Item = Bucket> + Clone {
        self.buckets.iter().copied()
    }

    /// The number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum of all values. It can be negative, or NaN if a value was.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// The fault of its numbers, if they have one.
    pub(crate) fn fault(&self) -> Option<String> {
        if let Some(Bucket { upper, .. }) = self.buckets().find(|it| !it.upper.is_finite()) {
            let count = self.count;
            return Some(format!(
                "its bucket {upper} must be finite, or infinite and the last one with all {count} \
                 values"
            ));
        }
        if let Some((a, b)) = pairs(&self.buckets).find(|(a, b)| a.upper >= b.upper) {
            return Some(format!("its buckets must rise, and {} follows {}", b.upper, a.upper));
        }
        let all = Bucket { upper: f64::INFINITY, count: self.count };
        let to_all = self.buckets.last().map(|last| (last, &all));
        let (a, b) = pairs(&self.buckets).chain(to_all).find(|(a, b)| a.count > b.count)?;
        Some(format!(
            "its bucket {} has {} values, and the next one {}: each bucket counts those of the one \
             before, too",
            a.upper, a.count, b.count
        ))
    }
}

/// A summary that something else keeps: quantiles, and the count and the sum of all values.
///
/// All numbers are in the exported unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    quantiles: Vec<(f64, f64)>,
    count: u64,
    sum: f64,
}

impl Summary {
    /// `quantiles` rise, from 0 to 1, each with its value.
    pub fn new(quantiles: impl IntoIterator<Item = (f64, f64)>, count: u64, sum: f64) -> Self {
        Self { quantiles: quantiles.into_iter().collect(), count, sum }
    }

    /// The quantiles, rising, each with its value, which is NaN if it is not known.
    pub fn quantiles(&self) -> impl ExactSizeIterator<Item = (f64, f64)> + Clone {
        self.quantiles.iter().copied()
    }

    /// The number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The sum of all values. It can be negative, or NaN if a value was.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// The fault of its quantiles, if they have one.
    pub(crate) fn fault(&self) -> Option<String> {
        let outside = self.quantiles().find(|(quantile, _)| !(0.0..=1.0).contains(quantile));
        if let Some((quantile, _)) = outside {
            return Some(format!("its quantile {quantile} is not from 0 to 1"));
        }
        let ((a, _), (b, _)) = pairs(&self.quantiles).find(|((a, _), (b, _))| a >= b)?;
        Some(format!("its quantiles must rise, and {b} follows {a}"))
    }
}

/// A value that something else keeps, in the exported unit.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Added {
    /// A count. A negative number or NaN counts as 0.
    Counter(f64),
    /// A value at present.
    Gauge(f64),
    /// A distribution by buckets.
    Histogram(ClassicHistogram),
    /// A distribution by quantiles.
    Summary(Summary),
}

impl Added {
    /// The kind of its metric.
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Counter(_) => Kind::Counter,
            Self::Gauge(_) => Kind::Gauge,
            Self::Histogram(_) => Kind::Histogram,
            Self::Summary(_) => Kind::Summary,
        }
    }

    /// The fault of its numbers, if they have one.
    pub(crate) fn fault(&self) -> Option<String> {
        match self {
            Self::Counter(_) | Self::Gauge(_) => None,
            Self::Histogram(histogram) => histogram.fault(),
            Self::Summary(summary) => summary.fault(),
        }
    }
}

/// Each item with the next one.
fn pairs<T>(items: &[T]) -> impl Iterator<Item = (&T, &T)> {
    items.iter().zip(items.get(1..).unwrap_or_default())
}
