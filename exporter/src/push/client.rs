//! One request to the gateway, over a connection of its own.

use super::error::PushError;
use super::target::Target;
use crate::lookup::Lookup;
use crate::pace::Pace;
use crate::quiet::Quiet;
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::time::Duration;
use tickmetrics::__text::Printable;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How much is read of what a gateway says to a refusal.
const MAX_ANSWER: usize = 512;

/// How much is read of what a gateway says at once, and how long the head of it may be.
const BUFFER: usize = 16 * 1024;

/// Sends a body of a type, or a request without a type and a body, and waits for the answer.
pub(super) async fn send<B>(
    target: &Target,
    lookup: &mut Lookup,
    method: Method,
    content_type: Option<&'static str>,
    body: B,
    within: Duration,
) -> Result<(), PushError>
where
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let request = request(target, method, content_type, body)?;
    let mut refusal = None;
    let asked = timeout(within, ask(target, lookup, request, &mut refusal)).await;
    match refusal {
        // With as much of the reason as came in time.
        Some(refusal) => Err(refusal.into()),
        None => asked.unwrap_or(Err(PushError::TimedOut)),
    }
}

fn request<B>(
    target: &Target,
    method: Method,
    content_type: Option<&'static str>,
    body: B,
) -> Result<Request<B>, PushError> {
    let Target { authority, path, authorization, .. } = target;
    let mut request = Request::builder()
        .method(method)
        .uri(path.clone())
        .header(HOST, authority)
        .header(CONNECTION, "close")
        .header(USER_AGENT, concat!("tickmetrics/", env!("CARGO_PKG_VERSION")));
    for (name, value) in [
        (CONTENT_TYPE, content_type.map(hyper::header::HeaderValue::from_static)),
        (AUTHORIZATION, authorization.clone()),
    ] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    request.body(body).map_err(|error| unreachable(&error))
}

/// Where the gateway refuses, it leaves the refusal, and the outcome says nothing.
async fn ask<B>(
    target: &Target,
    lookup: &mut Lookup,
    request: Request<B>,
    refusal: &mut Option<Refusal>,
) -> Result<(), PushError>
where
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let addresses =
        lookup.find(&target.host, target.port).await.map_err(|error| unreachable(&error))?;
    let stream = TcpStream::connect(&*addresses).await.map_err(|error| unreachable(&error))?;
    let pace = Pace::default();
    let stream = pace.of(Quiet(stream));
    let exchanged = async {
        #[cfg(feature = "web-config")]
        if let Some(tls) = &target.tls {
            let stream = tls.connect(stream).await.map_err(|error| unreachable(&error))?;
            return exchange(stream, request, refusal).await;
        }
        exchange(stream, request, refusal).await
    };
    pace.keep(exchanged).await
}

async fn exchange<B>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request<B>,
    refusal: &mut Option<Refusal>,
) -> Result<(), PushError>
where
    B: Body<Data = Bytes> + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(BUFFER);
    let connected = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = connected.map_err(|error| unreachable(&error))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
        // What comes after a success tells nothing more.
        if !response.status().is_success() {
            let status = response.status().as_u16();
            refusal.insert(Refusal { status, answer: Vec::new() }).read(response).await;
        }
        Ok(())
    };
    alongside(connection, exchange).await
}

/// What a gateway says that does not take the metrics.
struct Refusal {
    status: u16,
    answer: Vec<u8>,
}

impl Refusal {
    /// Reads the beginning of the reason.
    async fn read(&mut self, response: Response<Incoming>) {
        let mut body = response.into_body();
        while self.answer.len() < MAX_ANSWER
            && let Some(Ok(frame)) = body.frame().await
        {
            self.answer.extend_from_slice(frame.data_ref().map_or(&[], |data| data));
        }
        self.answer.truncate(MAX_ANSWER);
    }
}

impl From<Refusal> for PushError {
    fn from(Refusal { status, answer }: Refusal) -> Self {
        let answer = String::from_utf8_lossy(&answer);
        // It is going to be printed.
        let words = answer.split(|c: char| c.is_control() || c.is_whitespace());
        let words = words.filter(|word| !word.is_empty());
        let answer = words.collect::<Vec<_>>().join(" ");
        Self::Refused { status, answer: Printable(answer).to_string() }
    }
}

/// What one future answers, while another one goes on beside it. Both end with this.
async fn alongside<T>(beside: impl Future, main: impl Future<Output = T>) -> T {
    let (mut beside, mut main) = (pin!(beside), pin!(main));
    let mut is_over = false;
    poll_fn(|context| {
        is_over = is_over || beside.as_mut().poll(context).is_ready();
        main.as_mut().poll(context)
    })
    .await
}

/// What hyper says is in part in the sources of its errors.
fn unreachable(error: &dyn Error) -> PushError {
    let mut reason = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        reason = format!("{reason}: {error}");
        source = error.source();
    }
    PushError::Unreachable { reason }
}
