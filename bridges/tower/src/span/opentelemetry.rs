//! The context of a span, from OpenTelemetry's layer and to it.

use crate::trace::TraceContext;
use http::HeaderValue;
use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use tracing::Span;
use tracing_opentelemetry::{OpenTelemetrySpanExt as _, SetParentError};

pub(super) fn adopt(span: &Span, parent: Option<&TraceContext>) -> Option<TraceContext> {
    if let Some(parent) = parent {
        let parent = Context::new().with_remote_span_context(remote(parent));
        match span.set_parent(parent) {
            // A layer that starts a span as it is made chose the ids below.
            Ok(()) | Err(SetParentError::AlreadyStarted) => {}
            Err(SetParentError::LayerNotFound | SetParentError::SpanDisabled) => return None,
        }
    }
    let context = span.context();
    let active = context.span();
    let context = active.span_context();
    let state = HeaderValue::try_from(context.trace_state().header()).ok();
    context.is_valid().then(|| {
        TraceContext::with_ids(
            state.filter(|state| !state.is_empty()),
            u128::from_be_bytes(context.trace_id().to_bytes()),
            u64::from_be_bytes(context.span_id().to_bytes()),
            context.trace_flags().to_u8(),
        )
    })
}

fn remote(parent: &TraceContext) -> SpanContext {
    SpanContext::new(
        TraceId::from(parent.trace_id()),
        SpanId::from(parent.span_id()),
        TraceFlags::new(parent.flags()),
        true,
        // Its own rules for a list are stricter.
        parent.state().and_then(|state| state.parse::<TraceState>().ok()).unwrap_or_default(),
    )
}
