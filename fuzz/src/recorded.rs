//! The registered metrics and their records, kept beside the registry.

use crate::arithmetic::{Model, THREADS};
use crate::exposition::Labels;
use crate::program::{self, Distribution, Kind, Many, Number, PIECES};
use crate::refused::{self, Fault, Settings};
use std::collections::BTreeMap;
use tickmetrics::Metric;
use tickmetrics::prelude::*;

/// The label `odd` has values of [`PIECES`].
#[derive(Clone, Copy, Label)]
#[label(capacity = 64)]
pub struct Odd(LabelId);

/// All that was registered.
#[derive(Debug, Default)]
pub struct Recorded {
    /// By name.
    pub metrics: BTreeMap<String, Metrics>,
    /// Later records of histograms.
    later: Vec<Later>,
}

/// A later record of a series.
#[derive(Debug)]
struct Later {
    histogram: Histogram,
    name: String,
    labels: Labels,
    values: Vec<(Number, Many)>,
}

/// The kinds of metrics that a registry distinguishes.
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

/// The records of a series.
#[derive(Clone, Debug)]
pub enum Amount {
    /// By each thread.
    Count([u64; THREADS]),
    /// Of a series that is none before it counts.
    Interned(u64),
    Balance(i64),
    Level(f64),
    Values(Box<Model>),
}

/// The most numbers that are recorded to a metric.
const NUMBERS: usize = 16;

impl Recorded {
    /// Registers and records an input's metrics. Refused metrics are not recorded.
    pub fn record(&mut self, registry: &Registry, metric: &program::Metric) {
        if !refused::has_legacy_names(metric) {
            return;
        }
        match &metric.kind {
            Kind::Counter(counts) => {
                let Some(counter) = self.register::<Counter>(registry, metric) else { return };
                self.add(metric, [], Amount::Count([0; THREADS]));
                for many in counts.iter().take(NUMBERS) {
                    on(many.thread(), || counter.add(many.get()));
                    let mut counts = [0; THREADS];
                    counts[many.thread()] = many.get();
                    self.add(metric, [], Amount::Count(counts));
                }
            }
            Kind::Flagged(counts) => {
                let Some(counter) = self.register::<Counter<bool>>(registry, metric) else {
                    return;
                };
                for (flag, count) in [false, true].into_iter().zip(*counts) {
                    counter.with(flag).add(count);
                    self.add(metric, [label(flag)], Amount::Count([count, 0]));
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
                self.add(metric, [], Amount::Balance(0));
                for many in deltas.iter().take(NUMBERS) {
                    let delta = many.get().cast_signed();
                    on(many.thread(), || depth.add(delta));
                    self.add(metric, [], Amount::Balance(delta));
                }
            }
            Kind::Gauge(value) => {
                let Some(gauge) = self.register::<Gauge>(registry, metric) else { return };
                gauge.set(*value);
                self.add(metric, [], Amount::Level(*value));
            }
            Kind::Histogram(of) => {
                let Some(histogram) = self.register::<Histogram>(registry, metric) else { return };
                record(of, histogram, self.values(metric, []));
                self.keep(of, histogram, metric, []);
            }
            Kind::FlaggedHistogram(of) => {
                let histogram = self.register::<Histogram<bool>>(registry, metric);
                let Some(histogram) = histogram else { return };
                self.values(metric, [label(false)]);
                record(of, histogram.with(true), self.values(metric, [label(true)]));
                self.keep(of, histogram.with(true), metric, [label(true)]);
            }
        }
    }

    /// Begins the interval after the first scrape.
    pub fn go_on(&mut self) {
        for metrics in self.metrics.values_mut() {
            for amount in metrics.series.values_mut() {
                if let Amount::Values(model) = amount {
                    model.begin_interval();
                }
            }
        }
        for Later { histogram, name, labels, values } in self.later.drain(..) {
            let series = self.metrics.get_mut(&name).and_then(|of| of.series.get_mut(&labels));
            let Some(Amount::Values(model)) = series else { panic!("{name} is not a histogram") };
            record_many(&values, histogram, model);
        }
    }

    fn keep<const N: usize>(
        &mut self,
        of: &Distribution,
        histogram: Histogram,
        metric: &program::Metric,
        further: [(&str, &str); N],
    ) {
        let (name, labels) = (metric.name.0.clone(), labels(metric, further));
        self.later.push(Later { histogram, name, labels, values: of.later.clone() });
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
        self.metrics.entry(metric.name.0.clone()).or_insert_with(|| Metrics {
            settings: Settings::of(metric),
            help: metric.help.0.clone(),
            unit: metric.unit().into(),
            series: BTreeMap::new(),
        })
    }

    /// The values of a histogram's series so far.
    fn values<const N: usize>(
        &mut self,
        metric: &program::Metric,
        further: [(&str, &str); N],
    ) -> &mut Model {
        let Metrics { settings, series, .. } = self.of(metric);
        let nothing = || Amount::Values(Box::new(Model::new(settings)));
        match series.entry(labels(metric, further)).or_insert_with(nothing) {
            Amount::Values(values) => values,
            other => panic!("{other:?} of a histogram"),
        }
    }

    fn add<const N: usize>(
        &mut self,
        metric: &program::Metric,
        further: [(&str, &str); N],
        amount: Amount,
    ) {
        let labels = labels(metric, further);
        let series = &mut self.of(metric).series;
        let sum = match (series.get(&labels), amount) {
            (Some(&Amount::Count(a)), Amount::Count(b)) => {
                Amount::Count([a[0].wrapping_add(b[0]), a[1].wrapping_add(b[1])])
            }
            (Some(&Amount::Interned(a)), Amount::Interned(b)) => {
                Amount::Interned(a.wrapping_add(b))
            }
            (Some(&Amount::Balance(a)), Amount::Balance(b)) => Amount::Balance(a.wrapping_add(b)),
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

fn labels<const N: usize>(metric: &program::Metric, further: [(&str, &str); N]) -> Labels {
    let labels = metric.constants().chain(further);
    labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn record(of: &Distribution, histogram: Histogram, model: &mut Model) {
    for (value, times) in &of.values {
        for _ in 0..*times {
            histogram.record(value.get());
            model.record_n(0, value.get(), 1);
        }
    }
    record_many(&of.many, histogram, model);
    (0..of.negative).for_each(|_| histogram.record_signed(-1));
    model.negative += u64::from(of.negative);
}

fn record_many(values: &[(Number, Many)], histogram: Histogram, model: &mut Model) {
    for (value, many) in values.iter().take(NUMBERS) {
        on(many.thread(), || histogram.record_n(value.get(), many.get()));
        model.record_n(many.thread(), value.get(), many.get());
    }
}

/// Runs it on one of the [`THREADS`]: this one, which has the only shard, or one that finds none.
fn on(thread: usize, run: impl FnOnce() + Send) {
    match thread {
        0 => run(),
        // Joined, so that it is gone.
        _ => std::thread::scope(|scope| scope.spawn(run).join().expect("no panic")),
    }
}
