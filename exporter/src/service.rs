//! The exporter's responses for a server of the program's own.

use crate::respond::{Body, Responder};
use crate::server::Client;
use http_body::{Frame, SizeHint};
use hyper::body::Bytes;
use hyper::{Request, Response};
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_service::Service;

/// Answers as an [`Exporter`](crate::Exporter) does, within another server: made by
/// [`ExporterBuilder::service`](crate::ExporterBuilder::service).
///
/// All clients share its state. The polling thread takes the snapshot and encodes the chunks: some
/// ten microseconds at a time for the chunks.
#[derive(Clone)]
pub struct MetricsService {
    responder: Arc<Responder>,
}

impl MetricsService {
    pub(crate) fn new(responder: Responder) -> Self {
        Self { responder: Arc::new(responder) }
    }
}

impl fmt::Debug for MetricsService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsService").finish_non_exhaustive()
    }
}

impl<B> Service<Request<B>> for MetricsService {
    type Response = Response<MetricsBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    /// The request's body is not read.
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let responder = Arc::clone(&self.responder);
        let (request, _body) = request.into_parts();
        // Only the server knows the client.
        Box::pin(
            async move { Ok(responder.respond(&request, Client::Unknown).await.map(MetricsBody)) },
        )
    }
}

/// The body of a [`MetricsService`]'s response: chunks, encoded on demand.
pub struct MetricsBody(Body);

impl fmt::Debug for MetricsBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricsBody").finish_non_exhaustive()
    }
}

impl http_body::Body for MetricsBody {
    type Data = Bytes;
    /// The exposition was cut off: the received part is incomplete.
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Pin::new(&mut self.0).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
