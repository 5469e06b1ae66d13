//! The context of a request: from its caller, from OpenTelemetry, or a new one.

use super::TraceContext;
use crate::builder::TraceSettings;
use crate::span::Span;
use http::{HeaderMap, Request};
use std::time::Instant;

impl TraceSettings {
    pub(crate) fn of_server(&self, span: &Span, headers: &HeaderMap, now: Instant) -> TraceContext {
        let parent = if self.from_callers { TraceContext::read(headers) } else { None };
        span.adopt(parent.as_ref()).unwrap_or_else(|| self.child_of(parent, now))
    }

    /// Writes the context into the request's headers, too.
    pub(crate) fn of_client<B>(
        &self,
        span: &Span,
        request: &mut Request<B>,
        now: Instant,
    ) -> TraceContext {
        let given = request.extensions().get::<TraceContext>().cloned();
        let context = if let Some(context) = span.adopt(given.as_ref()) {
            context
        } else if given.is_some() {
            self.child_of(given, now)
        } else if let Some(written) = TraceContext::read(request.headers()) {
            // The caller's own span is the parent of whoever reads it.
            return written;
        } else {
            self.child_of(TraceContext::current(), now)
        };
        context.write(request.headers_mut());
        context
    }

    fn child_of(&self, parent: Option<TraceContext>, now: Instant) -> TraceContext {
        match parent {
            Some(parent) => parent.child_at(now),
            None => TraceContext::start_at(now, |trace_id| self.samples(trace_id)),
        }
    }
}
