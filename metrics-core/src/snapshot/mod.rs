//! Plain owned values of all metrics at one moment: look-ups, iteration, differences.

mod answers;
mod budget;
mod by_handle;
mod catalogue;
mod cells;
mod distribution;
mod exemplar;
mod exposed;
mod external;
mod histogram;
mod insert;
mod merge;
mod merged;
mod native;
mod rendered;
mod series;
mod shape;
mod sum;
mod values;

pub(crate) use answers::Answers;
#[cfg(not(tickmetrics_loom))]
pub(crate) use budget::{Budget, Excess};
pub use by_handle::Handle;
pub(crate) use catalogue::{Catalogue, New};
pub use exemplar::Exemplar;
pub use external::ExternalLabels;
pub use histogram::{Bucket, HistogramSnapshot};
pub use merged::{ConflictReason, MergeConflict};
pub use native::{NativeBucket, NativeBuckets};

use crate::directory::{Exposure, Kind};
use crate::names::Escaping;
use crate::sync::Arc;
use catalogue::About;
use exposed::Exposed;
use merge::Data;
use series::AllSeries;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The values of a registry's metrics at one moment.
///
/// It is taken while other threads record, and never makes them wait; so it is not of one instant,
/// but each value is one that was there, and a later snapshot never shows a counter or a bucket
/// with less. After other threads were joined, it is exact to the last record.
#[derive(Clone, Default)]
pub struct Snapshot {
    /// Sorted by name.
    metrics: Vec<MetricSnapshot>,
}

#[derive(Clone)]
struct MetricSnapshot {
    about: Arc<About>,
    exposed: Arc<Exposed>,
    data: Arc<Data>,
    /// When it began to count, in nanoseconds since the epoch; 0 where nobody knows.
    created: u64,
}

/// All series of one name.
#[derive(Clone, Copy)]
pub struct Family<'a> {
    /// At least one.
    metrics: &'a [MetricSnapshot],
}

/// One series: a family's name with one set of label values.
#[derive(Clone, Copy)]
pub struct Series<'a> {
    metric: &'a MetricSnapshot,
    index: u32,
    at: usize,
}

/// The value of a series.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A counter without a scale.
    Counter(u64),
    /// A counter with a scale, or one that was [added](Snapshot::add_counter), in the exported unit;
    /// and one of more than 2^64, of several threads together.
    Quantity(f64),
    /// An up-down counter.
    UpDown(i64),
    /// A gauge.
    Gauge(f64),
    /// A histogram.
    Histogram(&'a HistogramSnapshot),
}

impl Snapshot {
    /// A counter's value in recorded units, or `None` where no such series is exposed. `labels`
    /// are all labels of the series, constant ones included, in any order. What does not fit, of
    /// several threads together, is given as the largest number. `None` for one that was
    /// [added](Self::add_counter), which [`value`](Self::value) has.
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
            .chunk_by(|a, b| a.about.metric.name == b.about.metric.name)
            .map(|metrics| Family { metrics })
    }

    /// The family of a name.
    pub fn family(&self, name: &str) -> Option<Family<'_>> {
        let metrics = self.named(name);
        (!metrics.is_empty()).then_some(Family { metrics })
    }

    /// The family that has series of a name, if any has, before names are escaped.
    pub fn exposed_as(&self, name: &str) -> Option<Family<'_>> {
        self.family(name).or_else(|| self.exposed_as_part(name))
    }

    /// The family that has series of a name beside those of its own name.
    pub fn exposed_as_part(&self, name: &str) -> Option<Family<'_>> {
        let mut parts = Exposure::ALL.iter().filter(|series| !series.suffix.is_empty());
        parts.find_map(|series| {
            let family = self.family(name.strip_suffix(series.suffix)?)?;
            family.exposures().any(|own| own == *series).then_some(family)
        })
    }

    /// Only the families that `keep` answers `true` for; values are not copied.
    #[must_use]
    pub fn only(&self, mut keep: impl FnMut(Family<'_>) -> bool) -> Snapshot {
        let of_one_name =
            |a: &MetricSnapshot, b: &MetricSnapshot| a.about.metric.name == b.about.metric.name;
        let families = self.metrics.chunk_by(of_one_name);
        let kept = families.filter(|metrics| keep(Family { metrics }));
        Snapshot { metrics: kept.flatten().cloned().collect() }
    }

    /// Whether it has no family.
    pub fn is_empty(&self) -> bool {
        self.metrics.is_empty()
    }

    /// What happened after `earlier`, a snapshot of the same registry: counters and histograms
    /// hold the difference, gauges and up-down counters the present value.
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
            let before = earlier.named(&of_name[0].about.metric.name);
            // Most often they are in the same order, so that the next one is found at once.
            let mut next = 0;
            for metric in of_name {
                let places = (next..before.len()).chain(0..next);
                let mut same = places.filter(|&at| Arc::ptr_eq(&before[at].about, &metric.about));
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
    #[cfg(not(tickmetrics_loom))]
    pub(crate) fn keep_first_registries(&mut self) -> usize {
        let all = self.metrics.len();
        let mut last: Option<Arc<About>> = None;
        self.metrics.retain(|MetricSnapshot { about, .. }| match &last {
            Some(first) if first.metric.name == about.metric.name => {
                first.metric.registry == about.metric.registry
            }
            _ => {
                last = Some(Arc::clone(about));
                true
            }
        });
        all - self.metrics.len()
    }

    /// The metrics of a name.
    fn named(&self, name: &str) -> &[MetricSnapshot] {
        let start = self.metrics.partition_point(|metric| *metric.about.metric.name < *name);
        let of_name = |metric: &MetricSnapshot| *metric.about.metric.name == *name;
        let count = self.metrics[start..].iter().take_while(|metric| of_name(metric)).count();
        &self.metrics[start..start + count]
    }

    fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<Series<'_>> {
        self.named(name).iter().find_map(|metric| {
            let index = metric.index(labels)?;
            let at = metric.exposed.indices.position(index)?;
            Some(Series { metric, index, at })
        })
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let series = self.families().flat_map(|family| family.series());
        f.debug_map()
            .entries(series.map(|series| {
                (
                    format!("{}{{{}}}", series.metric.about.metric.name, series.label_text()),
                    series.value(),
                )
            }))
            .finish()
    }
}

impl MetricSnapshot {
    /// The index of the series with exactly these labels.
    fn index(&self, labels: &[(&str, &str)]) -> Option<u32> {
        let About { metric, dimensions, .. } = &*self.about;
        if labels.len() != metric.constants.len() + dimensions.len() {
            return None;
        }
        let value_of =
            |name: &str| labels.iter().find(|label| label.0 == name).map(|label| label.1);
        for (name, value) in &metric.constants {
            if value_of(name)? != value {
                return None;
            }
        }
        dimensions.iter().zip(&self.exposed.values).try_fold(0_u32, |index, (dimension, values)| {
            let value = value_of(&dimension.name)?;
            let digit = values.number(value)?;
            index
                .checked_mul(u32::try_from(dimension.count).ok()?)?
                .checked_add(u32::try_from(digit).ok()?)
        })
    }

    fn since(&self, earlier: &Self) -> Self {
        let data = match (&*self.data, &*earlier.data) {
            (Data::Wide(_), _) | (_, Data::Wide(_)) => match (self.narrow(), earlier.narrow()) {
                (Some(now), Some(then)) => return now.since(&then),
                _ => Arc::clone(&self.data),
            },
            (Data::Counter(now), Data::Counter(then)) => {
                let difference =
                    |now: &u64, then: Option<&u64>| now.wrapping_sub(then.copied().unwrap_or(0));
                Arc::new(Data::Counter(self.differences(now, earlier, then, difference)))
            }
            (Data::Histogram(now), Data::Histogram(then)) => {
                let difference = |now: &HistogramSnapshot, then: Option<&HistogramSnapshot>| {
                    then.map_or_else(|| now.clone(), |then| now.since(then))
                };
                Arc::new(Data::Histogram(self.differences(now, earlier, then, difference)))
            }
            _ => Arc::clone(&self.data),
        };
        let (about, exposed) = (Arc::clone(&self.about), Arc::clone(&self.exposed));
        Self { about, exposed, data, created: self.created }
    }

    /// With the lowest 64 bits of counters, which is all that a difference needs.
    fn narrow(&self) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "modulo 2^64")]
        let low = |&value: &u128| value as u64;
        let data = match &*self.data {
            Data::Counter(values) => values.clone(),
            Data::Wide(values) => values.iter().map(low).collect(),
            _ => return None,
        };
        Some(Self { data: Arc::new(Data::Counter(data)), ..self.clone() })
    }

    /// The difference of each value here to that of the same series there, if it was exposed.
    fn differences<T>(
        &self,
        now: &[T],
        earlier: &Self,
        then: &[T],
        difference: impl Fn(&T, Option<&T>) -> T,
    ) -> Vec<T> {
        let before = |index| earlier.exposed.indices.position(index).and_then(|at| then.get(at));
        let series = self.exposed.indices.iter().zip(now);
        series.map(|(index, now)| difference(now, before(index))).collect()
    }
}

impl<'a> Family<'a> {
    /// The name.
    pub fn name(&self) -> &'a str {
        &self.metrics[0].about.metric.name
    }

    /// What it counts.
    pub fn help(&self) -> &'a str {
        &self.metrics[0].about.metric.help
    }

    /// The exported unit; empty where it has none.
    pub fn unit(&self) -> &'a str {
        &self.metrics[0].about.metric.unit
    }

    /// The kind of its metrics.
    pub fn kind(&self) -> Kind {
        self.metrics[0].about.metric.kind
    }

    /// The quantiles of an interval to [expose](crate::Description::quantiles), rising, and each as
    /// the label `quantile` gives it.
    pub fn quantiles(&self) -> impl Iterator<Item = (f64, &'a str)> + use<'a> {
        let shape = self.metrics[0].about.shape.as_ref();
        let quantiles = shape.map_or(&[][..], |shape| &shape.quantiles);
        quantiles.iter().map(|(quantile, text)| (*quantile, text.as_str()))
    }

    /// Whether smallest and largest value of an interval are to be
    /// [exposed](crate::Description::extremes).
    pub fn has_extremes(&self) -> bool {
        self.metrics[0].about.shape.as_ref().is_some_and(|shape| shape.extremes)
    }

    /// What it is exposed as.
    pub fn exposures(&self) -> impl Iterator<Item = Exposure> + use<> {
        let has_quantiles = self.quantiles().next().is_some();
        Exposure::of(self.kind(), self.has_extremes(), has_quantiles)
    }

    /// The exposed series.
    pub fn series(&self) -> impl Iterator<Item = Series<'a>> + use<'a> {
        self.series_from(0)
    }

    /// The exposed series without the first `skipped`, which costs the same for any number of
    /// these: for who encodes a family piece by piece.
    #[inline]
    pub fn series_from(&self, skipped: usize) -> impl Iterator<Item = Series<'a>> + use<'a> {
        AllSeries::new(self.metrics, skipped)
    }

    /// The names of its series' labels, constant ones first; of several metrics, one after the other.
    pub fn label_names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.metrics.iter().flat_map(|MetricSnapshot { about, .. }| {
            let constants = about.metric.constants.iter().map(|(name, _)| name.as_str());
            constants.chain(about.dimensions.iter().map(|dimension| dimension.name.as_str()))
        })
    }

    /// How many bytes the labels of all its series are at the most, as any of the formats has them:
    /// what it takes to know before they are written.
    pub fn label_bytes(&self) -> u64 {
        let all = self.metrics.iter().map(|MetricSnapshot { about, exposed, .. }| {
            let one = exposed.most_label_bytes(about) as u64;
            one.saturating_mul(exposed.indices.len() as u64)
        });
        all.fold(0, u64::saturating_add)
    }

    /// How many series are exposed.
    pub fn series_count(&self) -> usize {
        self.metrics.iter().map(|metric| metric.exposed.indices.len()).sum()
    }
}

impl<'a> Series<'a> {
    /// Names and values of its labels, constant ones first.
    pub fn labels(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let MetricSnapshot { about, exposed, .. } = self.metric;
        exposed.labels(about, self.index)
    }

    /// Its labels as the text formats write them between the braces, in UTF-8: values are escaped,
    /// and names are in double quotes where they are not legacy ones (see [`Escaping`]). Empty where
    /// it has none.
    pub fn label_text(&self) -> String {
        let mut text = String::new();
        self.push_label_text(Escaping::AllowUtf8, &mut text);
        text
    }

    /// Appends its labels as [`label_text`](Self::label_text) gives them, with names that are
    /// escaped.
    #[inline]
    pub fn push_label_text(&self, escaping: Escaping, out: &mut String) {
        let MetricSnapshot { about, exposed, .. } = self.metric;
        exposed.push_text(about, self.index, escaping, out);
    }

    /// Appends its labels as Prometheus' protobuf has them in a `Metric`, with names that are
    /// escaped.
    #[inline]
    pub fn push_label_pairs(&self, escaping: Escaping, out: &mut Vec<u8>) {
        let MetricSnapshot { about, exposed, .. } = self.metric;
        exposed.push_pairs(about, self.index, escaping, out);
    }

    /// Since when it counts: the series had no value then, or 0. That is when the process's segment
    /// was made, or the process was forked. `None` where the count began in an earlier process, see
    /// [`SegmentBuilder::resume`](crate::SegmentBuilder::resume), or is not of the segment.
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
            Data::Counter(values) if self.metric.about.scale.is_one() => {
                Value::Counter(values[self.at])
            }
            Data::Counter(values) => {
                Value::Quantity(self.metric.about.scale.export(values[self.at]))
            }
            Data::Wide(values) => wide(self.metric, values[self.at]),
            Data::Quantity(values) => Value::Quantity(values[self.at]),
            Data::UpDown(values) => Value::UpDown(values[self.at]),
            Data::Gauge(values) => Value::Gauge(values[self.at]),
            Data::Histogram(values) => Value::Histogram(&values[self.at]),
        }
    }
}

/// The value of a counter that may have more than 64 bits.
#[cold]
fn wide(metric: &MetricSnapshot, value: u128) -> Value<'_> {
    match u64::try_from(value) {
        Ok(value) if metric.about.scale.is_one() => Value::Counter(value),
        _ => Value::Quantity(metric.about.scale.export_wide(value)),
    }
}
