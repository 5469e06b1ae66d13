//! Values without cells, put into a snapshot.

use super::added::Added;
use super::exposed::{Exposed, Present};
use super::families::Snapshot;
use super::info::MetricInfo;
use super::metric::MetricSnapshot;
use super::read::Data;
use crate::directory::MetricEntry;
use crate::sync::Arc;

impl Snapshot {
    /// The metrics of a name.
    pub(crate) fn metrics_named(&self, name: &str) -> impl Iterator<Item = &MetricEntry> {
        self.named(name).iter().map(|metric| &metric.info.metric)
    }

    /// Puts in metrics of one name, each with its only series, in exported units.
    pub(crate) fn insert(&mut self, name: &str, metrics: Vec<(MetricEntry, Added)>) {
        let at = self.metrics.partition_point(|there| *there.info.metric.name <= *name);
        let metrics = metrics.into_iter().map(|(metric, value)| MetricSnapshot::of(metric, value));
        self.metrics.splice(at..at, metrics);
    }
}

impl MetricSnapshot {
    /// A metric with one series.
    fn of(metric: MetricEntry, value: Added) -> Self {
        let data = match value {
            // The larger one of NaN and 0 is 0.
            Added::Counter(count) => Data::Quantity(vec![count.max(0.0)]),
            Added::Gauge(value) => Data::Gauge(vec![value]),
            Added::Histogram(histogram) => Data::Classic(vec![histogram]),
            Added::Summary(summary) => Data::Summary(vec![summary]),
        };
        let mut present = Present::default();
        present.shown.push(0..1);
        let exposed = Arc::new(Exposed::after(&Exposed::default(), present, Vec::new()));
        Self {
            info: Arc::new(MetricInfo::of(0, metric)),
            exposed,
            data: Arc::new(data),
            created: 0,
        }
    }
}
