//! What was registered and recorded, kept beside the registry.

use crate::exposition::Labels;
use crate::program::{Distribution, Kind, Metric, PIECES};
use tickmetrics::Escaping;
use tickmetrics::prelude::*;
use std::collections::BTreeMap;

/// The label `odd` has values of [`PIECES`].
#[derive(Clone, Copy, Label)]
#[label(capacity = 64)]
pub struct Odd(LabelId);

/// All that was registered, by name.
#[derive(Debug, Default)]
pub struct Recorded(pub BTreeMap<String, Metrics>);

/// All metrics of one name.
#[derive(Debug)]
pub struct Metrics {
    pub kind: &'static str,
    pub help: String,
    pub unit: String,
    /// Whether an exporter would expose these beside a histogram.
    pub extremes: bool,
    pub quantiles: bool,
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
    pub fn record(&mut self, registry: &Registry, metric: &Metric) {
        let description = &metric.description();
        // Which of other names are exposed depends on what they are when they are escaped; Python and
        // Prometheus read these in `exporter/tests/names`.
        let mut labels = description.label_names();
        let is_legacy = |name: &str| Escaping::Underscores.label(name) == name;
        let metric_is_legacy = Escaping::is_legacy_metric(description.name());
        if !metric_is_legacy || !labels.all(is_legacy) {
            return;
        }
        match &metric.kind {
            Kind::Counter(count) => {
                let Ok(counter) = registry.register::<Counter>(description) else { return };
                counter.add(*count);
                self.add("counter", description, metric, [], Amount::Count(*count));
            }
            Kind::Flagged(counts) => {
                let Ok(counter) = registry.register::<Counter<bool>>(description) else { return };
                for (flag, count) in [false, true].into_iter().zip(*counts) {
                    counter.with(flag).add(count);
                    self.add("counter", description, metric, [label(flag)], Amount::Count(count));
                }
            }
            Kind::Interned(counts) => {
                let Ok(counter) = registry.register::<Counter<Odd>>(description) else { return };
                // The name and the help are there, though there may be no series.
                self.of("counter", description, metric);
                for &(at, count) in counts {
                    let text = PIECES[usize::from(at) % PIECES.len()];
                    counter.with(Odd::intern(text)).add(count);
                    let count = Amount::Interned(count);
                    self.add("counter", description, metric, [("odd", text)], count);
                }
            }
            Kind::UpDown(deltas) => {
                let Ok(depth) = registry.register::<UpDownCounter>(description) else { return };
                deltas.iter().for_each(|&delta| depth.add(delta));
                let balance = deltas.iter().fold(0, |sum: i64, &delta| sum.wrapping_add(delta));
                self.add("gauge", description, metric, [], Amount::Balance(balance));
            }
            Kind::Gauge(value) => {
                let Ok(gauge) = registry.register::<Gauge>(description) else { return };
                gauge.set(*value);
                self.add("gauge", description, metric, [], Amount::Level(*value));
            }
            Kind::Histogram(of) => {
                let Ok(histogram) = registry.register::<Histogram>(description) else { return };
                let values = record(of, histogram);
                self.add("histogram", description, metric, [], values);
            }
            Kind::FlaggedHistogram(of) => {
                let histogram = registry.register::<Histogram<bool>>(description);
                let Ok(histogram) = histogram else { return };
                let values = record(of, histogram.with(true));
                self.add("histogram", description, metric, [label(true)], values);
                let nothing = Amount::Values(0, 0);
                self.add("histogram", description, metric, [label(false)], nothing);
            }
        }
    }

    fn of(
        &mut self,
        kind: &'static str,
        description: &Description,
        metric: &Metric,
    ) -> &mut Metrics {
        self.0.entry(description.name().into()).or_insert_with(|| Metrics {
            kind,
            help: description.help().into(),
            unit: description.exported_unit().into(),
            extremes: metric.extremes(),
            quantiles: metric.quantiles(),
            series: BTreeMap::new(),
        })
    }

    fn add<const N: usize>(
        &mut self,
        kind: &'static str,
        description: &Description,
        metric: &Metric,
        further: [(&str, &str); N],
        amount: Amount,
    ) {
        let labels = metric.constants().chain(further);
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let series = &mut self.of(kind, description, metric).series;
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
