//! The required content of an exposition, from the records. Names follow the formats'
//! specifications, written a second time.

use crate::arithmetic::is_exported;
use crate::exposition::protobuf::Native;
use crate::exposition::text::Dialect;
use crate::exposition::{Families, Family, Labels, Number, canonical};
use crate::recorded::{Amount, Metrics, Recorded};
use std::collections::{BTreeMap, BTreeSet};
use tickmetrics::{HistogramSnapshot, Snapshot, Value};

/// All series of a snapshot, by their names and labels.
pub struct Values<'a>(BTreeMap<(&'a str, Labels), Value<'a>>);

/// The expected values that only some formats have.
pub struct More<'a> {
    /// The values of the last interval.
    pub interval: Values<'a>,
    /// Since when all counts, in nanoseconds since 1970.
    pub created: u64,
}

impl<'a> Values<'a> {
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let mut all = BTreeMap::new();
        for family in snapshot.families() {
            for series in family.series() {
                let labels = series.labels();
                let labels: Labels =
                    labels.map(|(name, value)| (name.into(), value.into())).collect();
                let before = all.insert((family.name(), labels), series.value());
                assert!(before.is_none(), "{} has a series twice", family.name());
            }
        }
        Self(all)
    }

    /// Compares the snapshot with the records.
    pub fn check(&self, recorded: &Recorded) {
        let mut series = 0;
        for (name, metrics) in &recorded.metrics {
            for (labels, amount) in metrics.series() {
                series += 1;
                let found = self.0.get(&(name.as_str(), labels.clone()));
                let scale = metrics.settings.scale;
                let is_counted = |sum: u128| match found {
                    Some(Value::Counter(found)) => scale == 1.0 && u128::from(*found) == sum,
                    // Counters with a scale, and sums of more than 64 bits.
                    Some(Value::Quantity(found)) => {
                        let is_wide = sum > u64::MAX.into() || scale != 1.0;
                        is_wide && is_exported(*found, sum, scale)
                    }
                    _ => false,
                };
                let same = match (found, amount) {
                    (_, Amount::Count(counts)) => is_counted(counts.map(u128::from).iter().sum()),
                    (_, Amount::Interned(count)) => is_counted((*count).into()),
                    (Some(Value::UpDown(a)), Amount::Balance(b)) => a == b,
                    (Some(Value::Gauge(a)), Amount::Level(b)) => Number(*a) == Number(*b),
                    (Some(Value::Histogram(a)), Amount::Values(b)) => {
                        b.check(name, a);
                        true
                    }
                    _ => false,
                };
                assert!(same, "{name}{labels:?} has {found:?}, not {amount:?}");
            }
        }
        assert_eq!(self.0.len(), series, "there are other series");
    }

    /// Compares the snapshot of the interval with the records in it.
    pub fn check_interval(&self, recorded: &Recorded) {
        for (name, metrics) in &recorded.metrics {
            for (labels, amount) in metrics.series() {
                if let Amount::Values(model) = amount {
                    let Value::Histogram(found) = self.get(name, labels) else {
                        panic!("{name} is not a histogram")
                    };
                    model.check_interval(name, metrics.settings.quantiles, found);
                }
            }
        }
    }

    /// The native histograms that protobuf must have.
    pub fn natives(&self) -> BTreeMap<(String, Labels), Native> {
        let mut all = BTreeMap::new();
        for ((name, labels), value) in &self.0 {
            if let Value::Histogram(histogram) = value
                && let Some(native) = histogram.native()
            {
                let buckets = native.buckets().map(|bucket| (bucket.index, bucket.count));
                let buckets = buckets.filter(|&(_, count)| count > 0).collect();
                let (schema, zeros) = (native.schema().into(), native.zeros());
                let key = ((*name).to_owned(), labels.clone());
                all.insert(key, Native { schema, zeros, buckets });
            }
        }
        all
    }

    fn get(&self, name: &str, labels: &Labels) -> Value<'a> {
        // The map's keys live as long as the snapshot, which `name` need not.
        let found = self.0.iter().find(|((one, its), _)| *one == name && its == labels);
        found.map(|(_, value)| *value).expect("the snapshot was checked")
    }
}

impl Metrics {
    /// Those that are exposed.
    fn series(&self) -> impl Iterator<Item = (&Labels, &Amount)> {
        self.series.iter().filter(|(_, amount)| !matches!(amount, Amount::Interned(0)))
    }
}

/// The formats of which the names differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text(Dialect),
    Protobuf,
}

/// All that must be in an exposition.
pub fn families(
    format: Format,
    recorded: &Recorded,
    values: &Values<'_>,
    more: Option<&More<'_>>,
) -> Families {
    let taken = names(recorded);
    let mut families = Families::new();
    let mut insert = |name: &str, family: Family| {
        let Some((name, mut family)) = named(format, name, family, &taken) else { return };
        if let Some(More { created, .. }) = more {
            add_created(format, &name, &mut family, *created);
        }
        assert!(families.insert(name, family).is_none(), "the oracle has a name twice");
    };
    for (name, metrics) in &recorded.metrics {
        let (kind, help, unit) =
            (metrics.kind().into(), metrics.help.clone(), metrics.unit.clone());
        let mut family = Family { kind, help, unit, ..Family::default() };
        let mut beside = Beside::new(name);
        let mut unmeasured = [("saturated", BTreeMap::new()), ("negative", BTreeMap::new())];
        for (labels, _) in metrics.series() {
            let mut push = |value: f64| {
                family.samples.insert((name.clone(), labels.clone()), Number(value));
            };
            match values.get(name, labels) {
                Value::Counter(value) => push(value as f64),
                Value::Quantity(value) | Value::Gauge(value) => push(value),
                Value::UpDown(value) => push(value as f64),
                Value::Histogram(value) => {
                    histogram(name, labels, value, &mut family);
                    let counts = [value.saturated(), value.negative()];
                    if let Some(More { interval, .. }) = more {
                        let Value::Histogram(interval) = interval.get(name, labels) else {
                            panic!("{name} is not a histogram")
                        };
                        beside.add(metrics, labels, value, interval);
                    }
                    for ((what, samples), count) in unmeasured.iter_mut().zip(counts) {
                        if count > 0 {
                            let sample = format!("{name}_{what}_total");
                            samples.insert((sample, labels.clone()), Number(count as f64));
                        }
                    }
                }
                other => panic!("{other:?}"),
            }
        }
        insert(name, family);
        for (what, samples) in unmeasured {
            let help = match what {
                "saturated" => "above its maximum, counted in its last bucket.",
                _ => "below zero, counted nowhere else.",
            };
            if !samples.is_empty() {
                let help = format!("Values of {name} {help}");
                let (kind, unit) = ("counter".into(), String::new());
                insert(&format!("{name}_{what}_total"), Family { kind, help, unit, samples });
            }
        }
        if more.is_some() {
            beside.families(metrics).for_each(|(name, family)| insert(&name, family));
        }
    }
    families
}

/// The families derived from a histogram's last interval.
struct Beside<'a> {
    name: &'a str,
    max: Samples,
    min: Samples,
    quantiles: Samples,
}

type Samples = BTreeMap<(String, Labels), Number>;

impl<'a> Beside<'a> {
    fn new(name: &'a str) -> Self {
        let [max, min, quantiles] = Default::default();
        Self { name, max, min, quantiles }
    }

    fn add(
        &mut self,
        metrics: &Metrics,
        labels: &Labels,
        all: &HistogramSnapshot,
        interval: &HistogramSnapshot,
    ) {
        let name = self.name;
        let number = |value: Option<f64>| Number(value.unwrap_or(f64::NAN));
        self.max.insert((format!("{name}_max"), labels.clone()), number(interval.max()));
        self.min.insert((format!("{name}_min"), labels.clone()), number(interval.min()));
        let name = format!("{name}_quantiles");
        for &rank in metrics.settings.quantiles {
            let mut labels = labels.clone();
            labels.insert("quantile".into(), canonical(rank));
            self.quantiles.insert((name.clone(), labels), number(interval.quantile(rank)));
        }
        let count = all.count() as f64;
        self.quantiles.insert((format!("{name}_sum"), labels.clone()), Number(all.sum()));
        self.quantiles.insert((format!("{name}_count"), labels.clone()), Number(count));
    }

    fn families(self, metrics: &Metrics) -> impl Iterator<Item = (String, Family)> {
        let Self { name, max, min, quantiles } = self;
        let settings = &metrics.settings;
        let one = |suffix: &str, kind: &str, what: &str, samples: Samples| {
            let help = format!("{what} of {name} in the last interval.");
            let family = Family { kind: kind.into(), help, samples, ..Family::default() };
            (format!("{name}_{suffix}"), family)
        };
        let max = settings.extremes.then(|| one("max", "gauge", "Largest value", max));
        let min = settings.extremes.then(|| one("min", "gauge", "Smallest value", min));
        let has_quantiles = !settings.quantiles.is_empty();
        let summary = has_quantiles.then(|| one("quantiles", "summary", "Quantiles", quantiles));
        [max, min, summary].into_iter().flatten()
    }
}

/// Adds the time at which each series of a family began, where the format has it.
fn add_created(format: Format, name: &str, family: &mut Family, nanoseconds: u64) {
    let value = match format {
        Format::Text(Dialect::Text) => return,
        Format::Text(Dialect::OpenMetrics) => (nanoseconds / 1_000_000) as f64 / 1e3,
        Format::Protobuf => nanoseconds as f64 / 1e9,
    };
    if matches!(&*family.kind, "counter" | "histogram") {
        let labels = family.samples.keys().map(|(_, labels)| {
            let mut labels = labels.clone();
            if family.kind == "histogram" {
                labels.remove("le");
            }
            labels
        });
        let all: BTreeSet<Labels> = labels.collect();
        let name = format!("{name}_created");
        let created = all.into_iter().map(|labels| ((name.clone(), labels), Number(value)));
        family.samples.extend(created);
    }
}

fn histogram(name: &str, labels: &Labels, histogram: &HistogramSnapshot, family: &mut Family) {
    let mut push = |suffix: &str, le: Option<String>, value: f64| {
        let mut labels = labels.clone();
        labels.extend(le.map(|le| ("le".to_owned(), le)));
        family.samples.insert((format!("{name}{suffix}"), labels), Number(value));
    };
    for bucket in histogram.buckets() {
        push("_bucket", Some(canonical(bucket.upper)), bucket.count as f64);
    }
    let count = histogram.count() as f64;
    push("_bucket", Some("+Inf".into()), count);
    push("_count", None, count);
    push("_sum", None, histogram.sum());
}

/// All names that a format can have.
fn names(recorded: &Recorded) -> BTreeSet<String> {
    recorded.metrics.iter().flat_map(|(name, metrics)| metrics.settings.taken(name)).collect()
}

/// As a format has it: its name, its kind, its unit and the names of its samples.
fn named(
    format: Format,
    name: &str,
    mut family: Family,
    taken: &BTreeSet<String>,
) -> Option<(String, Family)> {
    let stem = match &*family.kind {
        "counter" => name.strip_suffix("_total").unwrap_or(name),
        _ => name,
    };
    let has_unit = stem.strip_suffix(&*family.unit).is_some_and(|before| before.ends_with('_'));
    let unit = std::mem::take(&mut family.unit);
    match format {
        Format::Text(Dialect::Text) => {}
        Format::Protobuf if family.samples.is_empty() => return None,
        Format::Protobuf if has_unit => family.unit = unit,
        Format::Protobuf => {}
        Format::Text(Dialect::OpenMetrics) if family.kind == "counter" => {
            let total = format!("{stem}_total");
            let is_taken = |other: &str| other != name && taken.contains(other);
            let doubled = stem.ends_with("_total");
            let of_created = stem
                .strip_suffix("_created")
                .is_some_and(|other| taken.contains(&format!("{other}_total")));
            let others = [stem, &format!("{stem}_created")];
            // A counter `_total` would be of a family without a name.
            if stem.is_empty()
                || total != name
                || doubled
                || of_created
                || others.into_iter().any(is_taken)
            {
                let own = name.ends_with(&format!("_{unit}")) && !unit.is_empty();
                family.unit = if own { unit } else { String::new() };
                family.kind = "unknown".into();
                return Some((name.into(), family));
            }
            let samples = std::mem::take(&mut family.samples).into_iter();
            let renamed = samples.map(|((_, labels), value)| ((total.clone(), labels), value));
            family.samples = renamed.collect();
            family.unit = if has_unit { unit } else { String::new() };
            return Some((stem.into(), family));
        }
        Format::Text(Dialect::OpenMetrics) if has_unit => family.unit = unit,
        Format::Text(Dialect::OpenMetrics) => {}
    }
    Some((name.into(), family))
}
