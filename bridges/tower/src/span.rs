//! The span of a request, for logs and for tracing systems. Without the feature `tracing` it is nothing.

#[cfg(feature = "opentelemetry")]
mod opentelemetry;
#[cfg(feature = "tracing")]
mod real;
#[cfg(feature = "tracing")]
pub(crate) use real::Span;

#[cfg(not(feature = "tracing"))]
pub(crate) use none::Span;

#[cfg(not(feature = "tracing"))]
mod none {
    use crate::end::{End, Protocol, Side};
    use crate::trace::TraceContext;
    use http::Method;

    pub(crate) struct Span;

    #[expect(clippy::unused_self, reason = "the methods of the real one")]
    impl Span {
        pub(crate) fn new(_: Protocol, _: Side, _: [&str; 2], _: &Method) -> Self {
            Self
        }

        pub(crate) fn within<R>(&self, work: impl FnOnce() -> R) -> R {
            work()
        }

        pub(crate) fn adopt(&self, _: Option<&TraceContext>) -> Option<TraceContext> {
            None
        }

        pub(crate) fn set_ids(&self, _: &TraceContext) {}

        pub(crate) fn end(&self, _: Protocol, _: Side, _: End) {}
    }
}
