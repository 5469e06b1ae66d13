//! Labels for all metrics of a snapshot.

use super::exposed::Exposed;
use super::families::Snapshot;
use super::info::MetricInfo;
use super::metric::MetricSnapshot;
use crate::names;
use crate::sync::Arc;
use std::collections::HashMap;
use std::mem;

/// Labels for all metrics of a program: its host, or the desk it trades for. Prometheus names such
/// labels external.
///
/// They come before a metric's own labels. A metric that already has one of the names keeps its own
/// value, and so does a series of a [`Dynamic`](crate::Dynamic) family. If the family has another series
/// without that label, and the value is the same, both have the same labels then: do not give series of
/// one family an external label's value by hand.
///
/// Keep this from snapshot to snapshot: it renders labels once for each format.
///
/// ```
/// use tickmetrics::prelude::*;
/// use tickmetrics::ExternalLabels;
///
/// let registry = Registry::new();
/// registry.register::<Counter>(&Description::new("ticks_total", "Ticks."))?.inc();
/// let mut labels = ExternalLabels::new([("host", "ny4-17"), ("desk", "options")])?;
/// let mut snapshot = registry.snapshot();
/// labels.add_to(&mut snapshot);
/// let labels = [("host", "ny4-17"), ("desk", "options")];
/// assert_eq!(snapshot.counter("ticks_total", &labels), Some(1));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ExternalLabels {
    labels: Vec<(String, String)>,
    /// The metrics of the last snapshot, by the address of their constant part.
    known: HashMap<usize, Known>,
}

/// A metric without the labels, and with them.
#[derive(Clone, Debug)]
struct Known {
    /// Kept, so that no other metric gets its address.
    info: Arc<MetricInfo>,
    exposed: Arc<Exposed>,
    labelled: (Arc<MetricInfo>, Arc<Exposed>),
}

impl ExternalLabels {
    /// These labels, which are checked.
    pub(crate) fn of_checked(labels: Vec<(String, String)>) -> Self {
        Self { labels, known: HashMap::new() }
    }

    /// Adds the labels to each metric of a snapshot.
    pub fn add_to(&mut self, snapshot: &mut Snapshot) {
        if self.labels.is_empty() {
            return;
        }
        let mut earlier = mem::take(&mut self.known);
        for metric in &mut snapshot.metrics {
            let address = Arc::as_ptr(&metric.info).addr();
            let before = earlier.remove(&address).filter(|it| Arc::ptr_eq(&it.info, &metric.info));
            let known = self.labelled(metric, before);
            (metric.info, metric.exposed) = known.labelled.clone();
            self.known.insert(address, known);
        }
    }

    fn labelled(&self, metric: &MetricSnapshot, earlier: Option<Known>) -> Known {
        let MetricSnapshot { info, exposed, .. } = metric;
        let again = |before: &Exposed| {
            Arc::new(Exposed::after(before, exposed.present(), exposed.values.clone()))
        };
        let labelled = match earlier {
            Some(Known { exposed: same, labelled, .. }) if Arc::ptr_eq(&same, exposed) => labelled,
            Some(Known { labelled: (info, before), .. }) => (info, again(&before)),
            None => (Arc::new(info.with_labels(&self.labels)), again(&Exposed::default())),
        };
        Known { info: Arc::clone(info), exposed: Arc::clone(exposed), labelled }
    }
}

impl MetricInfo {
    /// The metric with these labels in front, but for those that it has itself.
    fn with_labels(&self, labels: &[(String, String)]) -> Self {
        let mut metric = self.metric.clone();
        let own = metric.constants.iter().map(|(name, _)| name);
        // A dynamic family's series leave out those that they have themselves (`constants_beside`).
        let own: Vec<_> = own.chain(metric.dimensions.iter().map(|(name, _)| name)).collect();
        let is_free =
            |label: &&(String, String)| own.iter().all(|own| !names::can_meet(own, &label.0));
        let mut constants: Vec<_> = labels.iter().filter(is_free).cloned().collect();
        constants.append(&mut metric.constants);
        metric.constants = constants;
        Self::new(self.entry, metric, self.scale, self.shape.clone(), self.dimensions.clone())
    }
}
