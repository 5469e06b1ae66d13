//! The web configuration file of the Prometheus exporters: TLS, passwords, tokens and headers.
//!
//! `file` has the content of the text, and `config` its valid part. `tls` and `clients` make a
//! server's settings for rustls from it, with certificates that `pem` reads, and `auth` decides
//! which clients are admitted. `password` hashes on a thread of its own, `failures` remembers wrong
//! credentials, `reload` notices changed files, and `locks` notices a change that protects less.

mod auth;
mod clients;
mod config;
mod error;
mod failures;
mod file;
mod locks;
mod metrics;
mod password;
mod pem;
mod reload;
#[cfg(test)]
mod tests;
mod tls;

pub use error::WebConfigError;

use crate::rate::{Bucket, retry_after};
use crate::server::{Begin, Boxed, Entrance, Stream};
use crate::sync::lock;
use auth::{Guard, Refusal};
use config::{Config, load};
use error::Wrong;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
pub(crate) use metrics::WebMetrics;
use reload::Watch;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};
use tickmetrics::__text::report;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;

/// The time between checks of the files, and the time that a change has to last to take effect.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The web configuration file in force.
///
/// All of it belongs to one thread, the exporter's: its locks never block.
pub(crate) struct Web {
    /// The path as given.
    path: PathBuf,
    /// Absolute, so that a later change of the working directory has no effect.
    file: PathBuf,
    state: Mutex<State>,
    guard: Guard,
    metrics: WebMetrics,
    /// The number of listeners that other machines may reach.
    exposed: usize,
}

struct State {
    config: Arc<Config>,
    /// The number of configurations in force before this one.
    generation: u64,
    /// The files that were read last, whether in force or invalid.
    watch: Watch,
    /// The files of a change that the previous check saw first.
    seen: Option<Watch>,
    looked_at: Instant,
    /// The used part of the rate limit.
    requests: Bucket,
}

impl Web {
    /// Reads the file and all files that it names. Later events are counted in `metrics`, and so
    /// are those of the `exposed` listeners, which other machines may reach, that are left
    /// unprotected.
    ///
    /// # Errors
    /// If any part of it is invalid or can't be applied.
    pub(crate) fn load(
        path: &Path,
        metrics: WebMetrics,
        exposed: usize,
    ) -> Result<Self, WebConfigError> {
        let failed = |wrong| WebConfigError::new(path, wrong);
        // If the working directory no longer exists, the file does not exist either.
        let file = std::path::absolute(path).unwrap_or_else(|_| path.into());
        let (watch, config) = load(&file);
        let config = Arc::new(config.map_err(failed)?);
        let guard = Guard::new().ok_or_else(|| {
            let reason = "the system has no random numbers: let the program open /dev/urandom";
            failed(Wrong::new("", reason))
        })?;
        let now = Instant::now();
        let requests = Bucket::full(now);
        let state = State { config, generation: 0, watch, seen: None, looked_at: now, requests };
        let state = Mutex::new(state);
        Ok(Self { path: path.into(), file, state, guard, metrics, exposed })
    }

    /// Reads the file again if it changed. An error is reported, and the previous configuration
    /// stays.
    ///
    /// A change counts once two checks found the same bytes: a half-written file is no
    /// configuration, even if it could be read as one.
    fn look(&self, now: Instant) {
        let mut state = self.state();
        if now.saturating_duration_since(state.looked_at) < LOOK_EVERY {
            return;
        }
        state.looked_at = now;
        if !state.watch.has_changed(SystemTime::now()) {
            state.seen = None;
            return;
        }
        let (watch, config) = load(&self.file);
        if !state.seen.take().is_some_and(|seen| seen.is_same(&watch)) {
            state.seen = Some(watch);
            return;
        }
        state.watch = watch;
        let config = config.and_then(|config| config.replace(&state.config));
        self.metrics.web_config_reloads.inc();
        self.metrics.web_config_stale.set(f64::from(u8::from(config.is_err())));
        match config {
            Ok(config) => {
                let unprotected = if config.protects() { 0 } else { self.exposed };
                self.metrics.unprotected_listeners.set(unprotected as f64);
                if unprotected > 0 {
                    report(format_args!(
                        "{} asks for neither TLS nor credentials any more: other machines read all \
                         metrics",
                        self.path.display()
                    ));
                }
                if state.config.rate != config.rate {
                    state.requests = Bucket::full(now);
                }
                state.config = Arc::new(config);
                state.generation += 1;
            }
            Err(wrong) => {
                let error = WebConfigError::new(&self.path, wrong);
                self.metrics.web_config_failed_reloads.inc();
                report(format_args!("{error}; the configuration before it stays in force"));
            }
        }
    }

    fn current(&self) -> (Arc<Config>, u64) {
        let state = self.state();
        (Arc::clone(&state.config), state.generation)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Entrance for Web {
    fn encrypts(&self) -> bool {
        self.current().0.tls.is_some()
    }

    fn protects(&self) -> bool {
        self.current().0.protects()
    }

    /// A check on request would not do: the first request after a change would be answered by the
    /// previous configuration, since one check is not enough.
    fn keep_looking(&self) -> Boxed<'_, ()> {
        Box::pin(async {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                self.look(Instant::now());
            }
        })
    }

    fn accept<'a>(
        &'a self,
        stream: Box<dyn Stream>,
        begin: Begin<'a>,
    ) -> Boxed<'a, io::Result<(Box<dyn Stream>, u64)>> {
        Box::pin(async move {
            let (config, generation) = self.current();
            let Some(tls) = &config.tls else { return Ok((stream, generation)) };
            let accepted = async {
                let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
                let end = begin.turn().await;
                // Here the key is agreed on and the reply is signed.
                let accepted = hello.into_stream(Arc::clone(tls));
                end.await;
                accepted.await
            };
            let accepted = accepted.await.inspect_err(|_| self.metrics.failed_handshakes.inc())?;
            Ok((Box::new(accepted), generation))
        })
    }

    fn admit<'a>(
        &'a self,
        client: Option<IpAddr>,
        path: &'a str,
        headers: &'a HeaderMap,
    ) -> Boxed<'a, Result<(), Response<Full<Bytes>>>> {
        Box::pin(async move {
            let now = Instant::now();
            let (config, _) = self.current();
            let limited = config.rate.map_or(Ok(()), |rate| self.state().requests.take(rate, now));
            limited.map_err(|wait| {
                self.metrics.rate_limited_requests.inc();
                response(Refusal::TooMany(wait), &config)
            })?;
            if config.excludes(path) {
                return Ok(());
            }
            let admitted = self.guard.admit(&config.credentials, client.into(), headers, now).await;
            admitted.map_err(|refusal| {
                self.metrics.unauthorized_requests.inc();
                response(refusal, &config)
            })
        })
    }

    fn finish(&self, generation: u64, headers: &mut HeaderMap) {
        let (config, current) = self.current();
        for (name, value) in &config.headers {
            headers.insert(name, value.clone());
        }
        if generation != current {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

fn response(refusal: Refusal, config: &Config) -> Response<Full<Bytes>> {
    let (status, text) = match refusal {
        Refusal::Unauthorized => (StatusCode::UNAUTHORIZED, "Credentials are needed\n"),
        Refusal::TooMany(_) => (StatusCode::TOO_MANY_REQUESTS, "Too many requests\n"),
        Refusal::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, "Too many passwords at once\n"),
    };
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    match refusal {
        Refusal::Unauthorized => {
            for challenge in config.credentials.challenges() {
                headers.append(WWW_AUTHENTICATE, challenge);
            }
        }
        Refusal::TooMany(wait) | Refusal::Busy(wait) => {
            headers.insert(RETRY_AFTER, retry_after(wait));
        }
    }
    response
}
