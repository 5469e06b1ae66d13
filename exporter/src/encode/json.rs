//! JSON, for scripts and for users without a parser of Prometheus' formats.

use super::family::{Head, Sample, Writer};
use serde::{Serialize, Serializer};
use std::time::{SystemTime, UNIX_EPOCH};
use tickmetrics::{Escaping, HistogramSnapshot, Series};

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

/// Writes JSON.
pub(super) struct Json<'j> {
    /// Whether no family was written yet.
    pub(super) is_empty: &'j mut bool,
}

/// Appends the beginning of the document, up to the first family.
pub(super) fn begin(process: Option<Process>, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"process":"#);
    push(&process.map(About::new), out);
    out.extend_from_slice(br#","metrics":["#);
}

/// The end of the document, after the last family.
pub(super) const END: &[u8] = b"]}";

fn push(value: &impl Serialize, out: &mut Vec<u8>) {
    // All keys are strings, no value fails to serialize, and memory accepts everything.
    let _ = serde_json::to_writer(out, value);
}

impl<'a> Writer<'a> for Json<'_> {
    // A histogram's object has it all.
    const DERIVES: bool = false;

    /// Whether it has a series.
    type Table = bool;

    fn escaping(&self) -> Escaping {
        Escaping::AllowUtf8
    }

    fn begin(&mut self, head: &Head<'_, 'a>, is_begun: bool, out: &mut Vec<u8>) -> bool {
        if is_begun {
            return true;
        }
        if !std::mem::take(self.is_empty) {
            out.push(b',');
        }
        let family = head.family;
        let kind = family.kind().to_string();
        push(&Family { name: family.name(), kind, unit: family.unit(), help: family.help() }, out);
        // In place of its closing brace.
        out.pop();
        out.extend_from_slice(br#","series":["#);
        false
    }

    fn push(
        &mut self,
        has_series: &mut bool,
        labels: Series<'a>,
        sample: Sample<'a>,
        out: &mut Vec<u8>,
    ) {
        if std::mem::replace(has_series, true) {
            out.push(b',');
        }
        push(&One { labels, value: sample.into() }, out);
    }

    fn pause(&mut self, _: bool) {}

    fn end(&mut self, _: bool, _: &Head<'_, 'a>, out: &mut Vec<u8>) {
        out.extend_from_slice(END);
    }
}

#[derive(Serialize)]
struct About {
    pid: u32,
    start: f64,
    alive: bool,
}

/// A family without its series.
#[derive(Serialize)]
struct Family<'a> {
    name: &'a str,
    kind: String,
    unit: &'a str,
    help: &'a str,
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
    Classic { count: u64, sum: Number, buckets: Vec<Bucket> },
    Summary { count: u64, sum: Number, quantiles: Pairs<'a> },
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

struct Pairs<'a>(&'a tickmetrics::Summary);

const QUANTILES: [(&str, f64); 5] =
    [("0.5", 0.5), ("0.9", 0.9), ("0.99", 0.99), ("0.999", 0.999), ("0.9999", 0.9999)];

impl About {
    fn new(process: Process) -> Self {
        let start = process.start.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { pid: process.pid, start: start.as_secs_f64(), alive: process.alive }
    }
}

impl<'a> From<Sample<'a>> for Reading<'a> {
    fn from(sample: Sample<'a>) -> Self {
        match sample {
            Sample::Count(value) => Self::Count { value },
            Sample::Balance(value) => Self::Balance { value },
            Sample::Number(value) => Self::Number { value: Number(value) },
            Sample::Histogram(histogram) => Self::Histogram(Box::new(histogram.into())),
            Sample::Classic(it) => Self::Classic {
                count: it.count(),
                sum: Number(it.sum()),
                buckets: buckets(it.buckets(), it.count()),
            },
            Sample::Quantiles(it) => {
                Self::Summary { count: it.count(), sum: Number(it.sum()), quantiles: Pairs(it) }
            }
            // Only derived families have it.
            Sample::Summary(_) => Self::Unknown {},
        }
    }
}

impl<'a> From<&'a HistogramSnapshot> for Distribution<'a> {
    fn from(histogram: &'a HistogramSnapshot) -> Self {
        Self {
            count: histogram.count(),
            sum: Number(histogram.sum()),
            min: histogram.min().map(Number),
            max: histogram.max().map(Number),
            mean: histogram.mean().map(Number),
            quantiles: Quantiles(histogram),
            buckets: buckets(histogram.buckets(), histogram.count()),
            saturated: histogram.saturated(),
            negative: histogram.negative(),
        }
    }
}

/// With the last one, which holds all values.
fn buckets(finite: impl Iterator<Item = tickmetrics::Bucket>, all: u64) -> Vec<Bucket> {
    let finite = finite.map(|bucket| Bucket { le: Number(bucket.upper), count: bucket.count });
    finite.chain([Bucket { le: Number(f64::INFINITY), count: all }]).collect()
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            return to.serialize_f64(self.0);
        }
        to.serialize_str(&text(self.0))
    }
}

fn text(number: f64) -> String {
    let mut text = Vec::new();
    super::number::push_f64(&mut text, number);
    String::from_utf8(text).unwrap_or_default()
}

fn labels<S: Serializer>(series: &Series<'_>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(series.labels())
}

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.quantiles().map(|(rank, value)| (text(rank), Number(value))))
    }
}

impl Serialize for Quantiles<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(QUANTILES.map(|(name, q)| (name, self.0.quantile(q).map(Number))))
    }
}
