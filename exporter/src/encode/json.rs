//! JSON, for scripts and for users without a parser of Prometheus' formats.

use serde::{Serialize, Serializer};
use std::time::{SystemTime, UNIX_EPOCH};
use tickmetrics::{Family, HistogramSnapshot, Series, Snapshot, Value};

/// The process of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started.
    pub start: SystemTime,
    /// Whether it is still alive.
    pub alive: bool,
}

/// Appends a snapshot as one JSON document.
///
/// | field | what it is |
/// |---|---|
/// | `process` | `pid`, `start` in seconds since 1970, `alive`; `null` for `None` |
/// | `metrics` | for each family `name`, `kind`, `unit`, `help` and `series` |
/// | `series` | `labels`, and `value` or a histogram's fields |
///
/// A histogram has `count`, `sum`, `min`, `max`, `mean`, `quantiles` (by quantile), `buckets` (`le`
/// and the `count` of all values up to there), `saturated` and `negative`. Fields that an empty
/// histogram lacks are `null`. Values are in the exported unit. Values that are no JSON numbers are
/// the strings `"NaN"`, `"+Inf"` or `"-Inf"`, as in Prometheus' own JSON.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let orders: Counter<bool> =
///     registry.register(&Description::new("orders_total", "Orders, by whether they filled."))?;
/// orders.with(true).add(3);
///
/// let mut out = String::new();
/// tickmetrics_exporter::encode::json(&registry.snapshot(), None, &mut out);
/// assert!(out.contains(r#"{"labels":{"flag":"true"},"value":3}"#));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn json(snapshot: &Snapshot, process: Option<Process>, out: &mut String) {
    let metrics = snapshot.families().map(Metric::new).collect();
    let document = Document { process: process.map(About::new), metrics };
    // All keys are strings and nothing below fails to serialize, so there is no error.
    out.push_str(&serde_json::to_string(&document).unwrap_or_default());
}

#[derive(Serialize)]
struct Document<'a> {
    process: Option<About>,
    metrics: Vec<Metric<'a>>,
}

#[derive(Serialize)]
struct About {
    pid: u32,
    start: f64,
    alive: bool,
}

#[derive(Serialize)]
struct Metric<'a> {
    name: &'a str,
    kind: String,
    unit: &'a str,
    help: &'a str,
    series: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    #[serde(serialize_with = "labels")]
    labels: Series<'a>,
    #[serde(flatten)]
    value: Reading<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Reading<'a> {
    Count { value: u64 },
    Balance { value: i64 },
    Number { value: Number },
    Histogram(Box<Distribution<'a>>),
    Unknown {},
}

#[derive(Serialize)]
struct Distribution<'a> {
    count: u64,
    sum: Number,
    min: Option<Number>,
    max: Option<Number>,
    mean: Option<Number>,
    quantiles: Quantiles<'a>,
    buckets: Vec<Bucket>,
    saturated: u64,
    negative: u64,
}

#[derive(Serialize)]
struct Bucket {
    le: Number,
    count: u64,
}

struct Number(f64);

struct Quantiles<'a>(&'a HistogramSnapshot);

const QUANTILES: [(&str, f64); 5] =
    [("0.5", 0.5), ("0.9", 0.9), ("0.99", 0.99), ("0.999", 0.999), ("0.9999", 0.9999)];

impl About {
    fn new(process: Process) -> Self {
        let start = process.start.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { pid: process.pid, start: start.as_secs_f64(), alive: process.alive }
    }
}

impl<'a> Metric<'a> {
    fn new(family: Family<'a>) -> Self {
        let series = family.series().map(|labels| One { labels, value: labels.value().into() });
        Self {
            name: family.name(),
            kind: family.kind().to_string(),
            unit: family.unit(),
            help: family.help(),
            series: series.collect(),
        }
    }
}

impl<'a> From<Value<'a>> for Reading<'a> {
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Counter(value) => Self::Count { value },
            Value::UpDown(value) => Self::Balance { value },
            Value::Quantity(value) | Value::Gauge(value) => Self::Number { value: Number(value) },
            Value::Histogram(histogram) => Self::Histogram(Box::new(histogram.into())),
            _ => Self::Unknown {},
        }
    }
}

impl<'a> From<&'a HistogramSnapshot> for Distribution<'a> {
    fn from(histogram: &'a HistogramSnapshot) -> Self {
        let finite = histogram
            .buckets()
            .map(|bucket| Bucket { le: Number(bucket.upper), count: bucket.count });
        let last = Bucket { le: Number(f64::INFINITY), count: histogram.count() };
        Self {
            count: histogram.count(),
            sum: Number(histogram.sum()),
            min: histogram.min().map(Number),
            max: histogram.max().map(Number),
            mean: histogram.mean().map(Number),
            quantiles: Quantiles(histogram),
            buckets: finite.chain([last]).collect(),
            saturated: histogram.saturated(),
            negative: histogram.negative(),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            return to.serialize_f64(self.0);
        }
        let mut text = String::new();
        super::number::push_f64(&mut text, self.0);
        to.serialize_str(&text)
    }
}

fn labels<S: Serializer>(series: &Series<'_>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(series.labels())
}

impl Serialize for Quantiles<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(QUANTILES.map(|(name, q)| (name, self.0.quantile(q).map(Number))))
    }
}
