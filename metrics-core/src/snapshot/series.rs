use super::added::{ClassicHistogram, Summary};
use super::histogram::HistogramSnapshot;
use super::labels::MetricLabels;
use super::metric::MetricSnapshot;
use super::read::Data;
use super::values::Run;
use std::slice;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// One series: a family's name with one set of label values.
#[derive(Clone, Copy)]
pub struct Series<'a> {
    pub(super) metric: &'a MetricSnapshot,
    pub(super) index: u32,
    pub(super) at: usize,
}

/// The value of a series.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A counter without a scale.
    Counter(u64),
    /// A counter with a scale, or one that was [added](crate::Snapshot::add_counter), in the exported
    /// unit; and a sum of several threads of more than 2^64.
    Quantity(f64),
    /// An up-down counter.
    UpDown(i64),
    /// A gauge.
    Gauge(f64),
    /// A histogram.
    Histogram(&'a HistogramSnapshot),
    /// A histogram that was [added](crate::Snapshot::add_histogram).
    Classic(&'a ClassicHistogram),
    /// A summary that was [added](crate::Snapshot::add_summary).
    Summary(&'a Summary),
}

impl<'a> Series<'a> {
    /// Names and values of its labels, constant ones first.
    pub fn labels(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let MetricSnapshot { info, exposed, .. } = self.metric;
        exposed.labels(info, self.index)
    }

    /// The labels of its metric: for encoders, which write each label once rather than for each
    /// series.
    #[inline]
    pub fn metric_labels(&self) -> MetricLabels<'a> {
        MetricLabels { info: &self.metric.info, exposed: &self.metric.exposed }
    }

    /// The number of the series in its metric: the sum of each variable label's
    /// [value number](super::labels::VariableLabel::values) times its
    /// [stride](super::labels::VariableLabel::stride).
    #[inline]
    pub fn index(&self) -> u32 {
        self.index
    }

    /// The start of its count: the series had no value then, or 0. That is when the process's
    /// segment was made, or the process was forked. `None` if the count began in an earlier
    /// process, see [`SegmentBuilder::resume`](crate::SegmentBuilder::resume), or is not in the
    /// segment.
    pub fn created(&self) -> Option<SystemTime> {
        let since_epoch = Duration::from_nanos(self.metric.created);
        UNIX_EPOCH.checked_add(since_epoch).filter(|_| !since_epoch.is_zero())
    }

    /// Its value.
    #[expect(
        clippy::inline_always,
        reason = "a quarter of the time that protobuf takes for a counter"
    )]
    #[inline(always)]
    pub fn value(&self) -> Value<'a> {
        match &*self.metric.data {
            Data::Counter(values) if self.metric.info.scale.is_one() => {
                Value::Counter(values[self.at])
            }
            Data::Counter(values) => {
                Value::Quantity(self.metric.info.scale.export(values[self.at]))
            }
            Data::Wide(values) => wide(self.metric, values[self.at]),
            Data::Quantity(values) => Value::Quantity(values[self.at]),
            Data::UpDown(values) => Value::UpDown(values[self.at]),
            Data::Gauge(values) => Value::Gauge(values[self.at]),
            Data::Histogram(values) => Value::Histogram(&values[self.at]),
            Data::Classic(values) => Value::Classic(&values[self.at]),
            Data::Summary(values) => Value::Summary(&values[self.at]),
        }
    }
}

/// The value of a counter that may have more than 64 bits.
#[cold]
fn wide(metric: &MetricSnapshot, value: u128) -> Value<'_> {
    match u64::try_from(value) {
        Ok(value) if metric.info.scale.is_one() => Value::Counter(value),
        _ => Value::Quantity(metric.info.scale.export_wide(value)),
    }
}

/// The series of some metrics, from one of them on. Written out, and not as a chain of adapters,
/// since encoders spend a part of their few nanoseconds for each series here.
pub(super) struct AllSeries<'a> {
    metric: &'a MetricSnapshot,
    others: slice::Iter<'a, MetricSnapshot>,
    /// The runs of the metric that come after this one.
    runs: slice::Iter<'a, Run>,
    /// The next series and the end of its run.
    index: u32,
    end: u32,
    /// The position of the next series among those of its metric.
    at: usize,
}

impl<'a> AllSeries<'a> {
    /// For at least one metric, without the first `skipped` series.
    pub(super) fn new(metrics: &'a [MetricSnapshot], mut skipped: usize) -> Self {
        let mut metric = &metrics[0];
        let mut others = metrics[1..].iter();
        loop {
            let count = metric.exposed.indices.len();
            if skipped <= count {
                break;
            }
            match others.next() {
                Some(next) => (metric, skipped) = (next, skipped - count),
                // There are fewer than that.
                None => skipped = count,
            }
        }
        let (runs, index, end) = metric.exposed.indices.runs_from(skipped);
        Self { metric, others, runs, index, end, at: skipped }
    }

    /// Continues with the next run that has a series.
    #[cold]
    fn next_run(&mut self) -> Option<()> {
        loop {
            if let Some(run) = self.runs.next() {
                (self.index, self.end) = (run.first, run.end);
            } else {
                self.metric = self.others.next()?;
                self.at = 0;
                (self.runs, self.index, self.end) = self.metric.exposed.indices.runs_from(0);
            }
            if self.index < self.end {
                return Some(());
            }
        }
    }
}

impl<'a> Iterator for AllSeries<'a> {
    type Item = Series<'a>;

    #[inline]
    fn next(&mut self) -> Option<Series<'a>> {
        if self.index >= self.end {
            self.next_run()?;
        }
        let series = Series { metric: self.metric, index: self.index, at: self.at };
        self.index += 1;
        self.at += 1;
        Some(series)
    }
}
