//! One request, from its start to its end.

use crate::code::Code;
use crate::end::{End, Failure, Protocol, Side};
use crate::families::{Entry, Ids};
use crate::layer::Shared;
use crate::span::Span;
use crate::trace::{Entered, TraceContext};
use http::header::{CONTENT_LENGTH, Entry as Header};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode};
use http_body::Body;
use std::mem;
use std::sync::Arc;
use std::time::Instant;

/// Whether a server sends the body of a response.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sends {
    Always,
    /// The answer to CONNECT becomes a tunnel unless it is an error.
    Errors,
    Never,
}

impl Sends {
    fn answering(method: &Method) -> Self {
        match *method {
            Method::HEAD => Self::Never,
            Method::CONNECT => Self::Errors,
            _ => Self::Always,
        }
    }
}

/// Its drop ends the request, if nothing else did before: a future or a body that is dropped early was
/// cancelled, or panicked.
pub(crate) struct Watch {
    entry: Arc<Entry>,
    /// The path that the response's head may make known.
    learn: Option<(Arc<Shared>, Box<str>)>,
    started: Instant,
    /// While the request is worked on, what the thread had before.
    context: Option<TraceContext>,
    trace_header: Option<HeaderName>,
    span: Span,
    sends: Sends,
    status: Option<StatusCode>,
    code: Option<Code>,
    /// Bytes of the response's body that are to come, if that is known.
    left: Option<u64>,
    /// It stays set where the inner code panics.
    working: bool,
    ended: bool,
}

impl Watch {
    /// Boxed, since it moves from the future to the response's body, and with both of them.
    pub(crate) fn start<B>(shared: &Arc<Shared>, request: &mut Request<B>) -> Box<Self> {
        let (entry, learn) = shared.entry(request);
        let entry = Arc::clone(entry);
        let learn = learn.then(|| (Arc::clone(shared), request.uri().path().into()));
        let started = Instant::now();
        let families = entry.families();
        let span = Span::new(families.protocol, families.side, entry.route(), request.method());
        let context = shared.traces.as_ref().map(|traces| match families.side {
            Side::Server => traces.of_server(&span, request.headers(), started),
            Side::Client => traces.of_client(&span, request, started),
        });
        if let Some(context) = &context {
            span.set_ids(context);
        }
        entry.start();
        Box::new(Self {
            entry,
            learn,
            started,
            context,
            trace_header: shared.traces.as_ref().and_then(|traces| traces.header.clone()),
            span,
            sends: Sends::answering(request.method()),
            status: None,
            code: None,
            left: None,
            working: false,
            ended: false,
        })
    }

    /// Calls or polls the inner code within the request's trace and span.
    pub(crate) fn work<R>(&mut self, work: impl FnOnce() -> R) -> R {
        self.working = true;
        let result = {
            let traced = self.context.is_some();
            let _context = traced.then(|| Entered::new(&mut self.context));
            self.span.within(work)
        };
        self.working = false;
        result
    }

    /// The response's head is there.
    pub(crate) fn head<B: Body>(&mut self, response: &mut Response<B>) {
        self.status = Some(response.status());
        if self.protocol() == Protocol::Grpc {
            self.code = Code::of(response.headers());
            self.learn(response.status());
        } else {
            self.left = self.length(response);
        }
        self.entry.head(self.started, self.ids());
        if let Some(name) = self.trace_header.take()
            && let Some(id) = self.context.as_ref().and_then(TraceContext::trace_id_value)
            && let Ok(Header::Vacant(header)) = response.headers_mut().try_entry(name)
        {
            // A map that is full keeps what it has.
            let _ = header.try_insert(id);
        }
        if response.body().is_end_stream() {
            self.end(None);
        }
    }

    /// A method is there if it answered with a message, or with OK: a status in the head stands in place
    /// of all messages, and is also what a server answers for a method that it does not have.
    fn learn(&mut self, status: StatusCode) {
        let answered = status == StatusCode::OK && self.code.is_none_or(|code| code == Code::OK);
        if let Some((shared, path)) = self.learn.take()
            && answered
        {
            let known = Arc::clone(shared.learn(&path));
            known.start();
            mem::replace(&mut self.entry, known).leave();
        }
    }

    /// The length of the response's body. A server that has written as many bytes may drop the body
    /// without a look at its end, and one that need not send the body drops it at once.
    fn length<B: Body>(&self, response: &Response<B>) -> Option<u64> {
        let status = response.status();
        let none = self.sends == Sends::Never
            || self.sends == Sends::Errors && status.is_success()
            || status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let stated = || response.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
        if none { Some(0) } else { response.body().size_hint().exact().or_else(stated) }
    }

    pub(crate) fn sent(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.left = self.left.map(|left| left.saturating_sub(bytes));
    }

    pub(crate) fn trailers(&mut self, trailers: &HeaderMap) {
        if self.protocol() == Protocol::Grpc {
            self.code = Code::of(trailers).or(self.code);
        }
    }

    pub(crate) fn end(&mut self, failure: Option<Failure>) {
        if mem::replace(&mut self.ended, true) {
            return;
        }
        let families = self.entry.families();
        let end = match families.protocol {
            Protocol::Http => End::http(families.side, self.status, failure),
            Protocol::Grpc => End::grpc(self.status, self.code, failure),
        };
        self.span.end(families.protocol, families.side, end);
        self.entry.end(end, self.started, self.ids());
    }

    fn ids(&self) -> Ids {
        let sampled = self.context.as_ref().filter(|context| context.is_sampled());
        sampled.map_or(Ids::default(), |context| Ids {
            trace: context.trace_id(),
            span: context.span_id(),
        })
    }

    fn protocol(&self) -> Protocol {
        self.entry.families().protocol
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let whole = self.status.is_some() && self.left == Some(0);
        let failure = match (self.working, whole) {
            (true, _) => Some(Failure::Panic),
            (false, true) => None,
            (false, false) => Some(Failure::Cancelled),
        };
        self.end(failure);
    }
}
