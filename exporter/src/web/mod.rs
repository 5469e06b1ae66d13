//! The web configuration file of the Prometheus exporters: TLS, passwords, tokens and headers.
//!
//! `file` is what the text says, `config` what of it is right; `tls` and `clients` make a server's
//! settings for rustls of it, `auth` decides who may ask. `password` hashes on a thread of its own,
//! `limit` counts mistakes, `reload` sees when a file changed, and `locks` when one protects less.

mod auth;
mod clients;
mod config;
mod duration;
mod error;
mod file;
mod limit;
mod locks;
mod metrics;
mod password;
mod reload;
#[cfg(test)]
mod tests;
mod tls;

pub use error::WebConfigError;

use crate::server::{Begin, Stream};
use crate::sync::lock;
use auth::{Guard, Refusal};
pub(crate) use clients::MOST_INTERMEDIATES;
use config::{Config, load};
use error::Wrong;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CONNECTION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use limit::Bucket;
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

/// How often files are looked at, and how long a change has to last to be in force.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A web configuration file in force.
///
/// All of it is for one thread, the exporter's: its locks are never waited for.
pub(crate) struct Web {
    /// As it was given.
    path: PathBuf,
    /// Absolute: where the process goes later is no matter.
    file: PathBuf,
    state: Mutex<State>,
    guard: Guard,
    metrics: WebMetrics,
    /// Listeners that other machines may reach.
    exposed: usize,
}

struct State {
    config: Arc<Config>,
    /// How many configurations were in force before this one.
    generation: u64,
    /// Of what was read last, be it in force or wrong.
    watch: Watch,
    /// Of a change that the look before saw first.
    seen: Option<Watch>,
    looked_at: Instant,
    /// What was taken of the rate limit.
    requests: Bucket,
}

impl Web {
    /// Reads the file and all that it names. What happens later is counted in `metrics`, and so are
    /// those of the `exposed` listeners, which other machines may reach, that are left unprotected.
    ///
    /// # Errors
    /// Where anything in it is wrong or can't be honoured.
    pub(crate) fn load(
        path: &Path,
        metrics: WebMetrics,
        exposed: usize,
    ) -> Result<Self, WebConfigError> {
        let failed = |wrong| WebConfigError::new(path, wrong);
        // Where there is no such directory any more, there is no file.
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

    /// Whether connections are encrypted.
    pub(crate) fn encrypts(&self) -> bool {
        self.current().0.tls.is_some()
    }

    /// Whether strangers learn nothing: what is sent is encrypted, or sent to nobody without
    /// credentials.
    pub(crate) fn protects(&self) -> bool {
        self.current().0.protects()
    }

    /// Looks at the files for ever.
    ///
    /// Not when clients ask: the first one after a change would be answered by what was in force
    /// before, since one look is not enough.
    pub(crate) async fn keep_looking(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            self.look(Instant::now());
        }
    }

    /// Reads the file anew if it changed. What is wrong is told, and what was in force stays.
    ///
    /// A change counts once two looks found the same: what is being written is no configuration, even
    /// where it could be read as one.
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

    /// What to speak HTTP over: after the handshake, where there is TLS. Whoever calls it bounds its
    /// time. `begin` says when the cryptography may be done. The number is for
    /// [`finish`](Self::finish).
    ///
    /// # Errors
    /// Where the client speaks no TLS, or is refused.
    pub(crate) async fn accept(
        &self,
        stream: Box<dyn Stream>,
        begin: Begin<'_>,
    ) -> io::Result<(Box<dyn Stream>, u64)> {
        let (config, generation) = self.current();
        let Some(tls) = &config.tls else { return Ok((stream, generation)) };
        let accepted = async {
            let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
            let end = begin.turn().await;
            // This is where a key is agreed on and the answer is signed.
            let accepted = hello.into_stream(Arc::clone(tls));
            end.await;
            accepted.await
        };
        let accepted = accepted.await.inspect_err(|_| self.metrics.failed_handshakes.inc())?;
        Ok((Box::new(accepted), generation))
    }

    /// Whether a request may be answered; if not, what is said instead.
    ///
    /// `client`: the address that it comes from, if sockets of that kind have some.
    pub(crate) async fn admit(
        &self,
        client: Option<IpAddr>,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<(), Response<Full<Bytes>>> {
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
    }

    /// Adds to an answer what the configuration asks for. On a connection from before the
    /// configuration in force, it is the last one: the next one is encrypted as asked for now.
    pub(crate) fn finish<B>(&self, generation: u64, response: &mut Response<B>) {
        let (config, current) = self.current();
        let headers = response.headers_mut();
        for (name, value) in &config.headers {
            headers.insert(name, value.clone());
        }
        if generation != current {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
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
            // In whole seconds, and not before.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, seconds.into());
        }
    }
    response
}
