//! The samples, candles and events of one cycle: the rows that a store gets.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// What one cycle has collected. A store writes it as a whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The values of series, for the table `trading_metrics`.
    pub samples: Vec<Sample>,
    /// Candles that are complete, for the table `trading_candles`.
    pub candles: Vec<Candle>,
    /// What happened to sources and to the store, for the table `system_events`.
    pub events: Vec<Event>,
}

impl Batch {
    /// The memory that it takes, but for series, which it shares with its sources.
    pub(crate) fn bytes(&self) -> usize {
        let samples: usize = self.samples.iter().map(|sample| sample.value.bytes()).sum();
        let messages: usize = self.events.iter().map(|event| event.message.len()).sum();
        samples
            + messages
            + self.samples.len() * size_of::<Sample>()
            + self.candles.len() * size_of::<Candle>()
            + self.events.len() * size_of::<Event>()
    }
}

impl Value {
    /// The memory beside the value itself.
    fn bytes(&self) -> usize {
        const PAIR: usize = size_of::<(f64, f64)>();
        match self {
            Self::Number(_) => 0,
            Self::Histogram(it) => {
                let native = it.native.as_ref();
                let native = native.map_or(0, |it| it.positive.len() + it.negative.len());
                size_of::<Histogram>() + (it.buckets.len() + native) * PAIR
            }
            Self::Summary(it) => size_of::<Summary>() + it.quantiles.len() * PAIR,
        }
    }
}

/// The value of a series at one moment.
#[derive(Clone, Debug)]
pub struct Sample {
    /// When the answer of the source was complete; or the time that the source gave the sample.
    pub time: SystemTime,
    /// The series, shared by all its samples.
    pub series: Arc<Series>,
    /// The value.
    pub value: Value,
}

/// A series of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Series {
    /// The configured name of the service.
    pub service: Arc<str>,
    /// The name that the series has in Prometheus; of a histogram or a summary, without `_bucket`,
    /// `_sum` and `_count`.
    pub name: Arc<str>,
    /// The type of its family.
    pub kind: Kind,
    /// The value of the label that names the instrument, if the series has it: `symbol`, unless
    /// another label is configured.
    pub symbol: Option<Arc<str>>,
    /// All labels, sorted by name, without `le` and `quantile`.
    pub labels: Vec<(Arc<str>, Arc<str>)>,
}

/// The type of a series' family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A counter.
    Counter,
    /// A gauge.
    Gauge,
    /// A histogram, with classic or native buckets.
    Histogram,
    /// A histogram of gauges, whose counts may fall.
    GaugeHistogram,
    /// A summary.
    Summary,
    /// A constant 1 whose labels are the content.
    Info,
    /// A set of states, each 0 or 1.
    StateSet,
    /// The source does not name the type.
    Unknown,
}

/// The value of a series.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter, gauge or another series with one number.
    Number(f64),
    /// Of a histogram: one row.
    Histogram(Box<Histogram>),
    /// Of a summary: one row.
    Summary(Box<Summary>),
}

/// A histogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// The number of values.
    pub count: f64,
    /// The sum of the values.
    pub sum: f64,
    /// The upper edge of each classic bucket, rising, and the number of values up to there. Infinity
    /// is the last edge. Empty if the source has native buckets alone.
    pub buckets: Vec<(f64, f64)>,
    /// The native buckets, if it has any.
    pub native: Option<Native>,
}

/// The buckets of a native histogram: bucket `i` of schema `s` ends at 2^(i / 2^s)
/// (<https://prometheus.io/docs/specs/native_histograms/>).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Native {
    /// From -4 to 8; a bucket is narrower by a square root for each step.
    pub schema: i8,
    /// Values up to this far from 0 are in no other bucket.
    pub zero_threshold: f64,
    /// The number of these values.
    pub zero_count: f64,
    /// Index and number of values of each bucket above 0 that is not empty, rising.
    pub positive: Vec<(i32, f64)>,
    /// The same for values below 0, by their distance from 0.
    pub negative: Vec<(i32, f64)>,
}

/// A summary.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// The number of values.
    pub count: f64,
    /// The sum of the values.
    pub sum: f64,
    /// Rank and value of each quantile, rising.
    pub quantiles: Vec<(f64, f64)>,
}

/// The prices of an interval, as seen through the interval between scrapes.
#[derive(Clone, Debug, PartialEq)]
pub struct Candle {
    /// The configured name of the service whose metrics it is made of.
    pub service: Arc<str>,
    /// The instrument.
    pub symbol: Arc<str>,
    /// The length.
    pub interval: Duration,
    /// The begin, a multiple of the interval since 1970.
    pub start: SystemTime,
    /// The first price.
    pub open: f64,
    /// The highest price.
    pub high: f64,
    /// The lowest price.
    pub low: f64,
    /// The last price.
    pub close: f64,
    /// The growth of the volume counter; NaN without one.
    pub volume: f64,
    /// The number of prices seen.
    pub samples: u64,
}

/// Something that happened to a source, to the collector or to the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it was noticed.
    pub time: SystemTime,
    /// The service, for events of a source.
    pub service: Option<Arc<str>>,
    /// The kind.
    pub kind: EventKind,
    /// One line, for people.
    pub message: String,
}

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The collector began.
    Start,
    /// The collector ended in good order.
    Stop,
    /// A source answers, for the first time or again.
    SourceUp,
    /// A source does not answer any more.
    SourceDown,
    /// The process behind a source began anew: its start time or its counters went back.
    SourceRestart,
    /// An answer could not be read, and is not stored.
    ParseError,
    /// An answer had more series than the source is allowed.
    TooMany,
    /// Another process has the store.
    Lock,
    /// The store could not be written; the batch is kept and tried again.
    WriteError,
    /// The queue was full, and its oldest batch is lost.
    BatchLost,
    /// A cycle took longer than its interval, and others were left out.
    CycleMissed,
    /// The store's log was merged into its file.
    Checkpoint,
    /// Old rows were removed.
    Retention,
    /// The tables were brought to a newer version.
    Migration,
}

impl Kind {
    /// The name in the column `kind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::Unknown => "unknown",
        }
    }
}

impl EventKind {
    /// The name in the column `event`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::SourceUp => "source_up",
            Self::SourceDown => "source_down",
            Self::SourceRestart => "source_restart",
            Self::ParseError => "parse_error",
            Self::TooMany => "too_many",
            Self::Lock => "lock",
            Self::WriteError => "write_error",
            Self::BatchLost => "batch_lost",
            Self::CycleMissed => "cycle_missed",
            Self::Checkpoint => "checkpoint",
            Self::Retention => "retention",
            Self::Migration => "migration",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Histogram, Native, Summary, Value};

    #[test]
    fn the_memory_of_a_value_counts_its_lists() {
        let pair = size_of::<(f64, f64)>();
        let mut histogram = Histogram { buckets: vec![(1.0, 1.0); 10], ..Histogram::default() };
        let classic = Value::Histogram(Box::new(histogram.clone())).bytes();
        assert!(classic >= size_of::<Histogram>() + 10 * pair);
        let (positive, negative) = (vec![(1, 1.0); 20], vec![(1, 1.0); 30]);
        histogram.native = Some(Native { positive, negative, ..Native::default() });
        assert_eq!(Value::Histogram(Box::new(histogram)).bytes(), classic + 50 * pair);
        let summary = Summary { quantiles: vec![(0.5, 1.0); 5], ..Summary::default() };
        assert_eq!(Value::Summary(Box::new(summary)).bytes(), size_of::<Summary>() + 5 * pair);
        assert_eq!(Value::Number(1.0).bytes(), 0);
    }
}
