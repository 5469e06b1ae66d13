//! Values from functions of the program. They have no cells.

use super::catalogue::push_new_values;
use super::exposed::Exposed;
use super::families::Snapshot;
use super::info::MetricInfo;
use super::metric::MetricSnapshot;
use super::read::Data;
use super::values::{Indices, LabelValues};
use crate::directory;
use crate::labels::Interner;
use crate::sync::{Arc, Mutex, lock};
use std::collections::{BTreeMap, HashMap};

/// A metric with values from a function, and its last result.
pub(crate) struct Answers {
    info: Arc<MetricInfo>,
    sets: HashMap<u64, Arc<LabelValues>>,
    interners: Vec<(u64, &'static Interner)>,
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
        let other = || Arc::new(LabelValues::from_iter([Interner::OTHER]));
        let sets = interners.iter().map(|&(set, _)| (set, other())).collect();
        let (info, exposed) = (Arc::new(MetricInfo::of(0, metric)), Arc::default());
        Self { info, sets, interners, exposed, data, counts: BTreeMap::new() }
    }

    /// Stores the values of gauges. If a series is there twice, the last value stays.
    pub(crate) fn take_gauges(&mut self, values: impl IntoIterator<Item = (u32, f64)>) {
        let values: BTreeMap<_, _> = values.into_iter().collect();
        self.expose(values.keys());
        self.data = Arc::new(Data::Gauge(values.into_values().collect()));
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
        self.expose(sums.keys());
        self.data = Arc::new(Data::Counter(sums.into_values().collect()));
    }

    fn snapshot(&self) -> Option<MetricSnapshot> {
        let Self { info, exposed, data, .. } = self;
        (exposed.indices.len() > 0).then(|| MetricSnapshot {
            info: Arc::clone(info),
            exposed: Arc::clone(exposed),
            data: Arc::clone(data),
            created: 0,
        })
    }

    fn expose<'a>(&mut self, series: impl Iterator<Item = &'a u32>) {
        let mut indices = Indices::default();
        series.for_each(|&index| indices.push(index..index.saturating_add(1)));
        if self.exposed.indices != indices {
            push_new_values(&mut self.sets, &self.interners);
            let values = self.info.values(&self.sets);
            self.exposed = Arc::new(Exposed::after(&self.exposed, indices, values));
        }
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
