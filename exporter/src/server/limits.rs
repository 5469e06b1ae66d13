//! The limits of the exporter's clients.

use crate::error::StartError;
use std::time::Duration;

/// The limits for the clients of an exporter, for all together and for each. The exporter enforces
/// them against any client, and `tickmetrics_exporter_limited_total` counts for each limit how
/// often it was reached.
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
    /// One more connection replaces one of the address with the most connections, which is its own
    /// address if none has more. It replaces the connection that has waited the longest for a
    /// request; if all are being answered, the oldest. If the new one were refused instead, 64 idle
    /// clients could keep Prometheus out. An address, here and in the other limits, is a network of
    /// 64 bits for IPv6, and a user for Unix sockets.
    pub connections: usize,
    /// TLS handshakes of one address that are in progress at one time; at least 1. Default 16.
    ///
    /// One more handshake replaces the oldest of the same address.
    pub handshakes: usize,
    /// TLS handshakes a second that one address may begin; at least 1. Default 20. A client that
    /// was quiet may begin four at once. Further ones wait, within `header_timeout`, and cost no
    /// cryptography before.
    pub handshakes_per_second: u32,
    /// Bytes of a request up to the end of its headers; at least 256. A longer one is answered with
    /// 431. Default 16 KiB. There may always be at most 100 headers.
    pub header_bytes: usize,
    /// The time from the first byte of a request, or the start of a connection, to the end of the
    /// headers. Default 10 s.
    pub header_timeout: Duration,
    /// The time from the end of a response to the next request over the same connection. Default 2
    /// min, so that Prometheus keeps its connection at any usual interval.
    pub idle_timeout: Duration,
    /// The time from the end of a request's headers to the last byte of the response, which the
    /// client has to read in this time. Default 30 s.
    pub response_timeout: Duration,
    /// Requests a second from one address; at least 1. A client that was quiet may send the
    /// requests of one second at once. Further ones are answered with 429 and `Retry-After`.
    /// Default 100.
    pub requests_per_second: u32,
    /// Expositions in progress at one time, each of which holds a snapshot and some chunks; at
    /// least 1. Simultaneous requests for the same exposition share one. Default 16.
    ///
    /// One more exposition replaces one of the address with the most, if that address then has more
    /// than the requesting one: the one that has not been read for the longest. If no address has
    /// more, it replaces one of the requesting address that has not been read for a second or more,
    /// or of any address if none has two. Otherwise it is answered with 503 and `Retry-After`.
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
