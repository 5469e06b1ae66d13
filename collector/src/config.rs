//! The configuration file.

use crate::builder::Builder;
use crate::settings::{Candles, Limits, Source, TotalLimits};
use crate::source::Form;
use crate::store;
use serde::Deserialize;
use serde_saphyr::UserMessageFormatter;
use std::error::Error;
use std::fmt;
use std::fs::File as Opened;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tickmetrics::__text::{Printable, PrintablePath};
use tickmetrics_exporter::__cli::parse_duration;

/// No configuration is longer, and no more is read.
const MAX_BYTES: u64 = 1 << 20;

/// The content of a configuration file, in YAML. Its paths are relative to its folder, apart from
/// those of the store and the socket. `collector/examples/collector.yaml` has every key.
///
/// ```no_run
/// use tickmetrics_collector::{Config, store};
///
/// let config = Config::read("collector.yaml".as_ref())?;
/// let opened = store::open(&config.store)?;
/// let collector = config.builder.store(opened.store).start()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[non_exhaustive]
pub struct Config {
    /// All but the store.
    pub builder: Builder,
    /// The store.
    pub store: store::Settings,
}

/// The fault of a configuration file, in one line.
#[derive(Debug)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ConfigError {}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    interval: Option<Time>,
    store: StoreSection,
    queue: Option<usize>,
    queue_bytes: Option<usize>,
    grace: Option<Time>,
    listen: Option<String>,
    socket: Option<PathBuf>,
    limits: TotalSection,
    sources: Vec<SourceSection>,
    candles: Vec<CandlesSection>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct StoreSection {
    place: Option<String>,
    library: Option<PathBuf>,
    keep: Option<Time>,
    max_bytes: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TotalSection {
    targets: Option<usize>,
    series: Option<usize>,
    bytes: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceSection {
    targets: Vec<String>,
    service: Option<String>,
    interval: Option<Time>,
    timeout: Option<Time>,
    gzip: Option<bool>,
    #[serde(default)]
    allow: Vec<String>,
    #[serde(default)]
    deny: Vec<String>,
    symbol_label: Option<String>,
    #[serde(default)]
    limits: LimitsSection,
    user: Option<String>,
    password_file: Option<PathBuf>,
    bearer_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    cert_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    #[serde(default)]
    insecure: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LimitsSection {
    series: Option<usize>,
    bytes: Option<usize>,
    labels: Option<usize>,
    text: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CandlesSection {
    price: String,
    volume: Option<String>,
    service: Option<String>,
    #[serde(default)]
    intervals: Vec<Time>,
}

/// A duration with its unit.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Time(Duration);

impl TryFrom<String> for Time {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let days = text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok());
        let time = match days {
            Some(days) => Some(Duration::from_secs(u64::from(days) * 86_400)),
            None => parse_duration(&text),
        };
        time.map(Self).ok_or_else(|| {
            format!("{text:?} is not a time: give a number and its unit, such as 500ms, 2s or 30d")
        })
    }
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// If it can't be read, or a key or a value is wrong.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let wrong =
            |reason: String| ConfigError(format!("{}: {}", PrintablePath(path), Printable(reason)));
        let mut text = String::new();
        let read =
            Opened::open(path).and_then(|it| it.take(MAX_BYTES + 1).read_to_string(&mut text));
        read.map_err(|error| wrong(error.to_string()))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(wrong("it is longer than 1 MiB".into()));
        }
        let file = parse(&text).map_err(wrong)?;
        file.config(path.parent().unwrap_or(Path::new(""))).map_err(wrong)
    }
}

fn parse(text: &str) -> Result<File, String> {
    let options = serde_saphyr::options! { with_snippet: false };
    let mut at = None;
    let parsed = serde_saphyr::with_deserializer_from_str_with_options(text, options, |yaml| {
        serde_path_to_error::deserialize::<_, Option<File>>(yaml).map_err(|error| {
            at = Some(error.path().to_string());
            error.into_inner()
        })
    });
    parsed.map(Option::unwrap_or_default).map_err(|error| {
        let reason = error.render_with_formatter(&UserMessageFormatter);
        let at = at.unwrap_or_default();
        let key = at.trim_end_matches('?').trim_end_matches('.');
        if key.is_empty() { reason } else { format!("{key}: {reason}") }
    })
}

impl File {
    fn config(self, folder: &Path) -> Result<Config, String> {
        let mut builder = Builder::default();
        if let Some(Time(interval)) = self.interval {
            builder = builder.interval(interval);
        }
        if let Some(queue) = self.queue {
            builder = builder.queue(queue);
        }
        if let Some(bytes) = self.queue_bytes {
            builder = builder.queue_bytes(bytes);
        }
        if let Some(Time(grace)) = self.grace {
            builder = builder.grace(grace);
        }
        if let Some(address) = self.listen {
            builder = builder.listen(address);
        }
        if let Some(path) = self.socket {
            builder = builder.socket(path);
        }
        let TotalSection { targets, series, bytes } = self.limits;
        let mut limits = TotalLimits::default();
        set(&mut limits.targets, targets);
        set(&mut limits.series, series);
        set(&mut limits.bytes, bytes);
        builder = builder.limits(limits);
        for (number, section) in self.sources.into_iter().enumerate() {
            let wrong = |reason: &str| format!("sources[{number}]: {reason}");
            builder = builder.source(section.source(folder).map_err(wrong)?);
        }
        for CandlesSection { price, volume, service, intervals } in self.candles {
            let mut candles = Candles { volume, service, ..Candles::of(price) };
            candles.intervals = intervals.into_iter().map(|Time(it)| it).collect();
            builder = builder.candles(candles);
        }
        let StoreSection { place, library, keep, max_bytes } = self.store;
        let place = place.map(|place| place.parse()).transpose();
        let place = place.map_err(|error| format!("store.place: {error}"))?;
        let keep = store::Keep { age: keep.map(|Time(it)| it), bytes: max_bytes };
        let library = library.map(|path| folder.join(path));
        let store = store::Settings { place, library, keep, ..store::Settings::default() };
        Ok(Config { builder, store })
    }
}

impl SourceSection {
    fn source(self, folder: &Path) -> Result<Source, &'static str> {
        let mut targets = self.targets.into_iter();
        let mut source = Source::new(targets.next().ok_or("targets is empty: give at least one")?);
        source.targets.extend(targets);
        source.service = self.service;
        source.interval = self.interval.map(|Time(it)| it);
        source.timeout = self.timeout.map(|Time(it)| it);
        source.gzip = self.gzip;
        (source.allow, source.deny) = (self.allow, self.deny);
        if let Some(name) = self.symbol_label {
            source.symbol_label = name;
        }
        let LimitsSection { series, bytes, labels, text } = self.limits;
        let mut limits = Limits::default();
        set(&mut limits.series, series);
        set(&mut limits.bytes, bytes);
        set(&mut limits.labels, labels);
        set(&mut limits.text, text);
        source.limits = limits;
        let at = |path: Option<PathBuf>| path.map(|path| folder.join(path));
        let access = &mut source.access;
        access.form = Form::Keys;
        access.user = self.user;
        access.password_file = at(self.password_file);
        access.bearer_file = at(self.bearer_file);
        access.ca_file = at(self.ca_file);
        access.cert_file = at(self.cert_file);
        access.key_file = at(self.key_file);
        access.insecure = self.insecure;
        if access.user.is_some() && access.bearer_file.is_some() {
            return Err("user and bearer_file exclude each other");
        }
        if access.password_file.is_some() && access.user.is_none() {
            return Err("password_file needs user: NAME");
        }
        if access.cert_file.is_some() != access.key_file.is_some() {
            return Err("cert_file and key_file belong together");
        }
        if access.ca_file.is_some() && access.insecure {
            return Err("ca_file and insecure exclude each other");
        }
        Ok(source)
    }
}

fn set(limit: &mut usize, given: Option<usize>) {
    if let Some(given) = given {
        *limit = given;
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, File, parse};
    use std::path::Path;
    use std::time::Duration;

    fn config(text: &str) -> Result<Config, String> {
        parse(text).and_then(|file: File| file.config(Path::new("/etc/collector")))
    }

    #[test]
    fn the_example_has_every_key() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/collector.yaml");
        let Config { builder, store } = Config::read(Path::new(path)).unwrap();
        let [market_data, risk, segments] = &builder.sources[..] else { panic!("three sources") };
        assert_eq!(market_data.targets, ["http://127.0.0.1:9091", "http://127.0.0.1:9092/metrics"]);
        assert_eq!(market_data.service.as_deref(), Some("market-data"));
        assert_eq!(market_data.timeout, Some(Duration::from_millis(500)));
        assert_eq!(market_data.allow, ["market_data_*"]);
        assert_eq!(market_data.deny, ["*_debug_*"]);
        assert_eq!(market_data.limits.series, 10_000);
        let folder = Path::new(path).parent().unwrap();
        assert_eq!(risk.access.ca_file, Some(folder.join("ca.pem")));
        assert_eq!(risk.access.user.as_deref(), Some("collector"));
        assert_eq!(segments.targets, ["/dev/shm/*.metrics"]);
        assert_eq!(builder.candles[0].intervals, [1, 60].map(Duration::from_secs));
        assert_eq!(store.place.unwrap().to_string(), "duckdb:data/metrics.duckdb");
        assert_eq!(store.keep.age, Some(Duration::from_secs(30 * 86_400)));
        assert_eq!(builder.listen.as_deref(), Some("127.0.0.1:9099"));
        assert_eq!(builder.socket.as_deref(), Some("data/metrics.sock".as_ref()));
        // A key that the example lacks would not be documented.
        let text = std::fs::read_to_string(path).unwrap();
        let source = include_str!("config.rs");
        let (_, sections) = source.split_once("struct File {").unwrap();
        let (sections, _) = sections.split_once("/// A duration").unwrap();
        let mut keys = 0;
        for line in sections.lines().filter(|line| line.starts_with("    ") && line.contains(": "))
        {
            let key = line.trim().split(':').next().unwrap();
            assert!(text.contains(&format!("{key}:")), "the example lacks {key}");
            keys += 1;
        }
        assert_eq!(keys, 41);
    }

    #[test]
    fn faults_have_their_place() {
        for (text, expected) in [
            ("intervall: 1s", "intervall"),
            ("interval: 5", "interval"),
            ("interval: fast", "\"fast\" is not a time"),
            ("sources:\n- targets: [a]\n  timeot: 1s", "sources[0].timeot"),
            ("sources:\n- targets: []", "sources[0]: targets is empty"),
            ("sources:\n- service: a", "targets"),
            ("sources:\n- targets: [a]\n  user: a\n  bearer_file: b", "exclude each other"),
            ("sources:\n- targets: [a]\n  key_file: b", "belong together"),
            ("store: {place: 'ftp:a'}", "store.place"),
            ("candles:\n- volume: a", "price"),
            ("sources: [", ""),
        ] {
            let error = config(text).map(|_| ()).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
