use crate::directory::Kind;
use crate::segment::{Exhausted, SegmentError};
use std::fmt;

/// The reason why a metric was not registered. Nothing was changed.
///
/// `Debug` writes the same text as `Display`, since a `main` that returns the error prints that.
#[non_exhaustive]
pub enum RegisterError {
    /// Prometheus does not accept the name.
    InvalidName {
        /// The metric's name.
        name: String,
        /// The fault.
        reason: &'static str,
    },
    /// The help text is empty, or has a control character other than a line break.
    InvalidHelp {
        /// The metric's name.
        name: String,
        /// The fault.
        reason: &'static str,
    },
    /// Prometheus does not accept a label's name, or the name appears twice.
    InvalidLabel {
        /// The metric's name.
        name: String,
        /// The label's name.
        label: String,
        /// The fault.
        reason: &'static str,
    },
    /// A histogram's digits, maximum or buckets, or a scale, are out of range.
    InvalidSetting {
        /// The metric's name.
        name: String,
        /// The fault, with the valid range.
        reason: String,
    },
    /// Another metric with the same name is registered and differs.
    Clash {
        /// The metric's name.
        name: String,
        /// The name of the registered metric.
        with: String,
        /// The difference.
        reason: String,
    },
    /// A label's implementation declares another number of values than it lists.
    InconsistentLabels {
        /// The metric's name.
        name: String,
        /// The value of `Labels::SERIES`.
        series: usize,
        /// The product of the dimensions' counts.
        product: usize,
    },
    /// A part of the segment is full.
    Full {
        /// The metric's name.
        name: String,
        /// The part: cells, shared cells or directory words.
        what: &'static str,
        /// The number needed.
        asked: usize,
        /// The number left.
        left: usize,
        /// The method of [`Segment::builder`](crate::Segment::builder) that raises it.
        setting: &'static str,
    },
    /// The system has no memory for the cells: the file system of the segment's file is full.
    Refused {
        /// The metric's name.
        name: String,
        /// The part: cells, shared cells or directory words.
        what: &'static str,
        /// The number needed.
        asked: usize,
        /// The system's error.
        error: std::io::Error,
    },
    /// There is no segment to count in.
    Segment(SegmentError),
}

impl RegisterError {
    pub(super) fn full(
        name: &str,
        what: &'static str,
        setting: &'static str,
        exhausted: Exhausted,
    ) -> Self {
        let (name, Exhausted { asked, left, refused }) = (name.into(), exhausted);
        match refused {
            None => Self::Full { name, what, asked, left, setting },
            Some(error) => Self::Refused { name, what, asked, error },
        }
    }

    pub(crate) fn clash(name: &str, with: &str, reason: impl Into<String>) -> Self {
        Self::Clash { name: name.into(), with: with.into(), reason: reason.into() }
    }

    /// A clash with a metric of the same name, which differs.
    pub(crate) fn difference(name: &str, difference: impl fmt::Display) -> Self {
        let mend = "make both alike, or give one of them another name";
        Self::clash(name, name, format!("{difference}: {mend}"))
    }

    pub(crate) fn other_kind(name: &str, there: Kind, asked: Kind) -> Self {
        Self::difference(name, format_args!("that one is a {there}, this one a {asked}"))
    }
}

impl fmt::Debug for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for RegisterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidName { name, reason } => {
                write!(f, "{name:?} can't name a metric: {reason}")
            }
            Self::InvalidHelp { name, reason } => {
                write!(f, "the help text of {name:?} can't be used: {reason}")
            }
            Self::InvalidLabel { name, label, reason } => {
                write!(f, "{label:?} can't name a label of {name:?}: {reason}")
            }
            Self::InvalidSetting { name, reason } => {
                write!(f, "{name:?} is set up wrong: {reason}")
            }
            Self::Clash { name, with, reason } => {
                write!(f, "{name:?} clashes with {with:?}, which is registered already: {reason}")
            }
            Self::InconsistentLabels { name, series, product } => write!(
                f,
                "the labels of {name:?} have {product} combinations, but their type says \
                 {series}: Labels::SERIES must be the product of the counts of its dimensions"
            ),
            Self::Full { name, what, asked, left, setting } => write!(
                f,
                "{name:?} needs {asked} {what}, and {left} are left: raise \
                 Segment::builder().{setting}(..), or lower the capacity of its labels"
            ),
            Self::Refused { name, what, asked, error } => write!(
                f,
                "{name:?} needs {asked} {what}, and the file system of the segment's file has no \
                 memory for them ({error}): make room there, or mount it larger"
            ),
            Self::Segment(error) => write!(f, "there is no memory to count in: {error}"),
        }
    }
}

impl std::error::Error for RegisterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Segment(error) => Some(error),
            Self::Refused { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl From<SegmentError> for RegisterError {
    fn from(error: SegmentError) -> Self {
        Self::Segment(error)
    }
}
