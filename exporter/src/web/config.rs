//! A checked configuration that can take effect.

use super::auth::Credentials;
use super::clients::Shown;
use super::error::Wrong;
use super::file::{self, File, RateLimit};
use super::locks::Locks;
use super::reload::{Files, Watch};
use super::tls;
use crate::duration;
use crate::rate::Rate;
use hyper::header::{HeaderName, HeaderValue};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_rustls::rustls::ServerConfig;

/// The headers that Prometheus knows, and the values of those that have few.
const HEADERS: [(&str, &[&str]); 5] = [
    ("Content-Security-Policy", &[]),
    ("Strict-Transport-Security", &[]),
    ("X-Content-Type-Options", &["nosniff"]),
    ("X-Frame-Options", &["deny", "sameorigin"]),
    ("X-XSS-Protection", &[]),
];

/// The paths that may need no credentials: they show that the exporter runs, and none of its
/// metrics.
const EXCLUDABLE: [&str; 2] = ["/health", "/ready"];

#[derive(Default)]
pub(super) struct Config {
    pub(super) tls: Option<Arc<ServerConfig>>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) credentials: Credentials,
    /// Some of [`EXCLUDABLE`].
    excluded: Vec<&'static str>,
    pub(super) rate: Option<Rate>,
    pub(super) locks: Locks,
    /// Whether it may have fewer locks than the previous one.
    allow_less_protection: bool,
}

impl Config {
    pub(super) fn protects(&self) -> bool {
        self.locks.tls || self.locks.credentials
    }

    /// Whether a path needs no password or token.
    pub(super) fn excludes(&self, path: &str) -> bool {
        self.excluded.contains(&path)
    }

    /// Whether it may replace the one in force.
    ///
    /// # Errors
    /// If it removes protection against strangers without declaring that intent.
    pub(super) fn replace(self, in_force: &Self) -> Result<Self, Wrong> {
        if !self.allow_less_protection {
            self.locks.replace(in_force.locks)?;
        }
        Ok(self)
    }
}

/// Reads the file and all files that it names. The files that were read are watched even after an
/// error.
pub(super) fn load(path: &Path) -> (Watch, Result<Config, Wrong>) {
    let now = SystemTime::now();
    let mut files = Files::new(path.parent().unwrap_or(Path::new("")));
    let config = check(path, &mut files);
    (files.watch(now), config)
}

fn check(path: &Path, files: &mut Files) -> Result<Config, Wrong> {
    // By its own path: the others are relative to its folder.
    let name = path.file_name().map_or(path, Path::new);
    let bytes = files.read("", name)?;
    let text = std::str::from_utf8(&bytes);
    let file = file::parse(text.map_err(|error| Wrong::new("", format!("no UTF-8: {error}")))?)?;
    if file.says_nothing() {
        let reason = "it demands nothing, like a file that is not written yet: give a section that \
                      demands something, such as basic_auth_users, or allow_less_protection: true \
                      to ask for nothing";
        return Err(Wrong::new("", reason));
    }
    let section = file.tls_server_config.as_ref();
    let tls = section.map(|section| tls::server_config(section, files)).transpose()?.flatten();
    let credentials = Credentials::new(&file, files)?;
    let locks = Locks {
        tls: tls.is_some(),
        shown: section.map_or(Shown::None, Shown::by),
        names: section.is_some_and(|section| section.client_allowed_sans.is_some()),
        credentials: credentials.are_needed(),
    };
    Ok(Config {
        tls,
        headers: headers(&file)?,
        credentials,
        excluded: excluded(&file)?,
        rate: file.rate_limit.as_ref().map(rate).transpose()?.flatten(),
        locks,
        allow_less_protection: file.allow_less_protection.unwrap_or(false),
    })
}

fn excluded(file: &File) -> Result<Vec<&'static str>, Wrong> {
    let given = file.auth_excluded_paths.iter().flatten();
    let known = |path: &str| EXCLUDABLE.into_iter().find(|&known| known == path);
    let unknown: Vec<_> = given.clone().filter(|path| known(path).is_none()).collect();
    if unknown.is_empty() {
        return Ok(given.filter_map(|path| known(path)).collect());
    }
    // As many as fit on a line.
    let named: Vec<_> = unknown.iter().take(4).map(|path| format!("{path:?}")).collect();
    let more = if unknown.len() > named.len() { ", …" } else { "" };
    Err(Wrong::new(
        "auth_excluded_paths",
        format!(
            "{}{more} can't be reached without credentials; the paths that can are {}",
            named.join(", "),
            EXCLUDABLE.join(", ")
        ),
    ))
}

fn headers(file: &File) -> Result<Vec<(HeaderName, HeaderValue)>, Wrong> {
    let none = BTreeMap::new();
    let section = file.http_server_config.as_ref();
    let given = section.and_then(|section| section.headers.as_ref()).unwrap_or(&none);
    let mut headers = Vec::new();
    for (name, value) in given {
        let wrong = |reason| Wrong::new(format!("http_server_config.headers.{name}"), reason);
        let Some((_, values)) = HEADERS.iter().find(|(known, _)| known == name) else {
            let known = HEADERS.map(|(name, _)| name).join(", ");
            return Err(wrong(format!(
                "this header can't be configured; those that can are {known}"
            )));
        };
        if value.is_empty() {
            continue;
        }
        if !values.is_empty() && !values.contains(&&**value) {
            return Err(wrong(format!(
                "{value:?} is not a valid value: give {}",
                values.join(" or ")
            )));
        }
        let parsed = (name.parse(), value.parse());
        let (Ok(name), Ok(value)) = parsed else {
            let reason = "a header's value is one line of printable characters: leave out the rest";
            return Err(wrong(reason.into()));
        };
        headers.push((name, value));
    }
    Ok(headers)
}

/// `None`: not limited.
fn rate(section: &RateLimit) -> Result<Option<Rate>, Wrong> {
    let wrong = |key: &str, reason: String| Wrong::new(format!("rate_limit.{key}"), reason);
    let text = section.interval.as_deref().unwrap_or("0");
    let interval = duration::parse(text).ok_or_else(|| {
        wrong(
            "interval",
            format!("{text:?} is not a time: give one with its unit, such as 100ms or 1s"),
        )
    })?;
    if interval == Duration::ZERO {
        return Ok(None);
    }
    match section.burst.map(u32::try_from) {
        Some(Ok(burst)) if burst > 0 => Ok(Some(Rate { burst, interval })),
        _ => Err(wrong("burst", "give how many requests may come at once: 1 or more".into())),
    }
}
