//! Connections: accepted, served within their limits, closed when there are too many.

use super::Limits;
use super::listen::{Listener, Stream};
use super::progress::{Observed, ObservedBody, Progress};
use super::rate::Rate;
use super::request::fault;
use crate::about::{AboutMetrics, Limit};
use crate::negotiate::Format;
use crate::render::Reader;
use crate::respond::{Body, Responder};
use crate::sync::lock;
use crate::web::Web;
use http_body_util::Either;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONNECTION, HeaderValue};
use hyper::http::request::Parts;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::Watcher;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// How long no connection is accepted after one could not be. The usual reason, no file descriptor
/// left, does not pass sooner for being asked about.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The smallest buffer that hyper takes.
const SMALLEST_BUFFER: usize = 8 * 1024;

/// What all connections of an exporter share.
pub(super) struct Front {
    responder: Responder,
    /// TLS and credentials, where they are asked for.
    web: Option<Web>,
    limits: Limits,
    rate: Mutex<Rate>,
    open: Mutex<Vec<Open>>,
}

/// A connection, the oldest first.
struct Open {
    task: AbortHandle,
    progress: Arc<Progress>,
}

impl Front {
    pub(super) fn new(responder: Responder, web: Option<Web>, limits: Limits) -> Self {
        let rate = Mutex::new(Rate::new(limits.requests_per_second));
        Self { responder, web, limits, rate, open: Mutex::default() }
    }

    /// Makes it ready before anybody asks.
    pub(super) fn warm_up(&self) {
        self.responder.warm_up();
    }

    /// Sees when the web configuration changes, for ever if there is one.
    pub(super) async fn keep_looking(&self) {
        if let Some(web) = &self.web {
            web.keep_looking().await;
        }
    }

    /// All metrics, for a push.
    pub(super) fn exposition(&self, format: Format) -> Reader {
        self.responder.exposition(format)
    }

    /// Accepts connections for ever. `watcher` makes one that ends what it is at and then closes.
    pub(super) async fn accept(self: Arc<Self>, listener: Listener, watcher: impl Fn() -> Watcher) {
        loop {
            let Ok((stream, client)) = listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            self.make_room();
            let progress = Progress::new();
            let connection =
                Arc::clone(&self).serve(stream, client, Arc::clone(&progress), watcher());
            let task = tokio::spawn(connection).abort_handle();
            lock(&self.open).push(Open { task, progress });
        }
    }

    /// Closes a connection where there are as many as there may be.
    fn make_room(&self) {
        let mut open = lock(&self.open);
        open.retain(|connection| !connection.task.is_finished());
        if open.len() < self.limits.connections {
            return;
        }
        let waiting = open.iter().enumerate();
        let waiting = waiting.filter_map(|(at, open)| Some((open.progress.waits_since()?, at)));
        let at = waiting.min().map_or(0, |(_, at)| at);
        open.remove(at).task.abort();
        self.count(Limit::Connections);
    }

    /// One connection, from its first byte to its end. What encryption takes counts as reading a
    /// request's head.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: Box<dyn Stream>,
        client: Option<IpAddr>,
        progress: Arc<Progress>,
        watcher: Watcher,
    ) {
        let connection = async {
            let (stream, generation) = match &self.web {
                Some(web) => web.accept(stream).await.ok()?,
                None => (stream, 0),
            };
            let service = service_fn(|request: Request<Incoming>| {
                progress.answer();
                let (front, progress) = (&self, Arc::clone(&progress));
                let (request, _body) = request.into_parts();
                async move {
                    let mut response = front.respond(&request, client).await;
                    if request.version < Version::HTTP_11 {
                        end_with_connection(&mut response);
                    }
                    if let Some(web) = &front.web {
                        web.finish(generation, &mut response);
                    }
                    Ok::<_, Infallible>(response.map(|body| ObservedBody { body, progress }))
                }
            });
            let io = Observed { stream, progress: Arc::clone(&progress) };
            let connection = http1::Builder::new()
                // `progress` tells the time between requests from that for a request.
                .header_read_timeout(None)
                // A client may close its half once it has asked. One that is gone is noticed by what
                // is written to it, or in the end by the limits of time.
                .half_close(true)
                .max_header_size(self.limits.header_bytes)
                .max_buf_size(self.limits.header_bytes.max(SMALLEST_BUFFER))
                .serve_connection(TokioIo::new(io), service);
            Some(watcher.watch(connection).await)
        };
        match progress.within(&self.limits, connection).await {
            Err(limit) => self.count(limit),
            Ok(Some(Err(error))) if error.is_parse_too_large() => self.count(Limit::HeaderBytes),
            // A client that breaks off or speaks no HTTP is its own loss.
            Ok(_) => {}
        }
    }

    /// The response to a request, where its client may ask.
    async fn respond(&self, request: &Parts, client: Option<IpAddr>) -> Response<Body> {
        let admitted = lock(&self.rate).admit(client, Instant::now());
        if let Err(wait) = admitted {
            self.count(Limit::RequestRate);
            return Responder::too_many_requests(wait);
        }
        if let Some((status, text)) = fault(request) {
            return Responder::refuse(status, text);
        }
        if let Some(web) = &self.web
            && let Err(refusal) = web.admit(client, &request.headers).await
        {
            return refusal.map(Either::Left);
        }
        self.responder.respond(request).await
    }

    fn count(&self, limit: Limit) {
        self.about().exporter_limited.with(limit).inc();
    }

    fn about(&self) -> &AboutMetrics {
        self.responder.about()
    }
}

/// Where only the end of the connection tells the end of the answer, as HTTP/1.0 has it where there is
/// no length, the connection is not kept. hyper would promise that it is.
fn end_with_connection(response: &mut Response<Body>) {
    if response.body().size_hint().exact().is_none() {
        *response.version_mut() = Version::HTTP_10;
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}
