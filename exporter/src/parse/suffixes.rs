//! The types of `OpenMetrics`, and the suffixes of their samples.

use super::types::FamilyType;

/// The part of its family that a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Number,
    Total,
    Created,
    Quantile,
    Bucket,
    Sum,
    Count,
}

/// The suffixes of a type's samples.
pub(super) fn parts(family_type: FamilyType) -> &'static [(&'static str, Part)] {
    match family_type {
        FamilyType::Counter => &[("_total", Part::Total), ("_created", Part::Created)],
        FamilyType::Histogram => &[
            ("_bucket", Part::Bucket),
            ("_sum", Part::Sum),
            ("_count", Part::Count),
            ("_created", Part::Created),
        ],
        FamilyType::GaugeHistogram => {
            &[("_bucket", Part::Bucket), ("_gsum", Part::Sum), ("_gcount", Part::Count)]
        }
        FamilyType::Summary => &[
            ("", Part::Quantile),
            ("_sum", Part::Sum),
            ("_count", Part::Count),
            ("_created", Part::Created),
        ],
        FamilyType::Info => &[("_info", Part::Number)],
        FamilyType::Gauge | FamilyType::StateSet | FamilyType::Unknown => &[("", Part::Number)],
    }
}

/// The type of a name.
pub(super) fn family_type(text: &str) -> Option<FamilyType> {
    Some(match text {
        "counter" => FamilyType::Counter,
        "gauge" => FamilyType::Gauge,
        "histogram" => FamilyType::Histogram,
        "gaugehistogram" => FamilyType::GaugeHistogram,
        "summary" => FamilyType::Summary,
        "info" => FamilyType::Info,
        "stateset" => FamilyType::StateSet,
        "unknown" => FamilyType::Unknown,
        _ => return None,
    })
}

/// The suffix that the only series of a type have.
pub(super) fn renamed(family_type: FamilyType) -> Option<&'static str> {
    match family_type {
        FamilyType::Counter => Some("_total"),
        FamilyType::Info => Some("_info"),
        _ => None,
    }
}
