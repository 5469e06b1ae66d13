use super::values::Run;
use super::{MetricSnapshot, Series};
use std::slice;

/// The series of some metrics, from one of them on. Written out, rather than as a chain of adapters,
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
    /// Those of one metric at least, without the first `skipped`.
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

    /// Goes on with the next run that has a series.
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
