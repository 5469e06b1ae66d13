//! The reasons why an exposition can't be parsed.

use std::borrow::Cow;
use std::fmt;

/// The reason why an exposition can't be parsed. The whole exposition is refused, as Prometheus
/// refuses the scrape.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParseError {
    /// A line of a text format is not valid.
    Line {
        /// The number of the line, from 1.
        number: usize,
        /// The first 80 characters of the line.
        beginning: String,
        /// What is wrong with the line.
        reason: Cow<'static, str>,
    },
    /// A message of protobuf is not valid.
    Message {
        /// The number of the `MetricFamily`, from 1.
        number: usize,
        /// Its name, at most 80 characters. Empty if the name itself can't be read.
        family: String,
        /// What is wrong with the message.
        reason: Cow<'static, str>,
    },
    /// There is more than the [`Limits`](super::Limits) allow.
    TooMany {
        /// The field of the limits.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The header `Content-Type` has no format that is parsed here. The field is the header.
    ContentType(String),
}

impl ParseError {
    pub(super) fn line(text: &str, number: usize, reason: Fault) -> Self {
        match reason {
            Fault::Reason(reason) => Self::Line { number, beginning: beginning(text), reason },
            Fault::TooMany(what, limit) => Self::TooMany { what, limit },
        }
    }

    pub(super) fn message(family: &str, number: usize, reason: Fault) -> Self {
        match reason {
            Fault::Reason(reason) => Self::Message { number, family: beginning(family), reason },
            Fault::TooMany(what, limit) => Self::TooMany { what, limit },
        }
    }
}

fn beginning(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(80).collect()
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { number, beginning, reason } => {
                write!(f, "line {number} is not valid: {reason}: {beginning:?}")
            }
            Self::Message { number, family, reason } if family.is_empty() => {
                write!(f, "metric family {number} is not valid: {reason}")
            }
            Self::Message { number, family, reason } => {
                write!(f, "metric family {number}, {family:?}, is not valid: {reason}")
            }
            Self::TooMany { what, limit } => write!(f, "there are more than {limit} {what}"),
            Self::ContentType(header) => write!(
                f,
                "the Content-Type {header:?} is none of Prometheus' formats: text/plain, \
                 application/openmetrics-text or application/vnd.google.protobuf"
            ),
        }
    }
}

impl std::error::Error for ParseError {}

/// The fault of a line or a message.
#[derive(Debug)]
pub(super) enum Fault {
    Reason(Cow<'static, str>),
    TooMany(&'static str, usize),
}

impl From<&'static str> for Fault {
    fn from(reason: &'static str) -> Self {
        Self::Reason(reason.into())
    }
}

impl From<String> for Fault {
    fn from(reason: String) -> Self {
        Self::Reason(reason.into())
    }
}
