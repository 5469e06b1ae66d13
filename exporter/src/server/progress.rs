//! The phases of a connection, and their time limits.

use super::Limits;
use super::listen::Stream;
use crate::about::Limit;
use crate::sync::lock;
use hyper::body::{Body, Frame, SizeHint};
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};

/// The phase of a connection. It changes only while the connection is polled.
///
/// ```text
///           first byte          end of the headers
///   Idle ───────────────▶ Head ────────────────────▶ Answer
///    ▲                                                 │
///    └─────────────────────────────────────────────────┘
///             the last byte is the system's
/// ```
///
/// It begins with `Handshake`, or with `Head` without encryption, since a new client is expected to
/// send a request. A handshake has the time limit of the head. Bytes of a second request that came
/// with the first one don't count as its first byte, so its time is the longer of both.
#[derive(Debug)]
pub(super) struct Progress(Mutex<State>);

#[derive(Clone, Copy, Debug)]
struct State {
    phase: Phase,
    since: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Handshake,
    Idle,
    Head,
    Answer,
    /// The whole response is written, but the system has not accepted all of it.
    Flush,
}

impl Progress {
    pub(super) fn new(encrypts: bool) -> Arc<Self> {
        let phase = if encrypts { Phase::Handshake } else { Phase::Head };
        Arc::new(Self(Mutex::new(State { phase, since: Instant::now() })))
    }

    /// The end of the handshake.
    pub(super) fn head(&self) {
        self.state().phase = Phase::Head;
    }

    pub(super) fn is_in_handshake(&self) -> bool {
        self.state().phase == Phase::Handshake
    }

    /// The end of a request's headers.
    pub(super) fn answer(&self) {
        *self.state() = State { phase: Phase::Answer, since: Instant::now() };
    }

    /// When it began to wait for a request, or for the rest of one.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        let State { phase, since } = *self.state();
        matches!(phase, Phase::Handshake | Phase::Idle | Phase::Head).then_some(since)
    }

    /// Runs the connection, as long as each phase is within its limit.
    pub(super) async fn within<F: Future>(
        &self,
        limits: &Limits,
        connection: F,
    ) -> Result<F::Output, Limit> {
        let mut connection = pin!(connection);
        let mut sleep = pin!(sleep_until(self.deadline(limits).0));
        poll_fn(|cx| {
            if let Poll::Ready(output) = connection.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            let (deadline, limit) = self.deadline(limits);
            if sleep.deadline() != deadline {
                sleep.as_mut().reset(deadline);
            }
            sleep.as_mut().poll(cx).map(|()| Err(limit))
        })
        .await
    }

    fn deadline(&self, limits: &Limits) -> (Instant, Limit) {
        let State { phase, since } = *self.state();
        let (timeout, limit) = match phase {
            Phase::Idle => (limits.idle_timeout, Limit::IdleTimeout),
            Phase::Handshake | Phase::Head => (limits.header_timeout, Limit::HeaderTimeout),
            Phase::Answer | Phase::Flush => (limits.response_timeout, Limit::ResponseTimeout),
        };
        // If that is beyond the range of time, some years will do.
        let deadline = since.checked_add(timeout).unwrap_or(since + FAR);
        (deadline, limit)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

const FAR: std::time::Duration = std::time::Duration::from_secs(3600 * 24 * 365);

/// A stream that reports its progress.
pub(super) struct Observed<S> {
    pub(super) stream: S,
    pub(super) progress: Arc<Progress>,
}

impl<S: Stream> AsyncRead for Observed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let mut state = self.progress.state();
        if state.phase == Phase::Idle && buffer.filled().len() > before {
            *state = State { phase: Phase::Head, since: Instant::now() };
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Stream> AsyncWrite for Observed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper calls this when it has written its whole buffer.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        let mut state = self.progress.state();
        if state.phase == Phase::Flush {
            *state = State { phase: Phase::Idle, since: Instant::now() };
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// A response's body that reports when all of it is written.
pub(super) struct ObservedBody<B> {
    pub(super) body: B,
    pub(super) progress: Arc<Progress>,
}

impl<B> Drop for ObservedBody<B> {
    fn drop(&mut self) {
        self.progress.state().phase = Phase::Flush;
    }
}

impl<B: Body + Unpin> Body for ObservedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
