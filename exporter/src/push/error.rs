use std::fmt;
use tickmetrics::__text::Printable;

/// The reason why metrics were not pushed. URLs are those of the request, with the grouping key.
/// They have no credentials.
///
/// `Debug` writes the same as `Display`, since `main` prints the error that it returns by `Debug`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PushError {
    /// The exporter has no gateway: see [`push`](crate::ExporterBuilder::push).
    NotConfigured,
    /// The exporter's thread is missing, since this is a forked child, or the caller is that
    /// thread.
    NotRunning,
    /// The gateway could not be reached, or closed the connection.
    Unreachable {
        /// The URL.
        url: String,
        /// The failure.
        reason: String,
    },
    /// No response came in time.
    TimedOut {
        /// The URL.
        url: String,
    },
    /// The gateway refused the metrics.
    Refused {
        /// The URL.
        url: String,
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

    /// The error without the URL, for a report that has it already.
    pub(super) fn without_url(&self) -> String {
        self.text("the gateway")
    }

    fn text(&self, gateway: &str) -> String {
        match self {
            Self::NotConfigured => {
                "the exporter has no gateway to push to: give it one with .push(..)".into()
            }
            Self::NotRunning => "the exporter's thread can't push: it is its parent's, after a \
                                 fork, or waits for this"
                .into(),
            Self::Unreachable { reason, .. } => {
                format!("{gateway} can't be reached: {}", Printable(reason))
            }
            Self::TimedOut { .. } => format!("{gateway} did not answer in time"),
            Self::Refused { status, answer, .. } => {
                let advice = match status {
                    300..=399 => "give the address that it redirects to",
                    401 | 403 => {
                        "give it valid credentials by .basic_auth(..) or .bearer_token(..)"
                    }
                    404 | 405 => "give the URL without /metrics/job",
                    _ => answer.as_str(),
                };
                let colon = if advice.is_empty() { "" } else { ": " };
                format!("{gateway} answered with status {status}{colon}{}", Printable(advice))
            }
        }
    }
}

impl fmt::Display for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = match self {
            Self::NotConfigured | Self::NotRunning => "",
            Self::Unreachable { url, .. } | Self::TimedOut { url } | Self::Refused { url, .. } => {
                url
            }
        };
        f.write_str(&self.text(&format!("the gateway {}", Printable(url))))
    }
}

impl fmt::Debug for PushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for PushError {}

#[cfg(test)]
mod tests {
    use super::PushError;

    #[test]
    fn errors_of_a_gateway_name_it() {
        let url = String::from("http://a:9091/metrics/job/b");
        for error in [
            PushError::Unreachable { url: url.clone(), reason: "refused".into() },
            PushError::TimedOut { url: url.clone() },
            PushError::Refused { url: url.clone(), status: 404, answer: String::new() },
        ] {
            assert!(error.to_string().starts_with(&format!("the gateway {url} ")), "{error}");
            assert_eq!(format!("{error:?}"), error.to_string());
            let short = error.without_url();
            assert!(short.starts_with("the gateway ") && !short.contains(&url), "{short}");
        }
    }
}
