//! The limits of a parsed exposition.

use super::error::ParseError;

/// The most that an exposition may have. More is [`TooMany`](super::ParseError::TooMany), and
/// nothing of the exposition is returned.
///
/// The memory of a parsed exposition is at most about 200 bytes for each byte of its body, which
/// only the shortest possible samples reach (`a 1`), and some 300 bytes for each sample beside its
/// labels, which take 48 bytes each. Text is copied only where it is escaped. The time grows with
/// the size of the body alone: names and labels are looked up by hashes with random keys.
///
/// ```
/// use tickmetrics_exporter::parse::{self, Limits};
///
/// let limits = Limits { samples: 1, ..Limits::default() };
/// assert!(parse::text(b"a 1\n", &limits).is_ok());
/// assert!(parse::text(b"a 1\na 2\n", &limits).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body, uncompressed. Default: 64 MiB.
    pub bytes: usize,
    /// Families, also those without series. Default: 100,000.
    pub families: usize,
    /// Samples, which are lines of the text formats: a histogram has one for each bucket and two
    /// more. Exemplars count as samples, too. Default: 1,000,000.
    pub samples: usize,
    /// Labels of one sample or exemplar. Default: 256.
    pub labels: usize,
    /// Native buckets of all histograms together, also empty ones. Default: 4,000,000.
    pub native_buckets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            families: 100_000,
            samples: 1_000_000,
            labels: 256,
            native_buckets: 4_000_000,
        }
    }
}

impl Limits {
    pub(super) fn check_bytes(&self, body: &[u8]) -> Result<(), ParseError> {
        let limit = self.bytes;
        if body.len() > limit { Err(ParseError::TooMany { what: "bytes", limit }) } else { Ok(()) }
    }
}
