//! Where the ids of the calling thread's trace and span come from.

/// A function that returns the ids of the calling thread's trace and span, those of W3C's trace
/// context. `None` without a trace. It is a hook for [`tickmetrics::exemplar::set_hook`], too.
pub type TraceIds = fn() -> Option<(u128, u64)>;

/// The trace and the span of OpenTelemetry that the calling thread is in, as `tracing-opentelemetry`
/// enters them.
///
/// The ids are read from OpenTelemetry's current context, at the moment of the question. A span gets
/// its final id when it is entered: an id that was read before, from the span itself, can be another
/// one. `tracing-opentelemetry` makes the context of the entered span the current one, unless its
/// `with_context_activation(false)` turned that off.
#[cfg(feature = "opentelemetry")]
pub mod otel {
    use opentelemetry::Context;
    use opentelemetry::trace::{SpanContext, TraceContextExt};
    use std::panic::catch_unwind;

    /// The ids of the current trace and span if the trace is sampled: a [hook] for exemplars, since
    /// an exemplar of another trace leads nowhere.
    ///
    /// [hook]: tickmetrics::exemplar::set_hook
    pub fn sampled() -> Option<(u128, u64)> {
        current(SpanContext::is_sampled)
    }

    /// The ids of the current trace and span, sampled or not: for logs.
    pub fn any() -> Option<(u128, u64)> {
        current(|_| true)
    }

    fn current(is_asked: fn(&SpanContext) -> bool) -> Option<(u128, u64)> {
        let ids = || {
            Context::map_current(|context| {
                let span = context.span();
                let ids = span.span_context();
                (ids.is_valid() && is_asked(ids)).then(|| {
                    let span = u64::from_be_bytes(ids.span_id().to_bytes());
                    (u128::from_be_bytes(ids.trace_id().to_bytes()), span)
                })
            })
        };
        // OpenTelemetry panics if the thread is ending and its context is gone, or if it is being
        // changed. Then the thread has no trace.
        catch_unwind(ids).unwrap_or_default()
    }
}
