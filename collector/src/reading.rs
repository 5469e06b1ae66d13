//! One answer of a source as samples, whether it came over HTTP or from a segment.

use crate::batch::{Histogram, Kind, Native, Sample, Summary, Value};
use crate::filter::Filter;
use crate::series::{Interner, Refused};
use crate::settings::Limits;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tickmetrics::{HistogramSnapshot, Snapshot, Value as Recorded};
use tickmetrics_exporter::parse::{self, FamilyType, ParseError};

/// The gauge from which a restart is known.
const STARTED: &str = "process_start_time_seconds";

/// The most that a source's time of a sample may be ahead. Recordings are replayed with times that
/// are, and clocks differ; retention reaches such rows a day later than others.
const AHEAD: Duration = Duration::from_secs(86_400);

/// Some programs compute their start from the time that they run, which differs a little each time.
const TOLERANCE: f64 = 1.0;

/// Why an answer is not stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// There is no answer.
    Down(String),
    /// It can't be read.
    Wrong(String),
    /// It has more than its limits.
    TooMany(String),
}

/// The samples of an answer.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub(crate) samples: Vec<Sample>,
    /// The reason to believe that the process behind the source began anew since the last answer.
    pub(crate) restarted: Option<String>,
}

/// Turns answers of one source into samples.
pub(crate) struct Reader {
    pub(crate) interner: Interner,
    filter: Arc<Filter>,
    /// The last value of [`STARTED`].
    started: Option<f64>,
}

impl Reader {
    pub(crate) fn new(interner: Interner, filter: Arc<Filter>) -> Self {
        Self { interner, filter, started: None }
    }

    /// Reads an exposition in any format.
    pub(crate) fn exposition(
        &mut self,
        body: &[u8],
        content_type: Option<&str>,
        limits: Limits,
        time: SystemTime,
    ) -> Result<Samples, Trouble> {
        // A histogram is one series, and has some samples.
        let samples = limits.series.saturating_mul(SAMPLES_OF_ONE);
        let limits = parse::Limits { bytes: limits.bytes, samples, ..parse::Limits::default() };
        let parsed =
            parse::exposition(body, content_type, &limits).map_err(|error| match error {
                ParseError::TooMany { .. } => Trouble::TooMany(error.to_string()),
                _ => Trouble::Wrong(error.to_string()),
            })?;
        self.answer(time, |answer| {
            for family in &parsed.families {
                let is_start = family.name == STARTED;
                if !is_start && !answer.takes(&family.name) {
                    continue;
                }
                let kind = kind(family.family_type);
                for one in &family.series {
                    let mut labels: Vec<(&str, &str)> =
                        one.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
                    let (kind, value) = match &one.value {
                        parse::Value::Number(value) => (of_number(kind), Value::Number(*value)),
                        parse::Value::Histogram(it) => {
                            (kind, Value::Histogram(Box::new(histogram(it))))
                        }
                        parse::Value::Summary(it) => (kind, Value::Summary(Box::new(summary(it)))),
                        _ => continue,
                    };
                    let own_time = match one.timestamp_ms {
                        Some(ms) => Some(at_ms(ms, time + AHEAD).ok_or_else(|| {
                            Trouble::Wrong(format!(
                                "the time of {} is {ms} ms since 1970, which is before that, or more \
                                 than a day ahead of this machine's clock",
                                family.name
                            ))
                        })?),
                        None => None,
                    };
                    answer.push(&family.name, kind, &mut labels, value, own_time)?;
                }
            }
            Ok(())
        })
    }

    /// Reads a segment's snapshot. It has what the process's own exporter would expose, but for
    /// figures of an interval between scrapes: quantiles of a summary are those since its start.
    pub(crate) fn snapshot(
        &mut self,
        snapshot: &Snapshot,
        time: SystemTime,
    ) -> Result<Samples, Trouble> {
        self.answer(time, |answer| {
            for family in snapshot.families() {
                let name = family.name();
                let beside = |series: &str| format!("{name}_{series}_total");
                let (saturated, negative) = (beside("saturated"), beside("negative"));
                let kind = match family.kind() {
                    tickmetrics::Kind::Counter => Kind::Counter,
                    tickmetrics::Kind::UpDownCounter | tickmetrics::Kind::Gauge => Kind::Gauge,
                    tickmetrics::Kind::Histogram if family.is_summary() => Kind::Summary,
                    tickmetrics::Kind::Histogram => Kind::Histogram,
                    tickmetrics::Kind::Summary => Kind::Summary,
                };
                let counts: [Count; 2] =
                    [HistogramSnapshot::saturated, HistogramSnapshot::negative];
                // They are exposed for all series of the family once one of them counts anything.
                let mut are_seen = [false; 2];
                for one in family.series() {
                    if let Recorded::Histogram(it) = one.value() {
                        are_seen.iter_mut().zip(counts).for_each(|(seen, of)| *seen |= of(it) > 0);
                    }
                }
                for one in family.series() {
                    let labels: Vec<(&str, &str)> = one.labels().collect();
                    let value = match one.value() {
                        Recorded::Counter(value) => Value::Number(value as f64),
                        Recorded::UpDown(value) => Value::Number(value as f64),
                        Recorded::Quantity(value) | Recorded::Gauge(value) => Value::Number(value),
                        Recorded::Histogram(it) => {
                            let names = [&saturated, &negative];
                            for ((name, of), seen) in names.into_iter().zip(counts).zip(are_seen) {
                                if seen && answer.takes(name) {
                                    let value = Value::Number(of(it) as f64);
                                    answer.push(
                                        name,
                                        Kind::Counter,
                                        &mut labels.clone(),
                                        value,
                                        None,
                                    )?;
                                }
                            }
                            if kind == Kind::Summary {
                                Value::Summary(Box::new(since_start(it, family.quantiles())))
                            } else {
                                Value::Histogram(Box::new(recorded(it)))
                            }
                        }
                        _ => continue,
                    };
                    if answer.takes(name) {
                        answer.push(name, kind, &mut labels.clone(), value, None)?;
                    }
                }
            }
            Ok(())
        })
    }

    fn answer(
        &mut self,
        time: SystemTime,
        fill: impl FnOnce(&mut Answer<'_>) -> Result<(), Trouble>,
    ) -> Result<Samples, Trouble> {
        let Self { interner, filter, .. } = self;
        interner.begin();
        let mut answer = Answer { interner, filter, time, samples: Vec::new(), started: None };
        if let Err(trouble) = fill(&mut answer) {
            self.interner.abort();
            return Err(trouble);
        }
        let Answer { samples, started, .. } = answer;
        let reset = self.interner.end();
        let before = std::mem::replace(&mut self.started, started);
        let restarted = match (before, started) {
            // A counter that falls without a new start is one that the program resets.
            (Some(before), Some(now)) => {
                (now > before + TOLERANCE).then(|| format!("{STARTED} rose from {before} to {now}"))
            }
            _ => reset.map(|series| format!("{} fell", series.name)),
        };
        Ok(Samples { samples, restarted })
    }
}

/// The number of samples for each series that an exposition may have: of a histogram, its buckets.
const SAMPLES_OF_ONE: usize = 50;

type Count = fn(&HistogramSnapshot) -> u64;

/// An answer that is being read.
struct Answer<'a> {
    interner: &'a mut Interner,
    filter: &'a Filter,
    time: SystemTime,
    samples: Vec<Sample>,
    /// The value of [`STARTED`].
    started: Option<f64>,
}

impl Answer<'_> {
    fn takes(&self, name: &str) -> bool {
        self.filter.takes(name)
    }

    fn push(
        &mut self,
        name: &str,
        kind: Kind,
        labels: &mut Vec<(&str, &str)>,
        value: Value,
        time: Option<SystemTime>,
    ) -> Result<(), Trouble> {
        if name == STARTED
            && let Value::Number(started) = value
        {
            self.started = Some(started);
            if !self.takes(name) {
                return Ok(());
            }
        }
        let total = match (&value, kind) {
            (Value::Number(value), Kind::Counter) => Some(*value),
            (Value::Histogram(it), Kind::Histogram) => Some(it.count),
            (Value::Summary(it), Kind::Summary) => Some(it.count),
            _ => None,
        };
        let series = self.interner.get(name, kind, labels, total);
        let series = series.map_err(|refused| match refused {
            Refused::Duplicate(series) => Trouble::Wrong(format!("{series} is there twice")),
            Refused::TooMany(what) => Trouble::TooMany(what),
        })?;
        self.samples.push(Sample { time: time.unwrap_or(self.time), series, value });
        Ok(())
    }
}

/// A time from 1970 on, and not after `last`.
fn at_ms(since_epoch: i64, last: SystemTime) -> Option<SystemTime> {
    let since_epoch = Duration::from_millis(u64::try_from(since_epoch).ok()?);
    UNIX_EPOCH.checked_add(since_epoch).filter(|time| *time <= last)
}

fn kind(family_type: FamilyType) -> Kind {
    match family_type {
        FamilyType::Counter => Kind::Counter,
        FamilyType::Gauge => Kind::Gauge,
        FamilyType::Histogram => Kind::Histogram,
        FamilyType::GaugeHistogram => Kind::GaugeHistogram,
        FamilyType::Summary => Kind::Summary,
        FamilyType::Info => Kind::Info,
        FamilyType::StateSet => Kind::StateSet,
        _ => Kind::Unknown,
    }
}

/// The kind of a number: a stray sample may have the name of a histogram.
fn of_number(kind: Kind) -> Kind {
    match kind {
        Kind::Histogram | Kind::GaugeHistogram | Kind::Summary => Kind::Unknown,
        kind => kind,
    }
}

fn histogram(it: &parse::Histogram) -> Histogram {
    let native = it.native.as_ref().map(|native| Native {
        schema: native.schema,
        zero_threshold: native.zero_threshold,
        zero_count: native.zero_count,
        positive: native.positive.clone(),
        negative: native.negative.clone(),
    });
    let (sum, buckets) = (it.sum.unwrap_or(f64::NAN), it.buckets.clone());
    Histogram { count: it.count, sum, buckets, native }
}

fn summary(it: &parse::Summary) -> Summary {
    let mut quantiles = it.quantiles.clone();
    quantiles.sort_by(|a, b| a.0.total_cmp(&b.0));
    let or_nan = |value: Option<f64>| value.unwrap_or(f64::NAN);
    Summary { count: or_nan(it.count), sum: or_nan(it.sum), quantiles }
}

/// With its native buckets, if it has any, and with the others: an exporter exposes the former alone.
fn recorded(it: &HistogramSnapshot) -> Histogram {
    let count = it.count() as f64;
    let native = it.native().map(|native| Native {
        schema: native.schema(),
        zero_threshold: ZERO_THRESHOLD,
        zero_count: native.zeros() as f64,
        positive: native.buckets().map(|it| (it.index, it.count as f64)).collect(),
        negative: Vec::new(),
    });
    let buckets = it.buckets().map(|it| (it.upper, it.count as f64));
    let buckets = buckets.chain([(f64::INFINITY, count)]).collect();
    Histogram { count, sum: it.sum(), buckets, native }
}

fn since_start(it: &HistogramSnapshot, ranks: impl Iterator<Item = f64>) -> Summary {
    let quantiles = ranks.map(|rank| (rank, it.quantile(rank).unwrap_or(f64::NAN))).collect();
    Summary { count: it.count() as f64, sum: it.sum(), quantiles }
}

/// The bound that the exporter writes: 2^-128.
const ZERO_THRESHOLD: f64 = f64::from_bits((1023 - 128) << 52);
