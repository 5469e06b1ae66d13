use std::fmt;
use tickmetrics::__text::Printable;

/// The reason why metrics were not pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// The exporter has no gateway: see [`push`](crate::ExporterBuilder::push).
    NotConfigured,
    /// The exporter's thread is missing, since this is a forked child, or the caller is that
    /// thread.
    NotRunning,
    /// The gateway could not be reached, or closed the connection.
    Unreachable {
        /// The failure.
        reason: String,
    },
    /// No response came in time.
    TimedOut,
    /// The gateway refused the metrics.
    Refused {
        /// The status; 400 if the metrics conflict with those at the gateway.
        status: u16,
        /// The beginning of the response.
        answer: String,
    },
}

impl PushError {
    /// Whether another attempt soon would fail in the same way.
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
                    401 | 403 => {
                        "give it valid credentials by .basic_auth(..) or .bearer_token(..)"
                    }
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
