//! The settings of an exporter. `start` is their use.

mod start;

use crate::push::Push;
use crate::query::More;
use crate::server::{Exporter, Limits};
use crate::source::{Shared, Source};
use std::path::PathBuf;
use std::time::Duration;
use tickmetrics::Registry;

/// The settings of an [`Exporter`].
///
/// ```
/// use tickmetrics_exporter::Exporter;
/// use tickmetrics::{ExternalLabels, Registry};
///
/// let (feed, execution) = (Registry::new(), Registry::new());
/// let exporter = Exporter::builder()
///     .registry(&feed)
///     .registry(&execution)
///     .listen("127.0.0.1:0") // a port that the system chooses
///     .pin_to_core(0)
///     .thread_name("exporter")
///     .start()?;
/// assert_ne!(exporter.local_addr().unwrap().port(), 0);
/// # Ok::<(), tickmetrics_exporter::StartError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is served before .start()"]
pub struct ExporterBuilder {
    sources: Vec<Shared>,
    labels: Vec<(String, String)>,
    addresses: Vec<String>,
    nowhere: bool,
    unix_mode: u32,
    limits: Limits,
    push: Option<Push>,
    core: Option<usize>,
    compress: Option<bool>,
    process_metrics: bool,
    interval: Duration,
    more: More,
    thread_name: String,
    web_config: Option<PathBuf>,
}

impl Default for ExporterBuilder {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            labels: Vec::new(),
            addresses: Vec::new(),
            nowhere: false,
            unix_mode: Self::DEFAULT_UNIX_MODE,
            limits: Limits::default(),
            push: None,
            core: None,
            compress: None,
            process_metrics: true,
            interval: Self::DEFAULT_INTERVAL,
            more: More::default(),
            thread_name: Self::DEFAULT_THREAD_NAME.into(),
            web_config: None,
        }
    }
}

impl Exporter {
    /// An exporter with the default settings, to be changed and started.
    pub fn builder() -> ExporterBuilder {
        ExporterBuilder::default()
    }
}

impl ExporterBuilder {
    /// Loopback only, on the port that OpenTelemetry's exporters for Prometheus use.
    pub const DEFAULT_ADDRESS: &str = "127.0.0.1:9464";
    /// The mode of Unix sockets: only their owner can connect.
    pub const DEFAULT_UNIX_MODE: u32 = 0o600;
    /// The least length of intervals.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(10);
    /// The name of the exporter's thread.
    pub const DEFAULT_THREAD_NAME: &str = "metrics-export";
    /// The bytes of a thread's name that Linux keeps (`TASK_COMM_LEN` less the final NUL).
    pub const MAX_THREAD_NAME: usize = 15;

    /// Exposes a registry; several may be added. Without any registry or other
    /// [source](Self::source), [`Registry::global`] is exposed.
    ///
    /// Each name is exposed once. A metric is left out if another source, or an earlier one in the
    /// same response, already exposes its name. It is then reported on standard error, and counted
    /// in `tickmetrics_exporter_left_out_families`. A source keeps a name for as long as it exposes
    /// it. The exporter's own metrics, `tickmetrics_…`, come before all others, and the process's,
    /// `process_…`, after. Series with the exporter's names join its own if labels distinguish
    /// them, such as those of another process's exporter. To expose series of several sources under
    /// one name, merge their snapshots: [`Snapshot::merge`](tickmetrics::Snapshot::merge).
    pub fn registry(self, registry: &Registry) -> Self {
        self.source(registry.clone())
    }

    /// Exposes the snapshot of a [`Source`] at each scrape. Several may be added, in one order with
    /// [registries](Self::registry). Without either, [`Registry::global`] is exposed. With a source, add
    /// it yourself if you want it too: `.registry(Registry::global())`.
    pub fn source(mut self, source: impl Source + 'static) -> Self {
        self.sources.push(Shared::new(source));
        self
    }

    /// Listens on these addresses alone.
    pub(crate) fn listen_at(mut self, addresses: Vec<String>) -> Self {
        self.addresses = addresses;
        self
    }

    /// Adds a label to all metrics, the exporter's own included: the host, the desk. Several may be
    /// added. A metric that already has a label of the name keeps its own value. See
    /// [`ExternalLabels`](tickmetrics::ExternalLabels).
    ///
    /// ```
    /// use tickmetrics_exporter::Exporter;
    ///
    /// let exporter = Exporter::builder().label("desk", "options").listen("127.0.0.1:0").start()?;
    /// # Ok::<(), tickmetrics_exporter::StartError>(())
    /// ```
    pub fn label(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.push((name.into(), value.into()));
        self
    }

    /// Listens on an address; several may be given. Without any,
    /// [`DEFAULT_ADDRESS`](Self::DEFAULT_ADDRESS).
    ///
    /// | address | what it is |
    /// |---|---|
    /// | `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464` | this machine alone; for a name, the first of its addresses that works |
    /// | `127.0.0.1:0` | a port that the system chooses, see [`Exporter::local_addr`] |
    /// | `0.0.0.0:9464` | all interfaces, IPv4 |
    /// | `[::]:9464` | all interfaces, IPv6 and IPv4 alike |
    /// | `unix:/run/trading/metrics` | a Unix socket, with the mode of [`unix_mode`](Self::unix_mode) |
    ///
    /// A socket of a dead process is replaced. A socket of a living process, or a file of another
    /// kind, is an error. The socket is removed when the exporter ends. No link under its name is
    /// followed, and files of others are neither changed nor removed. Sockets without a file are
    /// not supported: `unix:@name` is an error, and the file `@name` is `unix:./@name`.
    ///
    /// Every client that reaches an address can read all metrics. If that may include other
    /// machines, the exporter reports it on standard error, and counts the address in
    /// `tickmetrics_exporter_unprotected_listeners`. A [web configuration](Self::web_config) demands
    /// credentials. The web configuration applies to Unix sockets as well; for a socket without a
    /// password start a second exporter:
    ///
    /// ```no_run
    /// use tickmetrics_exporter::Exporter;
    ///
    /// let scraped = Exporter::builder().listen("0.0.0.0:9464").web_config("web.yml").start()?;
    /// let local = Exporter::builder().listen("unix:/run/trading/metrics").start()?;
    /// # Ok::<(), tickmetrics_exporter::StartError>(())
    /// ```
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.addresses.push(address.into());
        self
    }

    /// Listens on no address, unless one is given: for programs that only [push](Self::push).
    pub fn listen_nowhere(mut self) -> Self {
        self.nowhere = true;
        self
    }

    /// Pushes metrics to a gateway, for programs that end before they are scraped. Only the last
    /// gateway given counts.
    pub fn push(mut self, push: Push) -> Self {
        self.push = Some(push);
        self
    }

    /// The mode of Unix sockets' files, in the form of `chmod`, whatever the process's umask is:
    /// users that may write to the file may connect. By default
    /// [`DEFAULT_UNIX_MODE`](Self::DEFAULT_UNIX_MODE).
    pub fn unix_mode(mut self, mode: u32) -> Self {
        self.unix_mode = mode;
        self
    }

    /// The limits for clients, for all together and for each. By default [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The core for the thread, numbered from 0 as the system does. By default, the thread inherits
    /// the cores of the thread that starts it: if that one is pinned, it runs on the same core.
    pub fn pin_to_core(mut self, core: usize) -> Self {
        self.core = Some(core);
        self
    }

    /// Whether metrics are compressed for clients that accept it: by gzip, as Prometheus does, or
    /// by zstd (feature `zstd`), which takes a third of the time. By default they are compressed if
    /// any address is neither loopback nor a Unix socket. On one machine compression would only
    /// cost time, two to five times that of encoding.
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = Some(compress);
        self
    }

    /// Whether the [`ProcessMetrics`](crate::ProcessMetrics) are exposed: processor time, memory,
    /// file descriptors, start time. By default they are, since graphs and alerts for any program
    /// look for these names, and Prometheus' own libraries export them by default. They take some
    /// 30 microseconds of the exporter's thread at each scrape. If a program has several exporters,
    /// one is enough.
    ///
    /// A metric of the program's own with one of these names takes precedence, as an earlier
    /// registry's does.
    pub fn process_metrics(mut self, exposed: bool) -> Self {
        self.process_metrics = exposed;
        self
    }

    /// The least length of the interval for [quantiles](tickmetrics::Description::quantiles) and
    /// [extremes](tickmetrics::Description::extremes). The interval begins with the latest scrape
    /// of any client that is at least so long ago, or else with the program. By default
    /// [`DEFAULT_INTERVAL`](Self::DEFAULT_INTERVAL). It is less than the usual time between
    /// scrapes, so that an interval begins with the previous scrape.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Whether to expose the start of each counter and histogram: as a series `_created` in
    /// `OpenMetrics`, as `created_timestamp` in protobuf; the text format has no form for it. The
    /// start is when the process's segment was made. Series that continue [the counts of an earlier
    /// process](tickmetrics::SegmentBuilder::resume) have no start.
    ///
    /// The default is no: it adds a series for each counter, and only a Prometheus with
    /// `--enable-feature=created-timestamp-zero-ingestion` uses it.
    pub fn created(mut self, told: bool) -> Self {
        self.more.created = told;
        self
    }

    /// Whether histograms with [native](tickmetrics::Description::native) buckets also have classic
    /// buckets in protobuf. The default is no: a Prometheus that scrapes protobuf drops them,
    /// unless its setting `always_scrape_classic_histograms` (`scrape_classic_histograms` before
    /// 3.0) keeps both. The text formats always have classic buckets.
    pub fn classic_beside_native(mut self, exposed: bool) -> Self {
        self.more.classic_beside_native = exposed;
        self
    }

    /// The name of the thread, as `top -H` shows it: at most
    /// [`MAX_THREAD_NAME`](Self::MAX_THREAD_NAME) bytes, without NUL.
    pub fn thread_name(mut self, name: impl Into<String>) -> Self {
        self.thread_name = name.into();
        self
    }

    /// Serves as configured by a [web configuration file], the format shared by Prometheus'
    /// exporters. It applies to all listeners, and needs the feature `web-config`: without it,
    /// [`start`](Self::start) returns [`StartError::MissingFeature`](crate::StartError::MissingFeature).
    ///
    /// ```yaml
    /// tls_server_config:
    ///   cert_file: server.pem # relative to this file
    ///   key_file: server.key
    /// basic_auth_users:
    ///   prometheus: $2y$10$… # htpasswd -nBC 10 prometheus (apt install apache2-utils)
    /// bearer_tokens: # not of Prometheus
    ///   grafana: { file: token.txt } # openssl rand -hex 32
    ///   script: { sha256: 9f86d0… } # printf %s "$TOKEN" | sha256sum
    /// auth_excluded_paths: [/health, /ready] # not of Prometheus
    /// http_server_config:
    ///   headers: { Strict-Transport-Security: max-age=31536000 }
    /// ```
    ///
    /// **Every path needs credentials** if any user or token is configured; one of them is enough.
    /// `auth_excluded_paths` exempts `/health` and `/ready`, or one of them, for probes without
    /// credentials. A client certificate (`client_auth_type`) is required in addition, for every
    /// path.
    ///
    /// **Files are checked every second**: this one and all files that it names, at most 1,024, of
    /// 1 MiB each and 16 MiB in all. A change takes effect once two checks found the same bytes, so
    /// a half-written file does not. If the change is invalid, the previous configuration stays,
    /// and standard error and `tickmetrics_exporter_web_config_stale` report it. Connections from
    /// before the change end with their next response.
    ///
    /// **A truncated file does not remove protection.** An empty file is an error. A change that
    /// demands less is an error, too: no TLS any more, no password or token, or less of a client's
    /// certificate. With `allow_less_protection: true` it takes effect. Write that as the last
    /// line, which a truncated file lacks. At the start, the file applies as it is.
    ///
    /// **A reader of the process's memory** finds credentials there, in a core dump for example.
    /// The exporter erases its copies of passwords. But a request stays in the buffers of the HTTP
    /// and TLS libraries as it came, with passwords in base64, until the memory is used again.
    ///
    /// **Passwords** are checked on a separate thread, `metrics-auth`, one at a time, and on the
    /// exporter's core if that is [pinned](Self::pin_to_core). Correct ones are remembered for
    /// their client's address, as tags under a key of this process. A wrong one costs the same for
    /// every user. After 10 wrong ones an address may try one more every 2 s. All addresses
    /// together have at most ten such attempts a second, which take at most half a core. Further
    /// attempts are answered with 429. A client with credentials that were right before is not
    /// affected, unless more than ten wrong ones a second come from its own address, for example
    /// through a proxy.
    ///
    /// Differences from Prometheus:
    ///
    /// | key | here |
    /// |---|---|
    /// | `http2` | no effect: the exporter uses HTTP/1.1 |
    /// | `min_version`, `cipher_suites`, `curve_preferences` | values that rustls lacks are errors: TLS below 1.2, CBC and RSA key exchange, P-521 |
    /// | `client_auth_type` | types that verify need a `client_ca_file`; the system's authorities are not used. A client sends at most four certificates besides its own |
    /// | `tls_server_config` | with other keys but no certificate and key, it is an error and not a server without TLS |
    /// | `basic_auth_users` | the cost of a hash is 4 to 16, and a name has no colon |
    /// | `rate_limit` | `interval` needs a unit; `burst` is at least 1 |
    /// | no section at all | an error, and not a server without protection |
    /// | `allow_less_protection` | ours, refused by theirs: whether the file may remove protection, or be empty |
    /// | `auth_excluded_paths` | ours, may be refused by theirs: `/health` and `/ready` are the valid paths |
    /// | `bearer_tokens` | ours, refused by theirs: for each name a file with a token of 16 characters or more, or its SHA-256 |
    ///
    /// [web configuration file]: https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
    ///
    /// ```no_run
    /// use tickmetrics_exporter::Exporter;
    ///
    /// let exporter = Exporter::builder().listen("0.0.0.0:9464").web_config("/etc/trading/web.yml");
    /// let exporter = exporter.start()?;
    /// # Ok::<(), tickmetrics_exporter::StartError>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "web-config")))]
    pub fn web_config(mut self, path: impl Into<PathBuf>) -> Self {
        self.web_config = Some(path.into());
        self
    }
}
