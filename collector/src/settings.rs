//! What to collect: sources, candles and limits.

use crate::source::Access;
use std::path::PathBuf;
use std::time::Duration;

/// Exporters or segments of a service, and how they are read.
///
/// ```
/// use std::time::Duration;
/// use tickmetrics_collector::Source;
///
/// let gateway = Source::new("http://127.0.0.1:9464")
///     .service("gateway")
///     .timeout(Duration::from_millis(500))
///     .allow("gateway_*");
/// ```
#[derive(Clone, Debug)]
pub struct Source {
    pub(crate) targets: Vec<String>,
    pub(crate) service: Option<String>,
    pub(crate) interval: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) gzip: Option<bool>,
    pub(crate) allow: Vec<String>,
    pub(crate) deny: Vec<String>,
    pub(crate) symbol_label: String,
    pub(crate) limits: Limits,
    pub(crate) access: Access,
}

/// The limits of one target. An answer with more is refused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Series that pass the filters; a histogram is one. Default: 10,000.
    pub series: usize,
    /// Bytes of an answer, decompressed. Default: 16 MiB.
    pub bytes: usize,
    /// Labels of a series. Default: 64.
    pub labels: usize,
    /// Bytes of a name or of a label's value. Default: 4,096.
    pub text: usize,
}

/// The limits of all targets together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TotalLimits {
    /// Targets, and processes of patterns. Default: 1,000.
    pub targets: usize,
    /// Series. Default: 200,000.
    pub series: usize,
    /// Bytes of answers that are being received. Default: 64 MiB.
    pub bytes: usize,
}

/// The metrics that candles are made of. Price and volume are of the same service, and each service
/// that has the price has candles of its own. All series of a service with one symbol make one candle.
///
/// ```
/// use std::time::Duration;
/// use tickmetrics_collector::Candles;
///
/// let candles = Candles::of("market_data_price")
///     .volume("market_data_volume_total")
///     .interval(Duration::from_secs(1))
///     .interval(Duration::from_secs(60));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candles {
    pub(crate) price: String,
    pub(crate) volume: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) intervals: Vec<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { series: 10_000, bytes: 16 << 20, labels: 64, text: 4096 }
    }
}

impl Default for TotalLimits {
    fn default() -> Self {
        Self { targets: 1_000, series: 200_000, bytes: 64 << 20 }
    }
}

impl Source {
    /// A target: `http://` or `https://` with a host, and a path if it is not `/metrics`;
    /// `HOST:PORT`; `unix:PATH` for a socket; or a segment's file, a directory of them, or a pattern
    /// with `*`, `?` and `[]`.
    pub fn new(target: impl Into<String>) -> Self {
        Self {
            targets: vec![target.into()],
            service: None,
            interval: None,
            timeout: None,
            gzip: None,
            allow: Vec::new(),
            deny: Vec::new(),
            symbol_label: "symbol".into(),
            limits: Limits::default(),
            access: Access::default(),
        }
    }

    /// Adds another target of the same service. The label `instance` distinguishes the targets of a
    /// service, also those of several sources.
    #[must_use]
    pub fn target(mut self, target: impl Into<String>) -> Self {
        self.targets.push(target.into());
        self
    }

    /// The name of the service. Without one, an exporter's is its host and port, and a process's the
    /// stem of its file. The label `process` distinguishes the processes of a named service.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// The time between two scrapes, at least that of the collector, which is the default.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// The longest time until an answer is complete. Default: the interval. Within a longer one, an
    /// answer may come after the end of its cycle, and then belongs to the next one.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Asks exporters for compressed answers, or not. By default they are asked for, unless the target
    /// is a socket or a loopback address.
    #[must_use]
    pub fn gzip(mut self, gzip: bool) -> Self {
        self.gzip = Some(gzip);
        self
    }

    /// Stores only families whose name matches one of these patterns, with `*` and `?`.
    #[must_use]
    pub fn allow(mut self, pattern: impl Into<String>) -> Self {
        self.allow.push(pattern.into());
        self
    }

    /// Stores no family whose name matches this pattern, allowed or not.
    #[must_use]
    pub fn deny(mut self, pattern: impl Into<String>) -> Self {
        self.deny.push(pattern.into());
        self
    }

    /// The label that names the instrument. Default: `symbol`.
    #[must_use]
    pub fn symbol_label(mut self, name: impl Into<String>) -> Self {
        self.symbol_label = name.into();
        self
    }

    /// The limits of each target.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sends a user's name and the password in a file, which is read at each scrape.
    #[must_use]
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<PathBuf>) -> Self {
        self.access.user = Some(user.into());
        self.access.password_file = Some(password.into());
        self
    }

    /// Sends the token in a file, which is read at each scrape.
    #[must_use]
    pub fn bearer_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.access.bearer_file = Some(file.into());
        self
    }

    /// Trusts the certificates in a file, in PEM, instead of those that the system trusts.
    #[must_use]
    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.access.ca_file = Some(file.into());
        self
    }

    /// Shows a certificate to servers that ask for one. Both files are in PEM.
    #[must_use]
    pub fn certificate(mut self, file: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.access.cert_file = Some(file.into());
        self.access.key_file = Some(key.into());
        self
    }

    #[doc(hidden)]
    #[must_use]
    pub fn __access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }
}

impl Candles {
    /// Candles of a price gauge. Each of its series with the symbol's label gives prices.
    pub fn of(price: impl Into<String>) -> Self {
        Self { price: price.into(), volume: None, service: None, intervals: Vec::new() }
    }

    /// The counter whose growth is the volume.
    #[must_use]
    pub fn volume(mut self, name: impl Into<String>) -> Self {
        self.volume = Some(name.into());
        self
    }

    /// Takes the metrics of one service alone, where several have them; without it, each of them has
    /// candles.
    #[must_use]
    pub fn service(mut self, name: impl Into<String>) -> Self {
        self.service = Some(name.into());
        self
    }

    /// Adds a length. Without any, candles are of a minute.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.intervals.push(interval);
        self
    }
}
