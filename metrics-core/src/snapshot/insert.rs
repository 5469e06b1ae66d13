//! Values without cells, put into a snapshot.

use super::exposed::{Exposed, Present};
use super::families::Snapshot;
use super::info::MetricInfo;
use super::metric::MetricSnapshot;
use super::read::Data;
use crate::directory::{Kind, MetricEntry};
use crate::sync::Arc;

impl Snapshot {
    /// The metrics of a name.
    pub(crate) fn metrics_named(&self, name: &str) -> impl Iterator<Item = &MetricEntry> {
        self.named(name).iter().map(|metric| &metric.info.metric)
    }

    /// Puts in the only series of a metric, in exported units.
    pub(crate) fn insert(&mut self, metric: MetricEntry, value: f64) {
        let at = self.metrics.partition_point(|there| there.info.metric.name <= metric.name);
        let data = match metric.kind {
            Kind::Counter => Data::Quantity(vec![value]),
            _ => Data::Gauge(vec![value]),
        };
        let mut present = Present::default();
        present.shown.push(0..1);
        let exposed = Arc::new(Exposed::after(&Exposed::default(), present, Vec::new()));
        let (info, data) = (Arc::new(MetricInfo::of(0, metric)), Arc::new(data));
        self.metrics.insert(at, MetricSnapshot { info, exposed, data, created: 0 });
    }
}
