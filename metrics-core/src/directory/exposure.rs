//! The exposed forms of a metric: the names of its series, and the labels that they add to its own.
//!
//! This is the only list of them. Registration refuses two metrics with a common name, and a label
//! that a form adds; the exporter uses the list for conflicts between registries.

use super::kind::Kind;

/// A form in which metrics of some kind are exposed.
///
/// ```
/// use tickmetrics::{Exposure, Kind};
///
/// let suffixes = Exposure::of(Kind::Histogram, true, false).map(|series| series.suffix);
/// assert!(suffixes.eq([
///     "", "_bucket", "_sum", "_count", "_created", "_saturated_total", "_negative_total", "_max", "_min",
/// ]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exposure {
    /// The suffix of the series' name, behind the metric's.
    pub suffix: &'static str,
    /// The label that the series have in addition to the metric's own.
    pub label: Option<&'static str>,
    of: Of,
}

/// The metrics with this form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    All,
    Histograms,
    /// Histograms and summaries.
    Distributions,
    /// Histograms with [`extremes`](crate::Description::extremes).
    Extremes,
    /// Histograms with [`quantiles`](crate::Description::quantiles).
    Quantiles,
}

impl Exposure {
    /// All forms, for any kind and options of a metric.
    ///
    /// `_created` is `OpenMetrics`' name for the start of a histogram's or a summary's count. Its
    /// parsers refuse another metric of that name, whether the start is exposed or not. A counter
    /// omits its own if another metric has the name, and so reserves none.
    pub const ALL: [Self; 13] = [
        // A native histogram has the metric's name itself, and so has every family.
        Self::new("", None, Of::All),
        Self::new("_bucket", Some("le"), Of::Histograms),
        Self::new("_sum", None, Of::Distributions),
        Self::new("_count", None, Of::Distributions),
        Self::new("_created", None, Of::Distributions),
        Self::new("_saturated_total", None, Of::Histograms),
        Self::new("_negative_total", None, Of::Histograms),
        Self::new("_max", None, Of::Extremes),
        Self::new("_min", None, Of::Extremes),
        Self::new("_quantiles", Some("quantile"), Of::Quantiles),
        Self::new("_quantiles_sum", None, Of::Quantiles),
        Self::new("_quantiles_count", None, Of::Quantiles),
        Self::new("_quantiles_created", None, Of::Quantiles),
    ];

    const fn new(suffix: &'static str, label: Option<&'static str>, of: Of) -> Self {
        Self { suffix, label, of }
    }

    /// The forms of a metric. Its options count only for a histogram.
    pub fn of(kind: Kind, extremes: bool, quantiles: bool) -> impl Iterator<Item = Self> {
        let (is_histogram, is_summary) = (kind == Kind::Histogram, kind == Kind::Summary);
        let forms = Self::ALL.into_iter().filter(move |series| match series.of {
            Of::All => true,
            Of::Histograms => is_histogram,
            Of::Distributions => is_histogram || is_summary,
            Of::Extremes => is_histogram && extremes,
            Of::Quantiles => is_histogram && quantiles,
        });
        // The quantiles of a summary have its own name.
        forms.map(move |series| match series.of {
            Of::All if is_summary => Self { label: Some("quantile"), ..series },
            _ => series,
        })
    }
}
