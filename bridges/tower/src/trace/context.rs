use super::parse::{self, KNOWN_FLAGS, Parent, SAMPLED};
use super::state::{self, TRACESTATE};
use super::{current, random};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;
use std::time::Instant;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The place of a request in a trace, as W3C's headers `traceparent` and `tracestate` pass it on.
///
/// A server layer makes one for each request. The code that answers the request gets it by
/// [`current`](Self::current).
///
/// ```
/// use tickmetrics_tower::TraceContext;
///
/// let mut headers = http::HeaderMap::new();
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// headers.insert("traceparent", header.parse()?);
/// let parent = TraceContext::read(&headers).unwrap();
/// assert_eq!(parent.span_id(), 0x00f0_67aa_0ba9_02b7);
/// assert!(parent.is_sampled());
///
/// let child = parent.child();
/// assert_eq!(child.trace_id(), parent.trace_id());
/// child.write(&mut headers);
/// assert_eq!(TraceContext::read(&headers), Some(child));
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    ids: Parent,
    state: Option<HeaderValue>,
}

impl TraceContext {
    /// A span of a trace. `None` if an id is 0, which W3C forbids.
    pub fn new(trace_id: u128, span_id: u64, sampled: bool) -> Option<Self> {
        let ids = Parent { trace_id, span_id, flags: u8::from(sampled) };
        (trace_id != 0 && span_id != 0).then_some(Self { ids, state: None })
    }

    /// A new trace, with random ids.
    pub fn start(sampled: bool) -> Self {
        Self::start_at(Instant::now(), |_| sampled)
    }

    /// A new trace that is sampled if `sampled` holds of its id.
    pub(crate) fn start_at(now: Instant, sampled: impl FnOnce(u128) -> bool) -> Self {
        let trace_id = random::trace_id(now);
        let flags = u8::from(sampled(trace_id));
        Self { ids: Parent { trace_id, span_id: random::id(now), flags }, state: None }
    }

    /// The context in a request's headers. `None` without a `traceparent`, with several, and with one
    /// that is not valid. A `tracestate` that is not valid is left out.
    pub fn read(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let ids = parse::parse(values.next()?.as_bytes())?;
        values.next().is_none().then(|| Self { ids, state: state::read(headers) })
    }

    /// Sets both headers, in place of those that are there.
    pub fn write(&self, headers: &mut HeaderMap) {
        // Digits and `-` are a valid value.
        if let Ok(parent) = HeaderValue::from_bytes(&parse::write(self.ids)) {
            headers.insert(TRACEPARENT, parent);
        }
        match &self.state {
            Some(state) => drop(headers.insert(TRACESTATE, state.clone())),
            None => drop(headers.remove(TRACESTATE)),
        }
    }

    /// The context of the request that this thread is working on: that of the innermost layer with traces
    /// whose service, response future or response body is being called or polled.
    ///
    /// A task of its own (`tokio::spawn`) has none. Get it before, and give it to the requests that the
    /// task makes: a client layer takes it from a request's
    /// [extensions](http::Request::extensions_mut).
    pub fn current() -> Option<Self> {
        current::get()
    }

    /// Another span of this trace.
    #[must_use]
    pub fn child(&self) -> Self {
        self.child_at(Instant::now())
    }

    pub(crate) fn child_at(&self, now: Instant) -> Self {
        let ids = Parent { span_id: random::id(now), ..self.ids };
        Self { ids, state: self.state.clone() }
    }

    /// The trace, never 0.
    pub fn trace_id(&self) -> u128 {
        self.ids.trace_id
    }

    /// The span of this request within the trace, never 0.
    pub fn span_id(&self) -> u64 {
        self.ids.span_id
    }

    /// Whether spans of this trace are recorded, as far as the caller knows.
    pub fn is_sampled(&self) -> bool {
        self.ids.flags & SAMPLED != 0
    }

    /// The flags as in the header: 1 for sampled, 2 for a random trace id.
    pub fn flags(&self) -> u8 {
        self.ids.flags & KNOWN_FLAGS
    }

    /// The list of other systems' entries, as in the header `tracestate`.
    pub fn state(&self) -> Option<&str> {
        self.state.as_ref().and_then(|state| state.to_str().ok())
    }

    /// The trace id, as a header's value.
    pub(crate) fn trace_id_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(&parse::hex::<32>(self.trace_id())).ok()
    }

    /// This context with the ids and flags that another library chose.
    #[cfg(feature = "opentelemetry")]
    pub(crate) fn with_ids(
        state: Option<HeaderValue>,
        trace_id: u128,
        span_id: u64,
        flags: u8,
    ) -> Self {
        Self { ids: Parent { trace_id, span_id, flags: flags & KNOWN_FLAGS }, state }
    }
}

/// The header `traceparent`.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parent { trace_id, span_id, flags } = self.ids;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
    }
}
