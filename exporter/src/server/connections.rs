//! Connections: accepted, served within their limits, closed when there are too many.

use super::allowances::Allowances;
use super::client::makes_room;
use super::entrance::Entrance;
use super::handshakes::{Begin, Handshakes};
use super::listen::{Listener, Peer, Stream};
use super::progress::{Observed, ObservedBody, Progress};
use super::request::fault;
use super::{Client, Limits};
use crate::about::{AboutMetrics, Limit};
use crate::encode::negotiate::Format;
use crate::pace::Pace;
use crate::rate::Rate;
use crate::render::Reader;
use crate::respond::{Body, Responder};
use crate::sync::lock;
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
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;

/// The pause after a failed accept. Polling does not end the usual cause, a lack of file
/// descriptors, any sooner.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// hyper's smallest buffer.
const SMALLEST_BUFFER: usize = 8 * 1024;

/// The state that all connections of an exporter share.
pub(super) struct Front {
    responder: Responder,
    /// TLS and credentials, if they are configured.
    entrance: Option<Box<dyn Entrance>>,
    limits: Limits,
    requests: Mutex<Allowances>,
    handshakes: Handshakes,
    open: Mutex<Vec<Open>>,
}

/// A connection, the oldest first.
struct Open {
    task: AbortHandle,
    client: Client,
    progress: Arc<Progress>,
}

impl Front {
    pub(super) fn new(
        responder: Responder,
        entrance: Option<Box<dyn Entrance>>,
        limits: Limits,
    ) -> Self {
        // The requests of one second at once.
        let rate = Rate::per_second(limits.requests_per_second, limits.requests_per_second);
        let requests = Mutex::new(Allowances::new(rate));
        let handshakes = Handshakes::new(limits.handshakes_per_second);
        Self { responder, entrance, limits, requests, handshakes, open: Mutex::default() }
    }

    /// Makes it ready before the first request.
    pub(super) fn warm_up(&self) {
        self.responder.warm_up();
    }

    /// Watches the configuration of the entrance, for ever if there is one.
    pub(super) async fn keep_looking(&self) {
        if let Some(entrance) = &self.entrance {
            entrance.keep_looking().await;
        }
    }

    /// All metrics, for a push.
    pub(super) fn exposition(&self, format: Format) -> Reader {
        self.responder.exposition(format)
    }

    /// Accepts connections for ever. `watcher` makes one that finishes its response and then
    /// closes.
    pub(super) async fn accept(self: Arc<Self>, listener: Listener, watcher: impl Fn() -> Watcher) {
        loop {
            let Ok((stream, peer)) = listener.accept().await else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let encrypts = self.entrance.as_ref().is_some_and(|entrance| entrance.encrypts());
            self.make_room(peer.client, encrypts);
            let progress = Progress::new(encrypts);
            let connection =
                Arc::clone(&self).serve(stream, peer, Arc::clone(&progress), watcher());
            let task = tokio::spawn(connection).abort_handle();
            lock(&self.open).push(Open { task, client: peer.client, progress });
        }
    }

    /// Closes a connection if the limit is reached.
    fn make_room(&self, newcomer: Client, encrypts: bool) {
        let mut open = lock(&self.open);
        open.retain(|connection| !connection.task.is_finished());
        if encrypts {
            let is_like_it =
                |open: &Open| open.client == newcomer && open.progress.is_in_handshake();
            let mut like_it = (0..open.len()).filter(|&at| is_like_it(&open[at]));
            if let Some(first) = like_it.next()
                && like_it.count() + 1 >= self.limits.handshakes
            {
                open.remove(first).task.abort();
                self.count(Limit::Handshakes);
            }
        }
        if open.len() < self.limits.connections {
            return;
        }
        let all = open.iter().map(|open| (open.client, open.progress.waits_since()));
        if let Some(at) = makes_room(all, newcomer) {
            open.remove(at).task.abort();
            self.count(Limit::Connections);
        }
    }

    /// One connection, from its first byte to its end. The time of encryption counts as reading a
    /// request's head.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: Box<dyn Stream>,
        peer: Peer,
        progress: Arc<Progress>,
        watcher: Watcher,
    ) {
        let pace = Pace::default();
        let stream: Box<dyn Stream> = Box::new(pace.of(stream));
        let connection = async {
            let (stream, generation) = match &self.entrance {
                Some(entrance) => {
                    let limited = || self.count(Limit::HandshakeRate);
                    let (handshakes, client) = (&self.handshakes, peer.client);
                    let begin = Begin { handshakes, client, limited: &limited };
                    entrance.accept(stream, begin).await.ok()?
                }
                None => (stream, 0),
            };
            progress.head();
            let service = service_fn(|request: Request<Incoming>| {
                progress.answer();
                let (front, progress) = (&self, Arc::clone(&progress));
                let (request, _body) = request.into_parts();
                async move {
                    let mut response = front.respond(&request, peer).await;
                    if request.version < Version::HTTP_11 {
                        end_with_connection(&mut response);
                    }
                    if let Some(entrance) = &front.entrance {
                        entrance.finish(generation, response.headers_mut());
                    }
                    Ok::<_, Infallible>(response.map(|body| ObservedBody { body, progress }))
                }
            });
            let io = Observed { stream, progress: Arc::clone(&progress) };
            let connection = http1::Builder::new()
                // `progress` distinguishes the time between requests from that for a request.
                .header_read_timeout(None)
                // A client may close its half after its request. A client that is gone is noticed
                // by a write to it, or in the end by the time limits.
                .half_close(true)
                .max_header_size(self.limits.header_bytes)
                .max_buf_size(self.limits.header_bytes.max(SMALLEST_BUFFER))
                .serve_connection(TokioIo::new(io), service);
            Some(watcher.watch(connection).await)
        };
        match progress.within(&self.limits, pace.keep(connection)).await {
            Err(limit) => self.count(limit),
            Ok(Some(Err(error))) if error.is_parse_too_large() => self.count(Limit::HeaderBytes),
            // A client that breaks off or does not speak HTTP loses only its own response.
            Ok(_) => {}
        }
    }

    /// The response to a request, if its client is admitted.
    async fn respond(&self, request: &Parts, peer: Peer) -> Response<Body> {
        let admitted = lock(&self.requests).admit(peer.client, Instant::now());
        if let Err(wait) = admitted {
            self.count(Limit::RequestRate);
            return Responder::too_many_requests(wait);
        }
        if let Some((status, text)) = fault(request) {
            return Responder::refuse(status, text);
        }
        if let Some(entrance) = &self.entrance
            && let Err(refusal) =
                entrance.admit(peer.address, request.uri.path(), &request.headers).await
        {
            return refusal.map(Either::Left);
        }
        self.responder.respond(request, peer.client).await
    }

    fn count(&self, limit: Limit) {
        self.about().exporter_limited.with(limit).inc();
    }

    fn about(&self) -> &AboutMetrics {
        self.responder.about()
    }
}

/// If only the end of the connection marks the end of the response, as in HTTP/1.0 without a
/// length, the connection is not kept. hyper would announce that it is.
fn end_with_connection(response: &mut Response<Body>) {
    if response.body().size_hint().exact().is_none() {
        *response.version_mut() = Version::HTTP_10;
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}
