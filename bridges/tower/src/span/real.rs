use crate::end::{End, Failure, Protocol, Side};
use crate::trace::TraceContext;
use http::Method;
use tracing::field::{Empty, display};

/// Names of fields are those of OpenTelemetry's conventions; `trace_id` and `span_id` are for logs.
pub(crate) struct Span(tracing::Span);

impl Span {
    pub(crate) fn new(protocol: Protocol, side: Side, route: [&str; 2], method: &Method) -> Self {
        let kind = match side {
            Side::Server => "server",
            Side::Client => "client",
        };
        let [first, second] = route;
        Self(match protocol {
            Protocol::Http => tracing::info_span!(
                "http_request",
                otel.kind = kind,
                otel.name = %format_args!("{first} {second}"),
                otel.status_code = Empty,
                http.request.method = %method,
                http.route = second,
                http.response.status_code = Empty,
                error.r#type = Empty,
                trace_id = Empty,
                span_id = Empty,
            ),
            Protocol::Grpc => tracing::info_span!(
                "grpc_request",
                otel.kind = kind,
                otel.name = %format_args!("{first}/{second}"),
                otel.status_code = Empty,
                rpc.system = "grpc",
                rpc.service = first,
                rpc.method = second,
                rpc.grpc.status_code = Empty,
                error.r#type = Empty,
                trace_id = Empty,
                span_id = Empty,
            ),
        })
    }

    pub(crate) fn within<R>(&self, work: impl FnOnce() -> R) -> R {
        self.0.in_scope(work)
    }

    /// The context that OpenTelemetry gives this span, as the child of `parent`, or else of the span that
    /// the thread is in. `None` where its layer is not installed, or not asked for such spans.
    #[cfg_attr(
        not(feature = "opentelemetry"),
        expect(clippy::unused_self, reason = "asked with the feature")
    )]
    pub(crate) fn adopt(&self, parent: Option<&TraceContext>) -> Option<TraceContext> {
        #[cfg(feature = "opentelemetry")]
        return super::opentelemetry::adopt(&self.0, parent);
        #[cfg(not(feature = "opentelemetry"))]
        parent.and(None)
    }

    pub(crate) fn set_ids(&self, context: &TraceContext) {
        if !self.0.is_disabled() {
            self.0.record("trace_id", display(format_args!("{:032x}", context.trace_id())));
            self.0.record("span_id", display(format_args!("{:016x}", context.span_id())));
        }
    }

    pub(crate) fn end(&self, protocol: Protocol, side: Side, end: End) {
        if self.0.is_disabled() {
            return;
        }
        match protocol {
            Protocol::Http if end.code == End::NO_STATUS => {}
            Protocol::Http => drop(self.0.record("http.response.status_code", end.code)),
            Protocol::Grpc => drop(self.0.record("rpc.grpc.status_code", end.code)),
        }
        if let Some(failure) = end.failure {
            let text = match failure.error() {
                None => "cancelled",
                Some((_, text)) => text,
            };
            match failure {
                Failure::Status => self.0.record("error.type", display(protocol.text(end.code))),
                _ => self.0.record("error.type", text),
            };
            if end.is_error(protocol, side) {
                self.0.record("otel.status_code", "ERROR");
            }
        }
    }
}
