//! What a client may ask of the exporter.

use crate::error::StartError;
use std::time::Duration;

/// What clients may ask of an exporter, all together and each. Whatever they do, it stays within
/// these, and `tickmetrics_exporter_limited_total` counts for each limit how often it was needed.
///
/// ```
/// use tickmetrics_exporter::{Exporter, Limits};
/// use std::time::Duration;
///
/// let limits = Limits {
///     connections: 16,
///     idle_timeout: Duration::from_secs(300),
///     ..Limits::default()
/// };
/// let exporter = Exporter::builder().listen("127.0.0.1:0").limits(limits).start()?;
/// # Ok::<(), tickmetrics_exporter::StartError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at one time, of all listeners together; at least 1. Default 64.
    ///
    /// One more takes the place of one of the address that has the most, its own if it has as many as
    /// any other: of the one that has waited the longest for a request; where all are being answered,
    /// of the oldest. To refuse the new one instead would let 64 clients that do nothing keep
    /// Prometheus out. One address is here, and wherever it is counted, of IPv6 one network of 64
    /// bits, and of Unix sockets one user.
    pub connections: usize,
    /// TLS handshakes of one address that are under way at one time; at least 1. Default 16.
    ///
    /// One more takes the place of the address's own one that began first.
    pub handshakes: usize,
    /// TLS handshakes a second that one address may begin; at least 1. Default 20. A client that was
    /// quiet may begin four at once. More wait, as long as `header_timeout` lets them, and none of
    /// their cryptography is done before.
    pub handshakes_per_second: u32,
    /// Bytes of a request up to the end of its headers; at least 256. More is answered with 431.
    /// Default 16 KiB. In any case there may be 100 headers.
    pub header_bytes: usize,
    /// From the first byte of a request, or the start of a connection, to the end of the headers.
    /// Default 10 s.
    pub header_timeout: Duration,
    /// From the end of a response to the next request over the same connection. Default 2 min, so
    /// that Prometheus keeps its connection at any usual interval.
    pub idle_timeout: Duration,
    /// From the end of a request's headers to the last byte of the response, which the client has to
    /// read in this time. Default 30 s.
    pub response_timeout: Duration,
    /// Requests a second from one address; at least 1. A client that was quiet may send a second's worth at once.
    /// More is answered with 429 and `Retry-After`. Default 100.
    pub requests_per_second: u32,
    /// Expositions that are on their way at one time, each of which holds a snapshot and some chunks;
    /// at least 1. Requests for the same that come at the same time share one. Default 16.
    ///
    /// One more takes the place of one of the address that has the most, if that has more then than
    /// the one that asks: of the one that has not been read from for the longest. Where nobody has
    /// more, it takes the place of one of the asker's own that has not been read from for a second or
    /// more, or of anybody's if none has two, and is answered with 503 and `Retry-After` else.
    pub renders: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            handshakes: 16,
            handshakes_per_second: 20,
            header_bytes: 16 * 1024,
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(120),
            response_timeout: Duration::from_secs(30),
            requests_per_second: 100,
            renders: 16,
        }
    }
}

impl Limits {
    pub(crate) fn check(&self) -> Result<(), StartError> {
        let timeouts = [
            ("header_timeout", self.header_timeout),
            ("idle_timeout", self.idle_timeout),
            ("response_timeout", self.response_timeout),
        ];
        let too_small = [
            ("connections", self.connections < 1, "give at least 1"),
            ("handshakes", self.handshakes < 1, "give at least 1"),
            ("handshakes_per_second", self.handshakes_per_second < 1, "give at least 1"),
            ("header_bytes", self.header_bytes < 256, "give at least 256"),
            ("requests_per_second", self.requests_per_second < 1, "give at least 1"),
            ("renders", self.renders < 1, "give at least 1"),
        ];
        let timeouts =
            timeouts.map(|(name, timeout)| (name, timeout.is_zero(), "give more than 0"));
        match too_small.iter().chain(&timeouts).find(|(_, is_too_small, _)| *is_too_small) {
            Some(&(limit, _, reason)) => Err(StartError::InvalidLimit { limit, reason }),
            None => Ok(()),
        }
    }
}
