use std::fmt;
use tickmetrics::__text::Printable;

/// Why metrics were not pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// The exporter was not told where to push: [`push`](crate::ExporterBuilder::push).
    NotConfigured,
    /// The exporter's thread is not there, since this is a forked child, or it is the thread that
    /// asks.
    NotRunning,
    /// The gateway could not be reached, or broke off.
    Unreachable {
        /// What went wrong.
        reason: String,
    },
    /// There was no answer in time.
    TimedOut,
    /// The gateway answered that it did not take them.
    Refused {
        /// The status; 400 where the metrics don't fit those that it has.
        status: u16,
        /// The beginning of what it said.
        answer: String,
    },
}

impl PushError {
    /// Whether another attempt soon would end in the same.
    pub(super) fn is_final(&self) -> bool {
        // 408 and 429 ask for another attempt.
        matches!(self, Self::Refused { status: 300..=407 | 409..=428 | 430..=499, .. })
    }
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured => {
                f.write_str("the exporter has no gateway to push to: give it one with .push(..)")
            }
            Self::NotRunning => f.write_str(
                "the exporter's thread can't push: it is its parent's, after a fork, or waits for \
                 this",
            ),
            Self::Unreachable { reason } => {
                write!(f, "the gateway can't be reached: {}", Printable(reason))
            }
            Self::TimedOut => f.write_str("the gateway did not answer in time"),
            Self::Refused { status, answer } => {
                write!(f, "the gateway answered with status {status}")?;
                let advice = match status {
                    300..=399 => "give the address that it redirects to",
                    401 | 403 => "give .basic_auth(..) or .bearer_token(..) that it knows",
                    404 | 405 => "give the URL without /metrics/job",
                    _ => answer.as_str(),
                };
                if !advice.is_empty() {
                    write!(f, ": {}", Printable(advice))?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for PushError {}
