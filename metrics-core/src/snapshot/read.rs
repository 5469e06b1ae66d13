//! Sums a metric's cells over all shards.
//!
//! Loads are Relaxed unless documented otherwise. Each cell has one writer (or atomic
//! read-modify-writes) and only grows, so a load returns a value that the cell had, and a later
//! snapshot reads the same or a larger one. The cells of one snapshot are read while writers
//! continue; they are not of one instant.

use super::added::{ClassicHistogram, Summary};
use super::budget::Budget;
use super::distribution::{Reader, SURE};
use super::histogram::HistogramSnapshot;
use super::info::{Dimension, MetricInfo};
use super::values::{Indices, LabelValues, Run};
use crate::directory::{self, Kind};
use crate::layout::{self, GAUGE_CELLS, PAGE_WORDS, UP_DOWN_CELLS};
use crate::segment::{Part, View, Window, Words};
use crate::sync::{Acquire, Arc, Relaxed, fence};
use std::mem;

/// The values of a metric's series.
#[derive(Clone, Debug)]
pub(super) enum Data {
    Counter(Vec<u64>),
    /// For counters some of which have more than 64 bits in all shards together.
    Wide(Vec<u128>),
    /// For added counters, without cells.
    Quantity(Vec<f64>),
    UpDown(Vec<i64>),
    Gauge(Vec<f64>),
    Histogram(Vec<HistogramSnapshot>),
    /// For added histograms and summaries, without cells.
    Classic(Vec<ClassicHistogram>),
    Summary(Vec<Summary>),
}

type Labels = [Arc<LabelValues>];

impl Data {
    pub(super) fn none(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter(Vec::new()),
            Kind::UpDownCounter => Self::UpDown(Vec::new()),
            Kind::Gauge => Self::Gauge(Vec::new()),
            Kind::Histogram => Self::Histogram(Vec::new()),
            Kind::Summary => Self::Summary(Vec::new()),
        }
    }

    /// Moves values behind all others. `is_moved` is asked for each, in their order.
    pub(super) fn move_back(&mut self, is_moved: impl FnMut() -> bool) {
        fn moved<T>(values: &mut Vec<T>, mut is_moved: impl FnMut() -> bool) {
            let moved: Vec<T> = values.extract_if(.., |_| is_moved()).collect();
            values.extend(moved);
        }
        match self {
            Self::Counter(values) => moved(values, is_moved),
            Self::Wide(values) => moved(values, is_moved),
            Self::Quantity(values) | Self::Gauge(values) => moved(values, is_moved),
            Self::UpDown(values) => moved(values, is_moved),
            Self::Histogram(values) => moved(values, is_moved),
            Self::Classic(values) => moved(values, is_moved),
            Self::Summary(values) => moved(values, is_moved),
        }
    }

    /// A number that changes with the value at a position.
    #[expect(clippy::cast_possible_truncation, reason = "the lowest bits change, too")]
    pub(super) fn mark(&self, at: usize) -> u64 {
        match self {
            Self::Counter(values) => values.get(at).copied(),
            Self::Wide(values) => values.get(at).map(|&value| value as u64),
            Self::Quantity(values) | Self::Gauge(values) => values.get(at).map(|it| it.to_bits()),
            Self::UpDown(values) => values.get(at).map(|value| value.cast_unsigned()),
            Self::Histogram(values) => values.get(at).map(HistogramSnapshot::count),
            Self::Classic(values) => values.get(at).map(ClassicHistogram::count),
            Self::Summary(values) => values.get(at).map(Summary::count),
        }
        .unwrap_or_default()
    }

    fn clear(&mut self) {
        match self {
            Self::Counter(values) => values.clear(),
            Self::Wide(values) => values.clear(),
            Self::Quantity(values) | Self::Gauge(values) => values.clear(),
            Self::UpDown(values) => values.clear(),
            Self::Histogram(values) => values.clear(),
            Self::Classic(values) => values.clear(),
            Self::Summary(values) => values.clear(),
        }
    }
}

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
        // Without gaps in the inner labels, this dimension and all below it are one run.
        if inner.iter().zip(inner_values).all(|(dimension, known)| known.len() >= dimension.count) {
            return run(base, live * below);
        }
        for digit in 0..live {
            descend(inner, inner_values, base + digit * below, run);
        }
    }
    descend(dimensions, values, 0, run);
}

/// Reads the exposed series into `data`, whose memory is reused, and adds their indices.
pub(super) fn metric(
    view: View<'_>,
    info: &MetricInfo,
    values: &Labels,
    data: &mut Data,
    indices: &mut Indices,
    budget: &mut Budget,
) {
    let series = Live::new(view, info, values);
    if !budget.take_bytes(series.bytes(data)) {
        return data.clear();
    }
    match data {
        Data::Counter(_) | Data::Wide(_) => {
            let mut sums = match data {
                Data::Counter(sums) => mem::take(sums),
                _ => Vec::new(),
            };
            series.zeros(&mut sums);
            let shards = view.shards_seen();
            let add_up = |bits, shard| bits | series.add_up(&mut sums, shard, 1, 0);
            if shards.fold(0, add_up) > SURE {
                // As much again, and twice that for numbers of twice the size.
                let bytes = (series.count as u64).saturating_mul(3 * size_of::<u64>() as u64);
                if !budget.take_bytes(bytes) {
                    return data.clear();
                }
                *data = series.wide(view, indices);
            } else {
                series.expose(&mut sums, indices, |_, &sum| sum != 0);
                *data = Data::Counter(sums);
            }
        }
        Data::Quantity(_) | Data::Classic(_) | Data::Summary(_) => {}
        Data::UpDown(values) => {
            let (mut downs, mut ups) = (Vec::new(), Vec::new());
            series.zeros(&mut downs);
            series.zeros(&mut ups);
            let stride = UP_DOWN_CELLS as usize;
            // Acquire, after all downs are read, pairs with the Release in `add_release`: for every
            // `sub` seen before it, the `add` that came before, on whichever thread, is seen below.
            for shard in view.shards_seen() {
                series.add_up(&mut downs, shard, stride, 1);
            }
            fence(Acquire);
            for shard in view.shards_seen() {
                series.add_up(&mut ups, shard, stride, 0);
            }
            let net = |(up, down): (&u64, &u64)| up.wrapping_sub(*down).cast_signed();
            values.clear();
            values.extend(ups.iter().zip(&downs).map(net));
            series.expose(values, indices, |at, _| (ups[at], downs[at]) != (0, 0));
        }
        Data::Gauge(values) => {
            let mut cells = Vec::new();
            series.zeros(&mut cells);
            series.add_up(&mut cells, view.shared_part(), GAUGE_CELLS as usize, 0);
            values.clear();
            values.extend(cells.iter().map(|&cell| layout::gauge::decode(cell).unwrap_or(0.0)));
            series.expose(values, indices, |at, _| cells[at] != 0);
        }
        Data::Histogram(histograms) => {
            let Some(shape) = &info.shape else { return histograms.clear() };
            let mut reader = Reader::new(view, info, shape, histograms, budget);
            series.for_each(|index| {
                if reader.read(index as usize, || series.is_shown(index)) {
                    indices.push(index..index + 1);
                }
            });
            reader.finish();
        }
    }
}

/// The series of a metric whose labels all have values by now.
struct Live<'a> {
    info: &'a MetricInfo,
    values: &'a Labels,
    count: usize,
    /// The bits of declared series; none if all are exposed.
    declared: Words<'a>,
    /// Whether every series is exposed, touched or not.
    whole: bool,
}

impl<'a> Live<'a> {
    fn new(view: View<'a>, info: &'a MetricInfo, values: &'a Labels) -> Self {
        let mut count = 0;
        runs(&info.dimensions, values, &mut |_, length| count += length);
        let directory::MetricEntry { declared, series, .. } = info.metric;
        let declared = declared as usize;
        let bits = declared..declared + (series as usize).div_ceil(64);
        let whole = !info.dimensions.iter().any(Dimension::is_interned);
        let declared = if whole { None } else { view.shared_part().get(bits) };
        let declared = declared.unwrap_or_default();
        Self { info, values, count, declared, whole }
    }

    #[expect(clippy::cast_possible_truncation, reason = "less than `series`, which is a u32")]
    fn for_each(&self, mut visit: impl FnMut(u32)) {
        runs(&self.info.dimensions, self.values, &mut |first, length| {
            (first..first + length).for_each(|index| visit(index as u32));
        });
    }

    /// The most bytes that reading them takes, except for histograms' distributions.
    fn bytes(&self, data: &Data) -> u64 {
        let each = match data {
            Data::Counter(_) | Data::Wide(_) | Data::Quantity(_) => size_of::<u64>(),
            Data::Gauge(_) => 2 * size_of::<u64>(),
            Data::UpDown(_) => 3 * size_of::<u64>(),
            Data::Histogram(_) | Data::Classic(_) | Data::Summary(_) => 0,
        };
        // Every other series can be exposed.
        let indices = if self.whole { 0 } else { size_of::<Run>().div_ceil(2) };
        (self.count as u64).saturating_mul((each + indices) as u64)
    }

    /// As many zeros as there are series.
    fn zeros(&self, sums: &mut Vec<u64>) {
        sums.clear();
        sums.resize(self.count, 0);
    }

    /// The sums of counters' cells that may exceed 64 bits together.
    #[cold]
    fn wide(&self, view: View<'_>, indices: &mut Indices) -> Data {
        let mut wide = vec![0_u128; self.count];
        let mut cells = Vec::new();
        for shard in view.shards_seen() {
            self.zeros(&mut cells);
            self.add_up(&mut cells, shard, 1, 0);
            wide.iter_mut().zip(&cells).for_each(|(sum, &cell)| *sum += u128::from(cell));
        }
        self.expose(&mut wide, indices, |_, &sum| sum != 0);
        let narrow: Result<_, _> = wide.iter().map(|&sum| u64::try_from(sum)).collect();
        narrow.map_or(Data::Wide(wide), Data::Counter)
    }

    /// Adds one cell of each series to its sum, modulo 2^64, and returns the bits that are set in
    /// any cell.
    fn add_up(&self, sums: &mut [u64], cells: Part<'_>, stride: usize, offset: usize) -> u64 {
        let start = self.info.metric.first as usize + offset;
        let mut cells = Window::new(cells, PAGE_WORDS);
        let most = (cells.most() / stride).max(1);
        let (mut sums, mut bits) = (sums.iter_mut(), 0);
        runs(&self.info.dimensions, self.values, &mut |first, length| {
            let end = first + length;
            for first in (first..end).step_by(most) {
                let length = most.min(end - first);
                let from = start + first * stride;
                let run = cells.get(from..from + (length - 1) * stride + 1).iter();
                for (sum, cell) in sums.by_ref().take(length).zip(run.step_by(stride)) {
                    let count = cell.load(Relaxed);
                    bits |= count;
                    *sum = sum.wrapping_add(count);
                }
            }
        });
        bits
    }

    /// Keeps the values of exposed series, and adds their indices. `touched` gets the position of a
    /// value among all.
    fn expose<T: Copy>(
        &self,
        values: &mut Vec<T>,
        indices: &mut Indices,
        touched: impl Fn(usize, &T) -> bool,
    ) {
        let (mut at, mut kept) = (0, 0);
        self.for_each(|index| {
            let value = values[at];
            if touched(at, &value) || self.is_shown(index) {
                values[kept] = value;
                kept += 1;
                indices.push(index..index + 1);
            }
            at += 1;
        });
        values.truncate(kept);
    }

    /// Whether a series is exposed even if it was never touched.
    fn is_shown(&self, index: u32) -> bool {
        let word = self.declared.get(index as usize / 64);
        self.whole || word.is_some_and(|word| word.load(Relaxed) >> (index % 64) & 1 == 1)
    }
}
