//! Metrics pushed to a Pushgateway, for programs that end before they are scraped.

mod client;
mod error;
mod target;
mod task;

pub use error::PushError;
pub(crate) use target::Target;
pub(crate) use task::{Order, Orders, PushMetrics, Pusher};

use crate::http_client::Authorization;
use crate::negotiate::Format;
use crate::url::Shown;
use std::fmt;
use std::time::Duration;

/// Where and when metrics are pushed: to a
/// [Pushgateway](https://github.com/prometheus/pushgateway), which keeps them for Prometheus to
/// scrape, under a *grouping key* of a job and any other labels.
///
/// It is for jobs that end before a scrape. What runs on is better scraped: Prometheus then knows
/// whether it is up, and forgets what is gone.
///
/// Pushed is what `/metrics` answers, at three occasions:
///
/// - on an [interval](Self::interval), if one is set. What fails is tried again, after half a second
///   and then after twice as long each time, up to the interval or a minute, less a random part of
///   up to half. What the gateway refuses (status 4xx) is tried again at the next interval;
/// - when [`Exporter::push_now`](crate::Exporter::push_now) asks for it, which waits for the outcome
///   and returns it: the way to be sure;
/// - when the exporter ends: see [`at_end`](Self::at_end).
///
/// Each push has the values of its own moment. Nothing is queued: at most one push is under way, and
/// its body is written as it is sent. The gateway's name is looked up for each of them, on a thread of its
/// own (`metrics-resolve`). That pushes fail, and that they work again, is said on standard
/// error, once each. `tickmetrics_pushes_total`, `tickmetrics_push_failures_total` and
/// `tickmetrics_push_last_success_timestamp_seconds` tell it, too.
///
/// ```no_run
/// use tickmetrics_exporter::{Exporter, Push};
/// use std::time::Duration;
///
/// let push = Push::new("http://pushgateway:9091", "settlement").grouping("venue", "xnas");
/// let exporter = Exporter::builder().push(push).listen_nowhere().start()?;
/// // … the job …
/// exporter.push_now(Duration::from_secs(10))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is pushed before it is given to an exporter"]
pub struct Push {
    url: String,
    job: String,
    grouping: Vec<(String, String)>,
    authorization: Option<Authorization>,
    #[cfg(feature = "web-config")]
    ca_file: Option<std::path::PathBuf>,
    pub(crate) interval: Option<Duration>,
    pub(crate) timeout: Duration,
    pub(crate) replace: bool,
    pub(crate) format: Format,
    pub(crate) at_end: AtEnd,
    pub(crate) end_within: Duration,
}

/// What an exporter that ends does to what it pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AtEnd {
    /// Pushes once more, so that the gateway has the last values.
    #[default]
    Push,
    /// Deletes them: for programs that are as good as scraped, and that nobody should see when they
    /// are gone.
    Delete,
    /// Leaves them as they are.
    Nothing,
}

impl Push {
    /// How long one push may take, by default.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
    /// The time that the end of an exporter leaves to its last push, by default: what is left of the
    /// 100 ms that [`Exporter::shutdown`](crate::Exporter::shutdown) promises, and enough for a
    /// gateway nearby.
    pub const DEFAULT_END_WITHIN: Duration = Duration::from_millis(50);
    /// The shortest interval.
    pub const MIN_INTERVAL: Duration = Duration::from_millis(100);

    /// To the Pushgateway at a URL, `http://host:port` with the prefix of its path if it has one, for a
    /// job. The name of the job must not be empty. `https` takes the feature `web-config`.
    pub fn new(url: impl Into<String>, job: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            job: job.into(),
            grouping: Vec::new(),
            authorization: None,
            #[cfg(feature = "web-config")]
            ca_file: None,
            interval: None,
            timeout: Self::DEFAULT_TIMEOUT,
            replace: true,
            format: Format::Text,
            at_end: AtEnd::Push,
            end_within: Self::DEFAULT_END_WITHIN,
        }
    }

    /// Adds a label to the grouping key, with any value. The gateway puts it on all metrics, instead
    /// of what they have under the same name. Two processes with one key replace each other's
    /// metrics: give them an `instance`, or what else tells them apart.
    pub fn grouping(mut self, label: impl Into<String>, value: impl Into<String>) -> Self {
        self.grouping.push((label.into(), value.into()));
        self
    }

    /// Pushes at once, and again whenever so much time has passed since the last success;
    /// at least [`MIN_INTERVAL`](Self::MIN_INTERVAL). Without it, only at the end and when asked to.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// How long one push may take, from the look-up of the name to the answer; more than 0. A look-up
    /// that takes longer goes on, and the next push waits for it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether a push replaces all metrics of the group (`PUT`), as it does without this, or only
    /// those of the names that it has (`POST`): for jobs that push different metrics, one after the
    /// other, to one group.
    pub fn replace(mut self, replace: bool) -> Self {
        self.replace = replace;
        self
    }

    /// Text, as without this, or protobuf, which has native histograms. The gateway reads no
    /// `OpenMetrics`.
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// A name and a password for the gateway, sent as HTTP's basic authentication. Whoever listens
    /// on the way reads them unless the URL is `https`.
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

    /// The file with the certificate authorities, in PEM, that an `https` gateway's certificate has to
    /// come from, or with that certificate itself: a plain file of 1 MiB at most, read when the exporter
    /// starts. Without it, those that the system trusts are. The gateway may send four certificates beside its own.
    #[cfg(feature = "web-config")]
    pub fn ca_file(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.ca_file = Some(path.into());
        self
    }

    /// What becomes of the metrics at the gateway when the exporter ends; without this they are
    /// pushed once more.
    pub fn at_end(mut self, at_end: AtEnd) -> Self {
        self.at_end = at_end;
        self
    }

    /// How long the end of the exporter may wait for that, with retries as far as there is time for
    /// them. Ending takes 100 ms at most with
    /// [`DEFAULT_END_WITHIN`](Self::DEFAULT_END_WITHIN), and with more time up to 50 ms more than
    /// that. A job that wants to know of the outcome calls
    /// [`push_now`](crate::Exporter::push_now) before.
    pub fn end_within(mut self, end_within: Duration) -> Self {
        self.end_within = end_within;
        self
    }
}

impl fmt::Debug for Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without what nobody should read in a log.
        f.debug_struct("Push")
            .field("url", &Shown(&self.url))
            .field("job", &self.job)
            .field("grouping", &self.grouping)
            .field("interval", &self.interval)
            .finish_non_exhaustive()
    }
}
