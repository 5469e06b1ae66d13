use super::histogram::HistogramSnapshot;
use super::native::Native;
use crate::layout::MOST;

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
    /// The number of its values, at least 1.
    pub count: u64,
}

impl<'a> NativeBuckets<'a> {
    fn new(native: &'a Native, histogram: &'a HistogramSnapshot) -> Self {
        Self { native, histogram }
    }

    /// The schema: there are `2^schema` buckets to each doubling.
    pub fn schema(&self) -> i8 {
        self.native.schema
    }

    /// The number of values of 0. The zero bucket has no others.
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

impl HistogramSnapshot {
    /// The native buckets; `None` unless they were [declared](crate::Description::native).
    pub fn native(&self) -> Option<NativeBuckets<'_>> {
        self.shape.native().map(|native| NativeBuckets::new(native, self))
    }
}
