//! The metrics that a registry must refuse, by the documentation of `Description`. All others must
//! be registered.

use crate::exposition::text;
use crate::names;
use crate::program::Metric;
use crate::recorded::{Recorded, Sort};
use tickmetrics::RegisterError;

/// A fault of a metric. It may have several, of which the registry reports one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Name,
    Help,
    Label,
    Setting,
    Clash,
}

const MAX_TEXT_BYTES: usize = 1024;
const MAX_HELP_BYTES: usize = 8192;

/// The settings that all metrics of one name share.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub sort: Sort,
    help: String,
    unit: &'static str,
    /// Constant ones and those of the type.
    labels: (Vec<String>, Option<&'static str>),
    pub scale: f64,
    /// Digits, maximum, native schema, buckets, and the options of a histogram.
    pub distribution: Option<(u8, u64, Option<i8>, Vec<u64>)>,
    pub extremes: bool,
    pub quantiles: &'static [f64],
}

impl Settings {
    pub fn of(metric: &Metric) -> Self {
        let is_time = metric.unit() == "seconds";
        Self {
            sort: metric.kind.sort(),
            help: metric.help.0.clone(),
            unit: metric.unit(),
            labels: (
                metric.constants().map(|(label, _)| label.to_owned()).collect(),
                metric.kind.label(),
            ),
            scale: metric.scale().unwrap_or(if is_time { 1e-9 } else { 1.0 }),
            distribution: metric
                .distribution()
                .map(|of| (of.digits(), of.max(), of.native(), of.edges(is_time))),
            extremes: metric.extremes(),
            quantiles: metric.quantiles(),
        }
    }

    pub fn taken(&self, name: &str) -> impl Iterator<Item = String> {
        names::taken(name, self.sort, self.extremes, !self.quantiles.is_empty())
    }
}

/// Constant labels, and those of the handle's type.
fn labels(metric: &Metric) -> impl Iterator<Item = &str> {
    metric.constants().map(|(label, _)| label).chain(metric.kind.label())
}

/// Whether all names are ones that are the same under each escaping. Which of the others are exposed
/// depends on what they are when they are escaped; Python and Prometheus read these in
/// `exporter/tests/names`.
pub fn has_legacy_names(metric: &Metric) -> bool {
    // An empty one is refused whatever the escaping.
    let is_legacy = |name: &str, colons| name.is_empty() || text::is_name(name, colons);
    is_legacy(&metric.name.0, true) && labels(metric).all(|label| is_legacy(label, false))
}

/// Everything that is wrong with a metric beside those that are there.
pub fn faults(metric: &Metric, recorded: &Recorded) -> Vec<Fault> {
    let settings = Settings::of(metric);
    let (name, help) = (&*metric.name.0, &*metric.help.0);
    let no_name = |name: &str| name.is_empty() || name.len() > MAX_TEXT_BYTES;
    let control = |c: char| c.is_control() && c != '\n';
    let mut faults = Vec::new();
    let mut add = |is_wrong: bool, fault| faults.extend(is_wrong.then_some(fault));
    add(no_name(name), Fault::Name);
    let no_help = help.trim().is_empty() || help.len() > MAX_HELP_BYTES;
    add(no_help || help.contains(control), Fault::Help);
    let labels: Vec<&str> = labels(metric).collect();
    for (at, label) in labels.iter().enumerate() {
        let Settings { sort, extremes, quantiles, .. } = settings;
        let is_reserved = names::is_reserved(label, sort, extremes, !quantiles.is_empty());
        let is_twice = labels[..at].contains(label);
        let is_internal = label.starts_with("__");
        add(no_name(label) || is_reserved || is_twice || is_internal, Fault::Label);
    }
    add(metric.constants().any(|(_, value)| value.len() > MAX_TEXT_BYTES), Fault::Label);
    add(!is_set_up(metric, &settings), Fault::Setting);
    let mut clashes = recorded.metrics.get(name).is_some_and(|there| there.settings != settings);
    let own: Vec<String> = settings.taken(name).collect();
    for (other, there) in recorded.metrics.iter().filter(|(other, _)| *other != name) {
        clashes |= there.settings.taken(other).any(|taken| own.contains(&taken));
    }
    add(clashes, Fault::Clash);
    faults
}

fn is_set_up(metric: &Metric, settings: &Settings) -> bool {
    let Settings { sort, unit, scale, .. } = settings;
    let is_scale = scale.is_finite() && *scale > 0.0 && scale.recip().is_normal();
    let has_scale = !matches!(sort, Sort::Gauge | Sort::UpDown) || metric.scale().is_none();
    let has_unit = has_unit_of_name(metric, *sort);
    let Some((digits, max, native, edges)) = &settings.distribution else {
        return is_scale && has_scale && has_unit && *unit != "total";
    };
    // A scale of 0.01 is meant as one hundredth.
    let (mut per_unit, whole) = (scale.recip(), scale.recip().round());
    if (per_unit - whole).abs() < whole * 1e-12 {
        per_unit = whole;
    }
    let exported: Vec<f64> = edges.iter().map(|&edge| edge as f64 / per_unit).collect();
    let are_apart = exported.is_sorted_by(|a, b| a < b) && exported.iter().all(|it| it.is_finite());
    // So that a bucket has eight cells.
    let most = [1, 4, 7][usize::from(*digits) - 1];
    let is_native = native.is_none_or(|schema| (-4..=most).contains(&schema));
    is_scale && has_unit && *unit != "total" && are_apart && is_native && *max >= 2
}

/// The words at the end of a name that stand for a unit of time, of which those of the last line do
/// so in a histogram's name.
const TIMES: [(&str, &[&str]); 4] = [
    ("seconds", &["seconds", "secs", "sec"]),
    ("milliseconds", &["milliseconds", "millis", "msecs", "msec", "ms"]),
    ("microseconds", &["microseconds", "micros", "usecs", "usec", "\u{b5}s", "\u{3bc}s"]),
    ("nanoseconds", &["nanoseconds", "nanos", "nsecs", "nsec", "ns"]),
];
const TIMES_OF_HISTOGRAMS: [(&str, &str); 2] = [("s", "seconds"), ("us", "microseconds")];

/// Whether a counter or a histogram that is named in time has that unit, or a scale. Another unit that
/// is not one of time is in order.
fn has_unit_of_name(metric: &Metric, sort: Sort) -> bool {
    let name = &*metric.name.0;
    let stem = match sort {
        Sort::Histogram => name,
        Sort::Counter => name.strip_suffix("_total").unwrap_or(name),
        Sort::Gauge | Sort::UpDown => return true,
    };
    let (_, word) = stem.rsplit_once(|c: char| !c.is_alphanumeric()).unwrap_or(("", stem));
    let of_all = TIMES.iter().find(|(_, words)| words.contains(&word)).map(|(unit, _)| *unit);
    let of_histograms = TIMES_OF_HISTOGRAMS.iter().find(|(it, _)| *it == word);
    let of_histograms = of_histograms.filter(|_| sort == Sort::Histogram).map(|(_, unit)| *unit);
    let unit = metric.unit();
    let is_other = unit.is_empty() || TIMES.iter().any(|(time, _)| *time == unit);
    metric.scale().is_some()
        || of_all.or(of_histograms).is_none_or(|right| unit == right || !is_other)
}

impl Fault {
    /// The text of an error.
    ///
    /// # Panics
    /// Where it is an error that no input can lead to.
    pub fn of(error: &RegisterError) -> Self {
        match error {
            RegisterError::InvalidName { .. } => Self::Name,
            RegisterError::InvalidHelp { .. } => Self::Help,
            RegisterError::InvalidLabel { .. } => Self::Label,
            RegisterError::InvalidSetting { .. } => Self::Setting,
            RegisterError::Clash { .. } => Self::Clash,
            other => panic!("{other}"),
        }
    }
}
