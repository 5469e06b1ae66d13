//! The content of an exposition.

use std::borrow::Cow;

/// The content of an exposition.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Exposition<'a> {
    /// In the order in which they begin. Each name is there once, apart from families of protobuf
    /// that have one name and several types.
    pub families: Vec<Family<'a>>,
}

/// A metric family.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Family<'a> {
    /// The name that the series have in Prometheus, the same in every format: the `OpenMetrics`
    /// counter `x` is `x_total`, and the info `x` is `x_info`. The parts of a histogram and of a
    /// summary have it with a suffix.
    pub name: Cow<'a, str>,
    /// Empty without one.
    pub help: Cow<'a, str>,
    /// Empty without one. The text formats 0.0.4 and 1.0.0 have no units.
    pub unit: Cow<'a, str>,
    /// The type.
    pub family_type: FamilyType,
    /// In the order in which they begin. Empty if the family has only a comment.
    pub series: Vec<Series<'a>>,
}

/// The type of a family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FamilyType {
    /// A count that only grows.
    Counter,
    /// A value that rises and falls.
    Gauge,
    /// A distribution that only grows.
    Histogram,
    /// A distribution of the present: `OpenMetrics` and protobuf have it.
    GaugeHistogram,
    /// Quantiles that the exporter computed.
    Summary,
    /// Labels that describe the target: `OpenMetrics` alone has it.
    Info,
    /// A set of flags: `OpenMetrics` alone has it.
    StateSet,
    /// No type is given, or `untyped`, or `unknown`.
    #[default]
    Unknown,
}

/// A label: its name and its value.
pub type Label<'a> = (Cow<'a, str>, Cow<'a, str>);

/// A series, at one time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Series<'a> {
    /// In the order of the exposition. No name is there twice. A histogram has no `le` here, and a
    /// summary no `quantile`.
    pub labels: Vec<Label<'a>>,
    /// The value.
    pub value: Value,
    /// Milliseconds since 1970, if the exposition has a time.
    pub timestamp_ms: Option<i64>,
    /// Seconds since 1970: the time since which the series counts, if that is known.
    pub created: Option<f64>,
    /// Of a counter, or of all buckets of a histogram.
    pub exemplars: Vec<Exemplar<'a>>,
}

/// The value of a series.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Of all types but histograms and summaries. In text, a family of such a type may also have
    /// samples that are none of its parts, as Prometheus allows. They are numbers under the
    /// family's name.
    Number(f64),
    /// Of a [`Histogram`](FamilyType::Histogram) or a [`GaugeHistogram`](FamilyType::GaugeHistogram).
    Histogram(Box<Histogram>),
    /// Of a [`Summary`](FamilyType::Summary).
    Summary(Box<Summary>),
}

/// A histogram.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Histogram {
    /// The number of values. If the exposition does not have it, the count of the last bucket.
    pub count: f64,
    /// The sum of the values, if the exposition has it.
    pub sum: Option<f64>,
    /// The classic buckets: the upper edge, which is in the bucket, and the number of values up to
    /// it. The edges rise, and the last one is infinite: it is added if the exposition lacks it.
    /// Empty if there are native buckets alone. Nothing ensures that the counts rise.
    pub buckets: Vec<(f64, f64)>,
    /// The native buckets: protobuf alone has them.
    pub native: Option<Native>,
}

/// The native buckets of a histogram.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Native {
    /// Each power of two has 2 to the power of `schema` buckets. From -4 to 8.
    pub schema: i8,
    /// Values that are not farther from zero are in the zero bucket.
    pub zero_threshold: f64,
    /// The number of values in the zero bucket.
    pub zero_count: f64,
    /// The buckets of positive values: the index, and the number of values in this bucket alone.
    /// The indices rise. Empty buckets are left out. See [`upper`](Self::upper).
    pub positive: Vec<(i32, f64)>,
    /// The same for negative values. An edge is that of the positive bucket, negated.
    pub negative: Vec<(i32, f64)>,
}

impl Native {
    /// The upper edge of the positive bucket with an index, which is in the bucket. The lower edge
    /// is that of the bucket before:
    /// <https://prometheus.io/docs/specs/native_histograms/#standard-exponential-schemas>.
    pub fn upper(&self, index: i32) -> f64 {
        (f64::from(index) * (-f64::from(self.schema)).exp2()).exp2()
    }
}

/// A summary.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// The number of values, if the exposition has it.
    pub count: Option<f64>,
    /// The sum of the values, if the exposition has it.
    pub sum: Option<f64>,
    /// The rank, from 0 to 1, and the value.
    pub quantiles: Vec<(f64, f64)>,
}

/// An exemplar: one recorded value, with labels such as its trace.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Exemplar<'a> {
    /// In the order of the exposition.
    pub labels: Vec<Label<'a>>,
    /// The value.
    pub value: f64,
    /// Seconds since 1970, if the exposition has a time.
    pub time: Option<f64>,
}
