use super::declared::Declared;
use crate::directory::{Exposure, Kind};
use crate::scale::{Scale, nanoseconds_to};
use std::time::Duration;

/// A name, and the parts that distinguish metrics of one name: constant labels, and the names of
/// the others.
pub(super) type Key = (String, Vec<(String, String)>, Vec<&'static str>);

/// The properties of a metric, for its registration.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let latency: Histogram = registry.register(
///     &Description::new("decode_latency_seconds", "Time to decode a message.")
///         .unit("seconds")
///         .max(10_000_000_000)
///         .buckets([1_000, 10_000, 100_000])
///         .constant("venue", "xnas"),
/// )?;
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "properties that have nothing to do with each other"
)]
pub struct Description {
    pub(crate) name: String,
    pub(crate) help: String,
    pub(crate) kind: Option<Kind>,
    pub(crate) unit: String,
    pub(crate) labels: Vec<&'static str>,
    pub(crate) constants: Vec<(String, String)>,
    pub(crate) scale: Option<f64>,
    pub(crate) sigfigs: u8,
    pub(crate) max: u64,
    pub(crate) edges: Option<Vec<u64>>,
    pub(crate) native: Option<i8>,
    pub(crate) extremes: bool,
    pub(crate) quantiles: Vec<f64>,
    /// Whether the hook is asked for the traces of recorded values.
    pub(crate) exemplars: bool,
    /// In milliseconds.
    pub(crate) exemplar_period: u32,
    /// For how long a series without a change is shown, if not for ever.
    pub(crate) idle: Option<Duration>,
    /// Whether unit and kind are still to be added to the name.
    pub(crate) unfinished: bool,
    /// Whether metrics of this name may have different labels. Otherwise that is a clash, since it
    /// is mostly a mistake.
    pub(crate) mixed: bool,
    /// Objectives, alerts and a panel. Boxed, since most metrics have none.
    pub(super) declared: Option<Box<Declared>>,
}

impl Description {
    /// Two significant digits: an error below 1 %.
    pub const DEFAULT_SIGFIGS: u8 = 2;
    /// One hour in nanoseconds.
    pub const DEFAULT_MAX: u64 = 3_600_000_000_000;

    const DEFAULT_EXEMPLAR_MILLIS: u32 = 15_000;

    /// A metric of this name and help text. Registration checks both.
    pub fn new(name: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            help: help.into(),
            kind: None,
            unit: String::new(),
            labels: Vec::new(),
            constants: Vec::new(),
            scale: None,
            sigfigs: Self::DEFAULT_SIGFIGS,
            max: Self::DEFAULT_MAX,
            edges: None,
            native: None,
            extremes: false,
            quantiles: Vec::new(),
            exemplars: false,
            exemplar_period: Self::DEFAULT_EXEMPLAR_MILLIS,
            idle: None,
            unfinished: false,
            mixed: false,
            declared: None,
        }
    }

    /// The exported unit: `seconds`, the base unit that Prometheus recommends, `milliseconds`,
    /// `microseconds` or `nanoseconds`, `bytes`, or any of your own, such as `trades`. Another name
    /// for a unit of time or size, such as `ms` or `KiB`, is an error that gives the right name.
    ///
    /// With a unit of time, counters and histograms record nanoseconds, and gauges and up-down
    /// counters hold the exported unit itself:
    ///
    /// | | a duration | exported units | recorded units |
    /// |---|---|---|---|
    /// | [`Counter`](crate::Counter) | `add_duration` | `add_f64` | `add`; `inc` adds one nanosecond |
    /// | [`Histogram`](crate::Histogram) | `record_duration`, `start`, `time` | `record_f64` | `record` |
    /// | [`Gauge`](crate::Gauge) | `set_duration` | `set` | – |
    /// | [`UpDownCounter`](crate::UpDownCounter) | – | `add`, `sub`, `inc`, `dec` | – |
    ///
    /// Any other unit is recorded as it is, or by [`scale`](Description::scale). A unit must not
    /// contain white space or control characters, be `total`, or end in `_total`. The unit does not
    /// change the name: include it there, as in `…_seconds`.
    ///
    /// A counter or a histogram whose name ends in a unit of time, such as `wait_ms` or
    /// `busy_seconds_total`, needs that unit, or a scale: otherwise recorded nanoseconds would be
    /// read as milliseconds or seconds.
    #[must_use]
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = unit.into();
        self
    }

    /// Exported units in a recorded one, more than 0: 0.01 counts hundredths. The default is 1, or
    /// the scale of a unit of time. For counters and histograms.
    ///
    /// A counter to which the program adds whole seconds has `unit("seconds")` and `scale(1.0)`. Its
    /// [`add_duration`](crate::Counter::add_duration) would add nanoseconds all the same.
    #[must_use]
    pub fn scale(mut self, scale: f64) -> Self {
        self.scale = Some(scale);
        self
    }

    /// A histogram's significant decimal digits, 1 to 3; 2 by default.
    #[must_use]
    pub fn sigfigs(mut self, sigfigs: u8) -> Self {
        self.sigfigs = sigfigs;
        self
    }

    /// A histogram's largest value, at least 2; an hour of nanoseconds by default. In recorded
    /// units, nanoseconds for times: 10 s is `10_000_000_000`.
    #[must_use]
    pub fn max(mut self, max: u64) -> Self {
        self.max = max;
        self
    }

    /// The upper edges of a histogram's exposed buckets, rising, none above the maximum. In recorded
    /// units, nanoseconds for times: 10 s is `10_000_000_000`. An empty list is an error, unless the
    /// histogram has [`native`](Self::native) buckets or [`quantiles`](Self::quantiles). The default for durations is 100 ns to 1 ms in steps of 1, 2.5 and 5, and powers of
    /// ten from there to 10 s. For other quantities it is powers of ten of recorded units to 10^12.
    #[must_use]
    pub fn buckets(mut self, edges: impl IntoIterator<Item = u64>) -> Self {
        self.edges = Some(edges.into_iter().collect());
        self
    }

    /// Adds native (exponential) buckets to a histogram, which Prometheus scrapes through protobuf:
    /// `2^schema` of them to each doubling of the exported value. 3 is a good start (9 % from one
    /// to the next), and each one more halves their width. From -4 to 1, 4 or 7 for 1, 2 or 3
    /// significant digits, so that a bucket has eight cells on average.
    ///
    /// A cell is counted whole, in the bucket of its smallest value. So if an edge falls into a
    /// value's cell, the value can be counted in the bucket before its own. With the largest schema
    /// a cell is less than a fifth of a bucket. Values above the maximum count as the value that
    /// follows it, and only 0 is in the zero bucket.
    ///
    /// The default is no native buckets: with them, protobuf has no others, and queries for
    /// `_bucket` find nothing. The exporter's `classic_beside_native` keeps both.
    ///
    /// The error: Prometheus knows nothing about values between two edges. So its
    /// `histogram_quantile` is off by less than one bucket, which is `2^(2^-schema) - 1` of the
    /// value: 100 % for 0, 9.1 % for 3, 1.1 % for 6. Values in the bucket before their own add at
    /// most a fifth of that.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let registry = Registry::new();
    /// let wait: Histogram = registry.register(&Description::new("wait", "Waited.").native(0))?;
    /// [0, 1, 5, 6].into_iter().for_each(|value| wait.record(value));
    /// let snapshot = registry.snapshot();
    /// let native = snapshot.histogram("wait", &[]).unwrap().native().unwrap();
    /// assert_eq!(native.zeros(), 1);
    /// // Bucket i is up to 2^i: 1 is in that of 2^0, 5 and 6 in that of 2^3.
    /// let buckets = native.buckets().map(|bucket| (bucket.index, bucket.count));
    /// assert!(buckets.eq([(0, 1), (3, 2)]));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    #[must_use]
    pub fn native(mut self, schema: i8) -> Self {
        self.native = Some(schema);
        self
    }

    /// Exports quantiles of a histogram's last interval too, as a summary `<name>_quantiles`:
    /// rising, from 0 to 1. None by default. Without values they are NaN, as in Prometheus' own
    /// libraries.
    ///
    /// Without buckets, `.buckets([])`, the histogram itself is a summary: it has its quantiles, and
    /// the sum and the count of all values, under its own name.
    ///
    /// Quantiles of several processes or series can't be combined; those that Prometheus computes
    /// from buckets can. The exporter documents its intervals.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let description = Description::new("wait", "Waited.").quantiles([0.5, 0.99]).extremes();
    /// let wait: Histogram = Registry::new().register(&description)?;
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    #[must_use]
    pub fn quantiles(mut self, quantiles: impl IntoIterator<Item = f64>) -> Self {
        self.quantiles = quantiles.into_iter().collect();
        self
    }

    /// Exports the smallest and the largest value of a histogram's last interval too, as gauges
    /// `<name>_min` and `<name>_max`; NaN without values.
    #[must_use]
    pub fn extremes(mut self) -> Self {
        self.extremes = true;
        self
    }

    /// Asks the [hook](crate::exemplar) for the trace of a histogram's recorded values, and keeps
    /// one as the exemplar of its series, as
    /// [`Histogram::record_with_exemplar`](crate::Histogram::record_with_exemplar) does. Without a
    /// hook there are no exemplars. A record takes longer, with a hook and without one: leave it
    /// out on a path where nanoseconds count.
    ///
    /// [`record_n`](crate::Histogram::record_n) has no exemplar, and of
    /// [`record_corrected`](crate::Histogram::record_corrected) the first value alone has one.
    #[must_use]
    pub fn exemplars(mut self) -> Self {
        self.exemplars = true;
        self
    }

    /// For how long only a larger value replaces a series' exemplar, in each thread; 15 s by
    /// default. After this time the next exemplar replaces it, whatever its value: choose the
    /// interval between two scrapes, or 0 for the newest exemplar. Counted in milliseconds, up to
    /// 49 days. See [`Histogram::record_with_exemplar`](crate::Histogram::record_with_exemplar).
    #[must_use]
    pub fn exemplar_period(mut self, period: Duration) -> Self {
        self.exemplar_period = u32::try_from(period.as_millis()).unwrap_or(u32::MAX);
        self
    }

    /// Hides a series once it has not changed for so long, until it changes again. Then it has what it
    /// had, and all that was recorded meanwhile: no count falls. By default all series stay.
    ///
    /// The registry looks for changes at each [`snapshot`](crate::Registry::snapshot), so a change is as
    /// old as the first snapshot that has it. A gauge that is set to its value again does not change, and an
    /// up-down counter that is back at its value has not changed.
    /// For metrics with interned labels and [`Dynamic`](crate::Dynamic) families: others have few
    /// series, and all of them stay. A reader of the segment in another process sees them all.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    /// use tickmetrics::Dynamic;
    /// use std::time::Duration;
    ///
    /// let sessions = Description::new("messages_total", "Messages, by session.");
    /// let sessions: Dynamic<Counter> = Registry::new()
    ///     .register_dynamic(&sessions.idle(Duration::from_secs(3_600)), 10_000)?;
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    #[must_use]
    pub fn idle(mut self, after: Duration) -> Self {
        self.idle = Some(after);
        self
    }

    /// A label with the same value on every series.
    #[must_use]
    pub fn constant(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.constants.push((name.into(), value.into()));
        self
    }

    pub(crate) fn mixed(mut self) -> Self {
        self.mixed = true;
        self
    }

    /// The metric's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The help text.
    pub fn help(&self) -> &str {
        &self.help
    }

    /// The kind, if known: for results of [`Metrics::describe`](crate::Metrics::describe).
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// The exported unit; empty without one.
    pub fn exported_unit(&self) -> &str {
        &self.unit
    }

    /// Names of all labels, constant ones first.
    pub fn label_names(&self) -> impl Iterator<Item = &str> {
        self.constants.iter().map(|(name, _)| name.as_str()).chain(self.labels.iter().copied())
    }

    /// The labels with the same value on every series.
    pub fn constants(&self) -> impl Iterator<Item = (&str, &str)> {
        self.constants.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The parts that distinguish the metric from others.
    pub(super) fn key(&self) -> Key {
        (self.name.clone(), self.constants.clone(), self.labels.clone())
    }

    /// Adds the properties of the handle's type. Adds the unit and `total` to an unfinished name,
    /// unless it ends in them already.
    pub(crate) fn complete(&mut self, kind: Kind, labels: Vec<&'static str>) {
        self.kind = Some(kind);
        self.labels = labels;
        if std::mem::take(&mut self.unfinished) {
            let total = if kind == Kind::Counter { "_total" } else { "" };
            // The unit comes before `total`, even if the name has `total` already.
            let stem = self.name.strip_suffix(total).unwrap_or(&self.name);
            let unit = match self.unit.as_str() {
                "" => String::new(),
                unit => format!("_{unit}"),
            };
            self.name = format!("{}{unit}{total}", stem.strip_suffix(&unit).unwrap_or(stem));
        }
    }

    /// The forms in which it is exposed.
    pub(crate) fn exposures(&self) -> impl Iterator<Item = Exposure> + use<> {
        let kind = self.kind.unwrap_or(Kind::Counter);
        Exposure::of(kind, self.extremes, !self.quantiles.is_empty())
    }

    /// Exported units in a recorded one.
    pub(crate) fn scale_factor(&self) -> f64 {
        self.scale
            .or_else(|| nanoseconds_to(&self.unit).map(|per_unit| f64::from(per_unit).recip()))
            .unwrap_or(1.0)
    }

    /// Whether the exported unit is one of time.
    pub(crate) fn is_time(&self) -> bool {
        nanoseconds_to(&self.unit).is_some()
    }

    /// Nanoseconds in an exported unit of time; 1 for other units.
    pub(crate) fn nanoseconds(&self) -> u32 {
        nanoseconds_to(&self.unit).unwrap_or(1)
    }

    pub(crate) fn exported_scale(&self) -> Scale {
        Scale::new(self.scale_factor())
    }

    /// Edges of the exposed buckets: the declared ones, or the default.
    pub(crate) fn edges(&self) -> Vec<u64> {
        if let Some(edges) = &self.edges {
            return edges.clone();
        }
        let default: &[u64] = if self.is_time() { &DURATION_EDGES } else { &QUANTITY_EDGES };
        default.iter().copied().take_while(|&edge| edge <= self.max).collect()
    }
}

/// Fine in the range of hot paths, coarse above.
const DURATION_EDGES: [u64; 17] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
];

const QUANTITY_EDGES: [u64; 13] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    100_000_000_000,
    1_000_000_000_000,
];
