//! What was registered and recorded, kept beside the registry.

use crate::exposition::Labels;
use crate::program::{self, Distribution, Kind, PIECES};
use crate::refused::{self, Fault, Settings};
use std::collections::BTreeMap;
use tickmetrics::Metric;
use tickmetrics::prelude::*;

/// The label `odd` has values of [`PIECES`].
#[derive(Clone, Copy, Label)]
#[label(capacity = 64)]
pub struct Odd(LabelId);

/// All that was registered, by name.
#[derive(Debug, Default)]
pub struct Recorded(pub BTreeMap<String, Metrics>);

/// The kinds of metrics that a registry tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    Counter,
    UpDown,
    Gauge,
    Histogram,
}

/// All metrics of one name.
#[derive(Debug)]
pub struct Metrics {
    pub settings: Settings,
    pub help: String,
    pub unit: String,
    pub series: BTreeMap<Labels, Amount>,
}

/// What was recorded to a series.
#[derive(Clone, Copy, Debug)]
pub enum Amount {
    Count(u64),
    /// Of a series that is none before it counts.
    Interned(u64),
    Balance(i64),
    Level(f64),
    /// How many values, and how many negative ones.
    Values(u64, u64),
}

impl Recorded {
    /// Registers and records what an input says. What is refused is not recorded.
    pub fn record(&mut self, registry: &Registry, metric: &program::Metric) {
        if !refused::has_legacy_names(metric) {
            return;
        }
        match &metric.kind {
            Kind::Counter(count) => {
                let Some(counter) = self.register::<Counter>(registry, metric) else { return };
                counter.add(*count);
                self.add(metric, [], Amount::Count(*count));
            }
            Kind::Flagged(counts) => {
                let Some(counter) = self.register::<Counter<bool>>(registry, metric) else {
                    return;
                };
                for (flag, count) in [false, true].into_iter().zip(*counts) {
                    counter.with(flag).add(count);
                    self.add(metric, [label(flag)], Amount::Count(count));
                }
            }
            Kind::Interned(counts) => {
                let Some(counter) = self.register::<Counter<Odd>>(registry, metric) else { return };
                // The name and the help are there, though there may be no series.
                self.of(metric);
                for &(at, count) in counts {
                    let text = PIECES[usize::from(at) % PIECES.len()];
                    counter.with(Odd::intern(text)).add(count);
                    let count = Amount::Interned(count);
                    self.add(metric, [("odd", text)], count);
                }
            }
            Kind::UpDown(deltas) => {
                let Some(depth) = self.register::<UpDownCounter>(registry, metric) else { return };
                deltas.iter().for_each(|&delta| depth.add(delta));
                let balance = deltas.iter().fold(0, |sum: i64, &delta| sum.wrapping_add(delta));
                self.add(metric, [], Amount::Balance(balance));
            }
            Kind::Gauge(value) => {
                let Some(gauge) = self.register::<Gauge>(registry, metric) else { return };
                gauge.set(*value);
                self.add(metric, [], Amount::Level(*value));
            }
            Kind::Histogram(of) => {
                let Some(histogram) = self.register::<Histogram>(registry, metric) else { return };
                let values = record(of, histogram);
                self.add(metric, [], values);
            }
            Kind::FlaggedHistogram(of) => {
                let histogram = self.register::<Histogram<bool>>(registry, metric);
                let Some(histogram) = histogram else { return };
                let values = record(of, histogram.with(true));
                self.add(metric, [label(true)], values);
                let nothing = Amount::Values(0, 0);
                self.add(metric, [label(false)], nothing);
            }
        }
    }

    /// The handle, unless the metric is refused, as it must be or must not.
    fn register<M: Metric>(&self, registry: &Registry, metric: &program::Metric) -> Option<M> {
        let faults = refused::faults(metric, self);
        match registry.register::<M>(&metric.description()) {
            Ok(handle) => {
                assert!(faults.is_empty(), "it is not refused for {faults:?}: {metric:?}");
                Some(handle)
            }
            Err(error) => {
                assert!(faults.contains(&Fault::of(&error)), "{error}, not {faults:?}: {metric:?}");
                None
            }
        }
    }

    fn of(&mut self, metric: &program::Metric) -> &mut Metrics {
        self.0.entry(metric.name.0.clone()).or_insert_with(|| Metrics {
            settings: Settings::of(metric),
            help: metric.help.0.clone(),
            unit: metric.unit().into(),
            series: BTreeMap::new(),
        })
    }

    fn add<const N: usize>(
        &mut self,
        metric: &program::Metric,
        further: [(&str, &str); N],
        amount: Amount,
    ) {
        let labels = metric.constants().chain(further);
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let series = &mut self.of(metric).series;
        let sum = match (series.get(&labels), amount) {
            (Some(&Amount::Count(a)), Amount::Count(b)) => Amount::Count(a.wrapping_add(b)),
            (Some(&Amount::Interned(a)), Amount::Interned(b)) => {
                Amount::Interned(a.wrapping_add(b))
            }
            (Some(&Amount::Balance(a)), Amount::Balance(b)) => Amount::Balance(a.wrapping_add(b)),
            (Some(&Amount::Values(a, b)), Amount::Values(c, d)) => Amount::Values(a + c, b + d),
            // The first, and a gauge's last.
            (_, amount) => amount,
        };
        series.insert(labels, sum);
    }
}

impl Metrics {
    /// The type that all formats have for it.
    pub fn kind(&self) -> &'static str {
        match self.settings.sort {
            Sort::Counter => "counter",
            Sort::UpDown | Sort::Gauge => "gauge",
            Sort::Histogram => "histogram",
        }
    }
}

fn label(flag: bool) -> (&'static str, &'static str) {
    ("flag", if flag { "true" } else { "false" })
}

fn record(of: &Distribution, histogram: Histogram) -> Amount {
    for (value, times) in &of.values {
        (0..*times).for_each(|_| histogram.record(value.get()));
    }
    (0..of.negative).for_each(|_| histogram.record_signed(-1));
    Amount::Values(of.values.iter().map(|(_, times)| u64::from(*times)).sum(), of.negative.into())
}
