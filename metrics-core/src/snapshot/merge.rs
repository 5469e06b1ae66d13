//! Sums a metric's cells over all shards.
//!
//! Loads are Relaxed where nothing else is said: each cell has one writer (or takes atomic
//! read-modify-writes) and only grows, so whatever is read is a value that it had, and a later
//! snapshot reads the same or a larger one. The cells of one snapshot are read while writers go
//! on; they are not of one instant.

use super::catalogue::{About, Dimension};
use super::histogram::HistogramSnapshot;
use super::shape::Shape;
use crate::directory::{self, Kind};
use crate::handles::{STAND_IN, decode_gauge};
use crate::layout::{GAUGE_CELLS, HEAD_CELLS, UP_DOWN_CELLS, head};
use crate::segment::Segment;
use crate::sync::{Acquire, Arc, AtomicU64, Relaxed};

/// The values of a metric's exposed series.
#[derive(Clone, Debug)]
pub(super) enum Data {
    Counter(Vec<u64>),
    UpDown(Vec<i64>),
    Gauge(Vec<f64>),
    Histogram(Vec<HistogramSnapshot>),
}

type Labels = [Arc<Vec<Arc<str>>>];

/// Calls `run(first, length)` for each run of series whose labels all have values by now, in the
/// order of their index. Interned labels leave gaps: they are laid out for their whole capacity.
pub(super) fn runs(dimensions: &[Dimension], values: &Labels, run: &mut dyn FnMut(usize, usize)) {
    fn descend(
        dimensions: &[Dimension],
        values: &Labels,
        base: usize,
        run: &mut dyn FnMut(usize, usize),
    ) {
        let ([dimension, inner @ ..], [known, inner_values @ ..]) = (dimensions, values) else {
            return run(base, 1);
        };
        let live = known.len().min(dimension.count);
        let below: usize = inner.iter().map(|dimension| dimension.count).product();
        // Without gaps further in, this dimension and all below it are one run.
        if inner.iter().zip(inner_values).all(|(dimension, known)| known.len() >= dimension.count) {
            return run(base, live * below);
        }
        for digit in 0..live {
            descend(inner, inner_values, base + digit * below, run);
        }
    }
    descend(dimensions, values, 0, run);
}

/// The indices of the exposed series, and their values.
pub(super) fn metric(segment: &Segment, about: &About, values: &Labels) -> (Vec<u32>, Data) {
    let series = Live::new(segment, about, values);
    match about.metric.kind {
        Kind::Counter => {
            let mut sums = vec![0; series.count];
            for shard in segment.shards_seen() {
                series.add_up(&mut sums, shard, 1, 0, Relaxed);
            }
            let (indices, sums) = series.expose(sums, |&sum| sum != 0);
            (indices, Data::Counter(sums))
        }
        Kind::UpDownCounter => {
            let (mut downs, mut ups) = (vec![0; series.count], vec![0; series.count]);
            let stride = UP_DOWN_CELLS as usize;
            // Acquire pairs with the Release in `add_release`: for every `sub` seen here, the `add`
            // that came before it, on whichever thread, is seen below.
            for shard in segment.shards_seen() {
                series.add_up(&mut downs, shard, stride, 1, Acquire);
            }
            for shard in segment.shards_seen() {
                series.add_up(&mut ups, shard, stride, 0, Relaxed);
            }
            let both = ups.into_iter().zip(downs).collect();
            let (indices, both) = series.expose(both, |&both| both != (0, 0));
            let net = |(up, down): (u64, u64)| up.wrapping_sub(down).cast_signed();
            (indices, Data::UpDown(both.into_iter().map(net).collect()))
        }
        Kind::Gauge => {
            let mut cells = vec![0; series.count];
            series.add_up(&mut cells, segment.shared(), GAUGE_CELLS as usize, 0, Relaxed);
            let (indices, cells) = series.expose(cells, |&cell| cell != 0);
            let values = cells.into_iter().map(|cell| decode_gauge(cell).unwrap_or(0.0));
            (indices, Data::Gauge(values.collect()))
        }
        Kind::Histogram => {
            let Some(shape) = &about.shape else {
                return (Vec::new(), Data::Histogram(Vec::new()));
            };
            let mut histograms = Vec::with_capacity(series.count);
            let mut spans = Vec::new();
            series.for_each(|index| {
                histograms.push(histogram(segment, about, shape, index, &mut spans));
            });
            let (indices, histograms) = series
                .expose(histograms, |histogram| histogram.count > 0 || histogram.negative > 0);
            (indices, Data::Histogram(histograms))
        }
    }
}

/// The series of a metric whose labels all have values by now.
struct Live<'a> {
    about: &'a About,
    values: &'a Labels,
    count: usize,
    /// The bits of declared series.
    declared: &'static [AtomicU64],
    /// Whether every series is exposed, touched or not.
    whole: bool,
}

impl<'a> Live<'a> {
    fn new(segment: &Segment, about: &'a About, values: &'a Labels) -> Self {
        let mut count = 0;
        runs(&about.dimensions, values, &mut |_, length| count += length);
        let directory::Metric { declared, series, .. } = about.metric;
        let declared = declared as usize;
        let bits = declared..declared + (series as usize).div_ceil(64);
        let declared = segment.shared().get(bits).unwrap_or_default();
        let whole = !about.dimensions.iter().any(Dimension::is_interned);
        Self { about, values, count, declared, whole }
    }

    fn for_each(&self, mut visit: impl FnMut(usize)) {
        runs(&self.about.dimensions, self.values, &mut |first, length| {
            (first..first + length).for_each(&mut visit);
        });
    }

    /// Adds one cell of each series to its sum.
    fn add_up(
        &self,
        sums: &mut [u64],
        cells: &[AtomicU64],
        stride: usize,
        offset: usize,
        order: std::sync::atomic::Ordering,
    ) {
        let start = self.about.metric.first as usize + offset;
        let cells = cells.get(start..).unwrap_or_default();
        let mut sums = sums.iter_mut();
        runs(&self.about.dimensions, self.values, &mut |first, length| {
            let run = cells.get(first * stride..).unwrap_or_default().iter().step_by(stride);
            for (sum, cell) in sums.by_ref().take(length).zip(run) {
                *sum = sum.wrapping_add(cell.load(order));
            }
        });
    }

    /// The indices and values of the series that are exposed.
    fn expose<T>(&self, values: Vec<T>, touched: impl Fn(&T) -> bool) -> (Vec<u32>, Vec<T>) {
        let mut indices = Vec::with_capacity(if self.whole { self.count } else { 0 });
        #[expect(clippy::cast_possible_truncation, reason = "less than `series`, which is a u32")]
        if self.whole {
            self.for_each(|index| indices.push(index as u32));
            return (indices, values);
        }
        let mut all = values.into_iter();
        let mut kept = Vec::new();
        #[expect(clippy::cast_possible_truncation, reason = "less than `series`, which is a u32")]
        self.for_each(|index| {
            if let Some(value) = all.next()
                && (touched(&value) || self.is_declared(index))
            {
                indices.push(index as u32);
                kept.push(value);
            }
        });
        (indices, kept)
    }

    fn is_declared(&self, index: usize) -> bool {
        self.declared
            .get(index / 64)
            .is_some_and(|word| word.load(Relaxed) >> (index % 64) & 1 == 1)
    }
}

/// The part of one shard's cells that has values.
struct Span {
    cells: &'static [AtomicU64],
    first: u32,
}

/// Sums one series of a histogram. `spans` is scratch space.
fn histogram(
    segment: &Segment,
    about: &About,
    shape: &Arc<Shape>,
    index: usize,
    spans: &mut Vec<Span>,
) -> HistogramSnapshot {
    let mut total = HistogramSnapshot {
        shape: Arc::clone(shape),
        first: 0,
        cells: Box::default(),
        count: 0,
        sum: 0,
        min: u64::MAX,
        max: 0,
        negative: 0,
    };
    let grid = shape.grid;
    let head_at = about.metric.first as usize + index * HEAD_CELLS as usize;
    // Relaxed: a record that this snapshot must show came after its series had cells.
    let entry = segment.shared().get(shape.table as usize + index).map_or(0, |e| e.load(Relaxed));
    let cells_at = usize::try_from(entry).unwrap_or(0);
    spans.clear();
    for shard in segment.shards_seen() {
        let Some(cells) = shard.get(cells_at..cells_at + grid.cells() as usize) else { continue };
        let load = |cell: usize| shard[head_at + cell].load(Relaxed);
        total.negative = total.negative.wrapping_add(load(head::NEGATIVE));
        if entry == 0 || entry >= STAND_IN {
            continue;
        }
        // A writer stores minimum and maximum before it counts. If the counts of values outside
        // what is read here are in the cells already, the next snapshot finds them.
        let (not_min, max) = (load(head::NOT_MIN), load(head::MAX));
        if not_min == 0 && max == 0 {
            continue;
        }
        total.sum = total.sum.wrapping_add(load(head::SUM));
        // One of the two may not be seen yet: then the other stands for both.
        let min = if not_min == 0 { max } else { !not_min };
        let max = max.max(min);
        total.min = total.min.min(min);
        total.max = total.max.max(max);
        let (first, last) = (grid.index(min), grid.index(max));
        spans.push(Span { cells: &cells[first as usize..=last as usize], first });
    }
    if spans.is_empty() {
        return total;
    }
    total.first = grid.index(total.min);
    let mut cells = vec![0; (grid.index(total.max) - total.first) as usize + 1];
    for span in spans.iter() {
        for (sum, cell) in cells[(span.first - total.first) as usize..].iter_mut().zip(span.cells) {
            *sum = u64::wrapping_add(*sum, cell.load(Relaxed));
        }
    }
    total.count = cells.iter().copied().fold(0, u64::wrapping_add);
    total.cells = cells.into();
    total
}
