//! Where and when metrics are pushed.

use crate::encode::negotiate::Format;
use crate::http_client::Authorization;
use crate::url::Shown;
use std::fmt;
use std::time::Duration;

/// The destination and the times of pushes: to a
/// [Pushgateway](https://github.com/prometheus/pushgateway), which keeps metrics for Prometheus to
/// scrape, under a *grouping key* of a job and any other labels.
///
/// It is for jobs that end before a scrape. Scrape programs that run on: Prometheus then knows
/// whether they are up, and forgets those that are gone.
///
/// A push has the content of `/metrics`. Pushes are made:
///
/// - on an [interval](Self::interval), if one is set. A failed push is repeated after half a
///   second, and then after twice as long each time, up to the interval or a minute, less a random
///   part of up to half. After a refusal by the gateway (status 4xx), the next attempt comes at the
///   next interval;
/// - when [`Exporter::push_now`](crate::Exporter::push_now) is called, which waits for the outcome
///   and returns it: the way to be sure;
/// - when the exporter ends: see [`at_end`](Self::at_end).
///
/// Each push has the values of its own moment. Nothing is queued: at most one push is under way,
/// and its body is written as it is sent. The gateway's name is looked up for each push, on a
/// separate thread (`metrics-resolve`). Standard error reports once that pushes fail, and once that
/// they work again. `tickmetrics_pushes_total`, `tickmetrics_push_failures_total` and
/// `tickmetrics_push_last_success_timestamp_seconds` report it, too.
///
/// ```no_run
/// use tickmetrics_exporter::{Exporter, Push};
/// use std::time::Duration;
///
/// let push = Push::new("http://pushgateway:9091", "settlement").grouping("venue", "xnas");
/// let exporter = Exporter::builder().push(push).listen_nowhere().start()?;
/// // … the job …
/// exporter.push_now(Duration::from_secs(10))?; // the end pushes once more, for 50 ms at most
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is pushed before it is given to an exporter"]
pub struct Push {
    pub(crate) url: String,
    pub(crate) job: String,
    pub(crate) grouping: Vec<(String, String)>,
    pub(crate) authorization: Option<Authorization>,
    pub(crate) ca_file: Option<std::path::PathBuf>,
    pub(crate) interval: Option<Duration>,
    pub(crate) timeout: Duration,
    pub(crate) replace: bool,
    pub(crate) format: Format,
    pub(crate) at_end: AtEnd,
    pub(crate) end_within: Duration,
}

/// The last action of an ending exporter on its pushed metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtEnd {
    /// Pushes once more, so that the gateway has the last values.
    #[default]
    Push,
    /// Deletes them: for programs that run like scraped ones, and should not be seen once they are
    /// gone.
    Delete,
    /// Leaves them unchanged.
    Nothing,
}

impl Push {
    /// The time limit of one push, by default.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
    /// The time of an ending exporter for its last push, by default. It is the rest of the 100 ms
    /// that [`Exporter::shutdown`](crate::Exporter::shutdown) promises, and enough for a gateway
    /// nearby.
    pub const DEFAULT_END_WITHIN: Duration = Duration::from_millis(50);
    /// The shortest interval.
    pub const MIN_INTERVAL: Duration = Duration::from_millis(100);

    /// Pushes to the Pushgateway at a URL, `http://host:port` with the prefix of its path if it has
    /// one, for a job. The name of the job must not be empty. `https` needs the feature
    /// `web-config`.
    pub fn new(url: impl Into<String>, job: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            job: job.into(),
            grouping: Vec::new(),
            authorization: None,
            ca_file: None,
            interval: None,
            timeout: Self::DEFAULT_TIMEOUT,
            replace: true,
            format: Format::Text,
            at_end: AtEnd::Push,
            end_within: Self::DEFAULT_END_WITHIN,
        }
    }

    /// Adds a label to the grouping key, with any value. The gateway sets it on all metrics, and
    /// replaces labels of the same name. Two processes with one key replace each other's metrics:
    /// give them an `instance`, or another label that differs.
    pub fn grouping(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.grouping.push((label.into(), value.into()));
        self
    }

    /// Pushes at once, and again whenever so much time has passed since the last success; at least
    /// [`MIN_INTERVAL`](Self::MIN_INTERVAL). By default there are only pushes at the end and on
    /// demand.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// The time limit of one push, from the look-up of the name to the response; more than 0. A
    /// longer look-up continues, and the next push waits for it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether a push replaces all metrics of the group (`PUT`), the default, or only those of the
    /// same names (`POST`): for jobs that push different metrics, one after the other, to one
    /// group.
    pub fn replace(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }

    /// Text, the default, or protobuf, which has native histograms. The gateway does not read
    /// `OpenMetrics`.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// A name and a password for the gateway, sent as HTTP's basic authentication. Anybody on the
    /// network path can read them unless the URL is `https`.
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        let (user, password) = (user.into(), password.into());
        self.authorization = Some(Authorization::Basic { user, password });
        self
    }

    /// A token for the gateway, or for the proxy in front of it; otherwise as
    /// [`basic_auth`](Self::basic_auth).
    pub fn bearer_token(mut self, token: impl Into<String>) -> Self {
        self.authorization = Some(Authorization::Bearer(token.into()));
        self
    }

    /// The file with the certificate authorities, in PEM, for an `https` gateway's certificate, or
    /// with that certificate itself: a plain file of at most 1 MiB, read when the exporter starts.
    /// By default the system's trusted authorities apply. The gateway may send at most four
    /// certificates besides its own. Needs the feature `web-config`.
    #[cfg_attr(docsrs, doc(cfg(feature = "web-config")))]
    pub fn ca_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// The action on the metrics at the gateway when the exporter ends; by default they are pushed
    /// once more.
    pub fn at_end(mut self, at_end: AtEnd) -> Self {
        self.at_end = at_end;
        self
    }

    /// The time of the exporter's end for that action, with retries if the time allows. The end
    /// takes at most 100 ms with [`DEFAULT_END_WITHIN`](Self::DEFAULT_END_WITHIN), and with more
    /// time up to 50 ms more than that. A job that needs the outcome calls
    /// [`push_now`](crate::Exporter::push_now) first.
    pub fn end_within(mut self, end_within: Duration) -> Self {
        self.end_within = end_within;
        self
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without secrets that must not appear in a log.
        f.debug_struct("Push")
            .field("url", &Shown(&self.url))
            .field("job", &self.job)
            .field("grouping", &self.grouping)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}
