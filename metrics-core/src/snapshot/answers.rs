//! Values from functions of the program. They have no cells.

use super::exposed::{Exposed, Present};
use super::families::Snapshot;
use super::info::MetricInfo;
use super::interned::Interned;
use super::metric::MetricSnapshot;
use super::read::Data;
use crate::directory;
use crate::labels::Interner;
use crate::segment::Part;
use crate::sync::{Arc, Mutex, lock};
use std::collections::BTreeMap;

/// A metric with values from a function, and its last result.
pub(crate) struct Answers {
    info: Arc<MetricInfo>,
    interned: Interned,
    exposed: Arc<Exposed>,
    data: Arc<Data>,
    /// The largest count so far of each series that ever had one.
    counts: BTreeMap<u32, u64>,
}

impl Answers {
    /// `interners` number the values of the metric's sets.
    pub(crate) fn new(
        metric: directory::MetricEntry,
        interners: Vec<(u64, &'static Interner)>,
    ) -> Self {
        let data = Arc::new(Data::none(metric.kind));
        let mut interned = Interned::default();
        interners.into_iter().for_each(|(set, interner)| interned.add_interner(set, interner));
        let (info, exposed) = (Arc::new(MetricInfo::of(0, metric)), Arc::default());
        Self { info, interned, exposed, data, counts: BTreeMap::new() }
    }

    /// Stores the values of gauges. If a series is there twice, the last value stays.
    pub(crate) fn take_gauges(&mut self, values: impl IntoIterator<Item = (u32, f64)>) {
        let values: BTreeMap<_, _> = values.into_iter().collect();
        let (series, values) = values.into_iter().unzip();
        self.expose(series, Data::Gauge(values));
    }

    /// Stores the values of counters. Those of one series are added up, and none falls.
    pub(crate) fn take_counters(&mut self, values: impl IntoIterator<Item = (u32, u64)>) {
        let mut sums = BTreeMap::<u32, u64>::new();
        for (index, value) in values {
            let sum = sums.entry(index).or_default();
            *sum = sum.saturating_add(value);
        }
        for (index, sum) in &mut sums {
            let largest = self.counts.entry(*index).or_default();
            *largest = (*sum).max(*largest);
            *sum = *largest;
        }
        let (series, values) = sums.into_iter().unzip();
        self.expose(series, Data::Counter(values));
    }

    fn snapshot(&self) -> Option<MetricSnapshot> {
        let Self { info, exposed, data, .. } = self;
        (exposed.count() > 0).then(|| MetricSnapshot {
            info: Arc::clone(info),
            exposed: Arc::clone(exposed),
            data: Arc::clone(data),
            created: 0,
        })
    }

    /// Stores the values of series, whose indices rise.
    fn expose(&mut self, series: Vec<u32>, mut data: Data) {
        let mut present = Present::default();
        series.into_iter().for_each(|index| present.shown.push(index..index.saturating_add(1)));
        self.interned.refresh(Part::default());
        present.hide(&self.info, &self.interned, &[], &mut data);
        if !self.exposed.has(&present) {
            let values = self.info.values(&self.interned);
            self.exposed = Arc::new(Exposed::after(&self.exposed, present, values));
        }
        self.data = Arc::new(data);
    }
}

impl Snapshot {
    /// Adds the last result of each function.
    pub(crate) fn add_answers<'a>(&mut self, answers: impl Iterator<Item = &'a Mutex<Answers>>) {
        let before = self.metrics.len();
        self.metrics.extend(answers.filter_map(|answers| lock(answers).snapshot()));
        if self.metrics.len() > before {
            self.metrics.sort_by(|a, b| a.info.metric.name.cmp(&b.info.metric.name));
        }
    }
}
