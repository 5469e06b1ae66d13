//! The file's text as values: its keys, without their meaning.

use super::error::Wrong;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_saphyr::UserMessageFormatter;
use std::collections::BTreeMap;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) tls_server_config: Option<Tls>,
    pub(super) http_server_config: Option<Http>,
    pub(super) basic_auth_users: Option<BTreeMap<String, String>>,
    pub(super) rate_limit: Option<RateLimit>,
    /// Not of Prometheus.
    pub(super) bearer_tokens: Option<BTreeMap<String, Token>>,
    /// Not of Prometheus: paths that need no password and no token.
    pub(super) auth_excluded_paths: Option<Vec<String>>,
    /// Not of Prometheus: permission to remove protection.
    pub(super) allow_less_protection: Option<bool>,
}

impl File {
    /// True for an empty file, or one that was cut after the name of a section.
    pub(super) fn says_nothing(&self) -> bool {
        let Self {
            tls_server_config,
            http_server_config,
            basic_auth_users,
            rate_limit,
            bearer_tokens,
            // This key alone demands nothing.
            auth_excluded_paths: _,
            allow_less_protection,
        } = self;
        tls_server_config.is_none()
            && http_server_config.is_none()
            && basic_auth_users.is_none()
            && rate_limit.is_none()
            && bearer_tokens.is_none()
            && *allow_less_protection != Some(true)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tls {
    pub(super) cert: Option<String>,
    pub(super) key: Option<String>,
    pub(super) client_ca: Option<String>,
    pub(super) cert_file: Option<String>,
    pub(super) key_file: Option<String>,
    pub(super) client_ca_file: Option<String>,
    pub(super) client_auth_type: Option<String>,
    pub(super) client_allowed_sans: Option<Vec<String>>,
    pub(super) min_version: Option<String>,
    pub(super) max_version: Option<String>,
    pub(super) cipher_suites: Option<Vec<String>>,
    pub(super) prefer_server_cipher_suites: Option<bool>,
    pub(super) curve_preferences: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Http {
    /// Accepted, and without effect: the exporter uses HTTP/1.1.
    #[serde(rename = "http2")]
    pub(super) _http2: Option<bool>,
    pub(super) headers: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RateLimit {
    pub(super) interval: Option<String>,
    pub(super) burst: Option<i64>,
}

/// Any value, so that no error repeats a token in place of its hash.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Token {
    Known(BTreeMap<String, String>),
    Other(IgnoredAny),
}

pub(super) fn parse(text: &str) -> Result<File, Wrong> {
    // No lines of the file in an error: they may contain keys and hashes.
    let options = serde_saphyr::options! { with_snippet: false };
    let mut at = None;
    let parsed = serde_saphyr::with_deserializer_from_str_with_options(text, options, |yaml| {
        serde_path_to_error::deserialize::<_, Option<File>>(yaml).map_err(|error| {
            at = Some(error.path().to_string());
            error.into_inner()
        })
    });
    match parsed {
        Ok(file) => Ok(file.unwrap_or_default()),
        Err(error) => {
            let at = at.unwrap_or_default();
            let key = at.trim_end_matches('?').trim_end_matches('.');
            Err(Wrong::new(key, error.render_with_formatter(&UserMessageFormatter)))
        }
    }
}
