//! The names and labels that a metric takes, by the formats' documentation. The library's own table
//! (`Exposure`) is held against this one and is not asked.
//!
//! A histogram is several families: its own, two counters beside it, and those of its options.

use crate::recorded::Sort;

/// A family's type, as the formats have it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Counter,
    Gauge,
    Histogram,
    Summary,
}

/// A name that follows a family's, and the label that distinguishes its samples.
type Sample = (&'static str, Option<&'static str>);

impl Type {
    /// <https://prometheus.io/docs/instrumenting/exposition_formats/#histograms-and-summaries>
    fn in_text(self) -> &'static [Sample] {
        match self {
            Self::Counter | Self::Gauge => &[("", None)],
            Self::Histogram => &[("_bucket", Some("le")), ("_sum", None), ("_count", None)],
            Self::Summary => &[("", Some("quantile")), ("_sum", None), ("_count", None)],
        }
    }

    /// <https://prometheus.io/docs/specs/om/open_metrics_spec/#suffixes>. A counter gives up its
    /// type, and so its suffixes, where another metric has one of them: it takes nothing more than in
    /// the text format.
    fn in_openmetrics(self) -> &'static [Sample] {
        match self {
            Self::Counter | Self::Gauge => &[("", None)],
            Self::Histogram => {
                &[("_bucket", Some("le")), ("_sum", None), ("_count", None), ("_created", None)]
            }
            Self::Summary => {
                &[("", Some("quantile")), ("_sum", None), ("_count", None), ("_created", None)]
            }
        }
    }

    /// <https://prometheus.io/docs/specs/native_histograms/#exposition-formats>: a native histogram
    /// is a series under the family's name itself. The rest is as in the text format.
    fn in_protobuf(self) -> &'static [Sample] {
        match self {
            Self::Histogram => &[("", None)],
            other => other.in_text(),
        }
    }

    fn samples(self) -> impl Iterator<Item = &'static Sample> {
        self.in_text().iter().chain(self.in_openmetrics()).chain(self.in_protobuf())
    }
}

/// The suffixes of the names of a metric's families, and their types.
fn families(sort: Sort, extremes: bool, quantiles: bool) -> Vec<(&'static str, Type)> {
    let mut families = match sort {
        Sort::Counter => return vec![("", Type::Counter)],
        Sort::Gauge | Sort::UpDown => return vec![("", Type::Gauge)],
        Sort::Histogram => vec![
            ("", Type::Histogram),
            ("_saturated_total", Type::Counter),
            ("_negative_total", Type::Counter),
        ],
    };
    if extremes {
        families.extend([("_max", Type::Gauge), ("_min", Type::Gauge)]);
    }
    if quantiles {
        families.push(("_quantiles", Type::Summary));
    }
    families
}

/// All names that no other metric may have: those of the families, and of their samples in each
/// format.
pub fn taken(
    name: &str,
    sort: Sort,
    extremes: bool,
    quantiles: bool,
) -> impl Iterator<Item = String> {
    families(sort, extremes, quantiles).into_iter().flat_map(move |(family, of)| {
        let name = format!("{name}{family}");
        let samples = of.samples().map(|(suffix, _)| format!("{name}{suffix}"));
        samples.chain([name.clone()]).collect::<Vec<_>>()
    })
}

/// Whether the metric's samples always have a label of this name.
pub fn is_reserved(label: &str, sort: Sort, extremes: bool, quantiles: bool) -> bool {
    let families = families(sort, extremes, quantiles);
    families.iter().any(|(_, of)| of.samples().any(|(_, its)| *its == Some(label)))
}

/// Suffixes that make one metric's name a part of another one's, or nearly so.
pub const SUFFIXES: [&str; 24] = [
    "",
    "",
    "",
    "",
    "_bucket",
    "_sum",
    "_count",
    "_created",
    "_total",
    "_total_total",
    "_created_total",
    "_saturated",
    "_saturated_total",
    "_negative_total",
    "_negative_created",
    "_max",
    "_min",
    "_quantiles",
    "_quantiles_sum",
    "_quantiles_count",
    "_quantiles_created",
    "_seconds",
    "_seconds_total",
    "_info",
];

#[cfg(test)]
mod tests {
    use super::{Sort, is_reserved, taken};

    #[test]
    fn a_summary_has_the_label_quantile_and_a_histogram_without_one_does_not() {
        assert!(is_reserved("le", Sort::Histogram, false, false));
        assert!(is_reserved("quantile", Sort::Histogram, false, true));
        assert!(!is_reserved("quantile", Sort::Histogram, true, false));
        assert!(!is_reserved("le", Sort::Counter, false, false));
        let names: Vec<_> = taken("a", Sort::Histogram, false, true).collect();
        for name in ["a", "a_bucket", "a_created", "a_quantiles", "a_quantiles_count"] {
            assert!(names.contains(&name.into()), "{name}");
        }
        assert!(!names.contains(&"a_max".into()));
    }
}
