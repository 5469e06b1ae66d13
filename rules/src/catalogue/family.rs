//! A family and its labels.

use super::declared::{Alert, Objective, Panel};
use super::label;
use serde::{Deserialize, Serialize};

/// A metric family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Family {
    /// The name in Prometheus: that of a counter ends with `_total` in most cases.
    pub name: String,
    /// The kind.
    pub kind: Kind,
    /// The unit, such as `seconds`; empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// The help text; empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// Without `le` and `quantile`, in the order of their declaration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// The most series of a [`Dynamic`](tickmetrics::Dynamic) family, whose labels are known only at run
    /// time: `labels` has those that were seen, and there may be others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamic: Option<usize>,
    /// Whether all its series exist as soon as the process has registered it. If not, a series
    /// begins with its first event.
    pub from_start: bool,
    /// Upper edges of classic buckets without `+Inf`, rising. Empty for a histogram with native
    /// buckets alone, and for other kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<f64>,
    /// The schema of native buckets: each power of two has 2 to the power of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub native: Option<i8>,
    /// The quantiles that are exposed: in a summary of this name, or for a histogram in the summary
    /// with the suffix `_quantiles`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<f64>,
    /// Whether a histogram exposes its smallest and largest value with the suffixes `_min` and
    /// `_max`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub extremes: bool,
    /// Whether a histogram exposes its values outside of its range as counters with the suffixes
    /// `_saturated_total` and `_negative_total`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub outside: bool,
    /// The largest value that a histogram distinguishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The objectives that the program declares for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Objective>,
    /// The alerts that the program declares for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Alert>,
    /// How a dashboard shows it, if the program declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panel: Option<Panel>,
}

/// The kind of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// A count that only grows.
    Counter,
    /// A value that rises and falls.
    Gauge,
    /// A distribution that only grows.
    Histogram,
    /// A distribution of the present.
    GaugeHistogram,
    /// Quantiles that the exporter computed.
    Summary,
    /// Labels that describe the target.
    Info,
    /// A set of flags.
    StateSet,
    /// Unknown, since the exposition has no type.
    Unknown,
}

/// A label of a family.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "label::Text", into = "label::Text")]
#[non_exhaustive]
pub struct Label {
    /// The name.
    pub name: String,
    /// The values that it can have.
    pub values: Values,
    /// Whether some series of the family lack it.
    pub optional: bool,
}

/// The values that a label can have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Values {
    /// One value in all series.
    Constant(String),
    /// These, and no others.
    Fixed(Vec<String>),
    /// Any, up to so many. All others are `other`.
    Interned(usize),
    /// These were seen. There may be others.
    Seen(Vec<String>),
}

impl Family {
    /// A family without labels, whose series exist from the start.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            unit: String::new(),
            help: String::new(),
            labels: Vec::new(),
            dynamic: None,
            from_start: true,
            buckets: Vec::new(),
            native: None,
            quantiles: Vec::new(),
            extremes: false,
            outside: false,
            max: None,
            objectives: Vec::new(),
            alerts: Vec::new(),
            panel: None,
        }
    }

    /// Whether its native buckets are read: those of a histogram that has no others, or if they are
    /// preferred.
    pub(crate) fn reads_native(&self, prefers_native: bool) -> bool {
        self.native.is_some() && (prefers_native || self.buckets.is_empty())
    }

    /// The label of a name.
    pub fn label(&self, name: &str) -> Option<&Label> {
        self.labels.iter().find(|label| label.name == name)
    }
}

impl Label {
    /// A label that all series have.
    pub fn new(name: impl Into<String>, values: Values) -> Self {
        Self { name: name.into(), values, optional: false }
    }
}

impl Kind {
    /// As in the exposition formats.
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

impl Values {
    /// The values that are known.
    pub fn known(&self) -> &[String] {
        match self {
            Self::Constant(value) => std::slice::from_ref(value),
            Self::Fixed(values) | Self::Seen(values) => values,
            Self::Interned(_) => &[],
        }
    }

    /// Whether there are no others than the known values.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Constant(_) | Self::Fixed(_))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_false(flag: &bool) -> bool {
    !flag
}
