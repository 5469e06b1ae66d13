use super::family::Family;
use super::histogram::HistogramSnapshot;
use super::info::MetricInfo;
use super::metric::MetricSnapshot;
use super::read::Data;
use super::series::{Series, Value};
use crate::directory::Exposure;
use crate::sync::Arc;
use std::fmt;

/// The values of a registry's metrics at one moment.
///
/// A snapshot is taken while other threads record, and never makes them wait. So it is not of one
/// instant. But each value existed, and a later snapshot never shows a smaller counter or bucket.
/// After other threads were joined, a snapshot has their every record.
#[derive(Clone, Default)]
pub struct Snapshot {
    /// Sorted by name.
    pub(super) metrics: Vec<MetricSnapshot>,
}

impl Snapshot {
    /// A counter's value in recorded units, or `None` if no such series has a value. `labels` are
    /// all labels of the series, constant ones included, in any order. A series of a
    /// [retired](crate::Interner#retired-values) value is found, too. A sum of several threads
    /// that does not fit becomes the largest number. For exported units use [`value`](Self::value),
    /// such as seconds of a counter that records nanoseconds. `None` for a counter that was
    /// [added](Self::add_counter): [`value`](Self::value) returns it.
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> Option<u64> {
        let Series { metric, at, .. } = self.find(name, labels)?;
        match &*metric.data {
            Data::Counter(values) => values.get(at).copied(),
            Data::Wide(values) => {
                values.get(at).map(|&value| u64::try_from(value).unwrap_or(u64::MAX))
            }
            _ => None,
        }
    }

    /// The value of a gauge or an up-down counter; look-up as in [`counter`](Self::counter).
    pub fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let Series { metric, at, .. } = self.find(name, labels)?;
        match &*metric.data {
            Data::Gauge(values) => values.get(at).copied(),
            Data::UpDown(values) => values.get(at).map(|&value| value as f64),
            _ => None,
        }
    }

    /// A histogram's distribution; look-up as in [`counter`](Self::counter).
    pub fn histogram(&self, name: &str, labels: &[(&str, &str)]) -> Option<&HistogramSnapshot> {
        let Series { metric, at, .. } = self.find(name, labels)?;
        match &*metric.data {
            Data::Histogram(values) => values.get(at),
            _ => None,
        }
    }

    /// The value of any series, in exported units; look-up as in [`counter`](Self::counter).
    ///
    /// ```
    /// use tickmetrics::{Description, Snapshot, Value};
    ///
    /// let mut snapshot = Snapshot::default();
    /// let cpu = Description::new("process_cpu_seconds_total", "Processor time.").unit("seconds");
    /// snapshot.add_counter(&cpu, 1.25)?;
    /// let value = snapshot.value("process_cpu_seconds_total", &[]);
    /// assert!(matches!(value, Some(Value::Quantity(1.25))));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<Value<'_>> {
        Some(self.find(name, labels)?.value())
    }

    /// The families, sorted by name.
    pub fn families(&self) -> impl Iterator<Item = Family<'_>> {
        self.metrics
            .chunk_by(|a, b| a.info.metric.name == b.info.metric.name)
            .map(|metrics| Family { metrics })
    }

    /// The family of a name.
    pub fn family(&self, name: &str) -> Option<Family<'_>> {
        let metrics = self.named(name);
        (!metrics.is_empty()).then_some(Family { metrics })
    }

    /// The family with series of a name, if there is one, before names are escaped.
    pub fn exposed_as(&self, name: &str) -> Option<Family<'_>> {
        self.family(name).or_else(|| self.exposed_as_part(name))
    }

    /// The family of which this name is a part, such as `x_bucket` of `x`; `None` for `x` itself.
    pub fn exposed_as_part(&self, name: &str) -> Option<Family<'_>> {
        let mut parts = Exposure::ALL.iter().filter(|series| !series.suffix.is_empty());
        parts.find_map(|series| {
            let family = self.family(name.strip_suffix(series.suffix)?)?;
            family.exposures().any(|own| own == *series).then_some(family)
        })
    }

    /// Only the families for which `keep` returns `true`. Values are not copied.
    #[must_use]
    pub fn only(&self, mut keep: impl FnMut(Family<'_>) -> bool) -> Snapshot {
        let of_one_name =
            |a: &MetricSnapshot, b: &MetricSnapshot| a.info.metric.name == b.info.metric.name;
        let families = self.metrics.chunk_by(of_one_name);
        let kept = families.filter(|metrics| keep(Family { metrics }));
        Snapshot { metrics: kept.flatten().cloned().collect() }
    }

    /// Whether the snapshot has no family.
    pub fn is_empty(&self) -> bool {
        self.metrics.is_empty()
    }

    /// The events after `earlier`, a snapshot of the same registry: counters and histograms hold
    /// the difference, gauges and up-down counters the present value.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let registry = Registry::new();
    /// let wait: Histogram = registry.register(&Description::new("wait", "Waited."))?;
    /// wait.record(100);
    /// let earlier = registry.snapshot();
    /// wait.record(7);
    /// let interval = registry.snapshot().since(&earlier);
    /// let wait = interval.histogram("wait", &[]).unwrap();
    /// assert_eq!((wait.count(), wait.sum(), wait.max()), (1, 7.0, Some(7.0)));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Snapshot) -> Snapshot {
        let mut metrics = Vec::with_capacity(self.metrics.len());
        for Family { metrics: of_name } in self.families() {
            let before = earlier.named(&of_name[0].info.metric.name);
            // Most often they are in the same order, so the next one matches at once.
            let mut next = 0;
            for metric in of_name {
                let places = (next..before.len()).chain(0..next);
                let mut same = places.filter(|&at| Arc::ptr_eq(&before[at].info, &metric.info));
                metrics.push(match same.next() {
                    Some(at) => {
                        next = at + 1;
                        metric.since(&before[at])
                    }
                    None => metric.clone(),
                });
            }
        }
        Snapshot { metrics }
    }

    /// Leaves each name to the registry that had it first, and answers how many metrics of others
    /// are left out: series of two registries under one name could be the same.
    pub(crate) fn keep_first_registries(&mut self) -> usize {
        let all = self.metrics.len();
        let mut last: Option<Arc<MetricInfo>> = None;
        self.metrics.retain(|MetricSnapshot { info, .. }| match &last {
            Some(first) if first.metric.name == info.metric.name => {
                first.metric.registry == info.metric.registry
            }
            _ => {
                last = Some(Arc::clone(info));
                true
            }
        });
        all - self.metrics.len()
    }

    /// The metrics of a name.
    pub(super) fn named(&self, name: &str) -> &[MetricSnapshot] {
        let start = self.metrics.partition_point(|metric| *metric.info.metric.name < *name);
        let of_name = |metric: &MetricSnapshot| *metric.info.metric.name == *name;
        let count = self.metrics[start..].iter().take_while(|metric| of_name(metric)).count();
        &self.metrics[start..start + count]
    }

    fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<Series<'_>> {
        self.named(name).iter().find_map(|metric| {
            let index = metric.index(labels)?;
            let at = metric.exposed.position(index)?;
            Some(Series { metric, index, at })
        })
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let series = self.families().flat_map(|family| family.series());
        f.debug_map()
            .entries(series.map(|series| {
                let labels = series.labels().map(|(name, value)| format!("{name}={value:?}"));
                let labels = labels.collect::<Vec<_>>().join(",");
                (format!("{}{{{labels}}}", series.metric.info.metric.name), series.value())
            }))
            .finish()
    }
}
