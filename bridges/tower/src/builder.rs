use crate::descriptor::{self, DescriptorError};
use crate::end::{Protocol, Side};
use crate::layer::RequestLayer;
use http::HeaderName;
use std::time::Duration;
use tickmetrics::{RegisterError, Registry};

/// Settings of a [`RequestLayer`].
#[derive(Clone, Debug)]
#[must_use = "call `build`"]
pub struct RequestLayerBuilder {
    settings: Settings,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) protocol: Protocol,
    pub(crate) side: Side,
    pub(crate) registry: Option<Registry>,
    pub(crate) constants: Vec<(String, String)>,
    pub(crate) max_series: usize,
    pub(crate) edges: Option<Vec<u64>>,
    pub(crate) native: Option<i8>,
    pub(crate) head_duration: bool,
    /// Known methods of a gRPC server, as paths. `None`: they are learned.
    pub(crate) methods: Option<Vec<String>>,
    pub(crate) traces: Option<TraceSettings>,
}

#[derive(Clone, Debug)]
pub(crate) struct TraceSettings {
    /// Where the trace id is put in an answer.
    pub(crate) header: Option<HeaderName>,
    /// Whether a caller's trace is gone on with.
    pub(crate) from_callers: bool,
    /// New traces whose last 56 bits are below this are sampled.
    pub(crate) sampled_below: u64,
}

/// The bits of a trace id that level 2 of W3C's recommendation promises to be random.
const RANDOM_BITS: u32 = 56;

impl TraceSettings {
    pub(crate) fn samples(&self, trace_id: u128) -> bool {
        #[expect(clippy::cast_possible_truncation, reason = "the low bits")]
        let random = trace_id as u64 & ((1 << RANDOM_BITS) - 1);
        random < self.sampled_below
    }
}

impl RequestLayerBuilder {
    pub(crate) fn new(protocol: Protocol, side: Side) -> Self {
        let header = match side {
            Side::Server => Some(HeaderName::from_static("x-trace-id")),
            Side::Client => None,
        };
        let traces = TraceSettings { header, from_callers: true, sampled_below: 1 << RANDOM_BITS };
        Self {
            settings: Settings {
                protocol,
                side,
                registry: None,
                constants: Vec::new(),
                max_series: 2_000,
                edges: None,
                native: None,
                head_duration: false,
                methods: None,
                traces: Some(traces),
            },
        }
    }

    /// The registry of the metrics; the process's own by default.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.settings.registry = Some(registry.clone());
        self
    }

    /// A label with the same value on every series, such as `peer="billing"` of a client.
    pub fn constant(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.constants.push((name.into(), value.into()));
        self
    }

    /// The most series of each metric; 2,000 by default. Requests beyond share one series with
    /// `otel_metric_overflow="true"`.
    pub fn max_series(mut self, most: usize) -> Self {
        self.settings.max_series = most;
        self
    }

    /// The upper edges of the histograms' buckets, rising, an hour at most. The default is 100 µs to
    /// 60 s in 18 steps.
    pub fn buckets(mut self, edges: impl IntoIterator<Item = Duration>) -> Self {
        let nanos = |edge: Duration| u64::try_from(edge.as_nanos()).unwrap_or(u64::MAX);
        self.settings.edges = Some(edges.into_iter().map(nanos).collect());
        self
    }

    /// Adds native buckets to the histograms, as
    /// [`Description::native`](tickmetrics::Description::native) describes.
    pub fn native(mut self, schema: i8) -> Self {
        self.settings.native = Some(schema);
        self
    }

    /// Adds a histogram of the time to the head of a response: `…_response_head_seconds`. The time to
    /// the end of its body is always there.
    pub fn head_duration(mut self) -> Self {
        self.settings.head_duration = true;
        self
    }

    /// A method of a gRPC server: `method("orders.v1.Orders", "Get")`. Requests for methods that were
    /// not named are counted as `unmatched`.
    ///
    /// Without a name or a [descriptor](Self::descriptor_set) a layer learns its methods: a method is
    /// `unmatched` until it first answers with a message or with OK. A stranger can't make it learn a
    /// name, but a method that has only failed so far is not known either.
    pub fn method(mut self, service: &str, method: &str) -> Self {
        let path = format!("/{service}/{method}");
        self.settings.methods.get_or_insert_default().push(path);
        self
    }

    /// All methods of a gRPC server from its encoded `FileDescriptorSet`, which
    /// `tonic_prost_build::Builder::file_descriptor_set_path` writes. See [`method`](Self::method).
    ///
    /// # Errors
    /// The bytes are not those of a `FileDescriptorSet`.
    pub fn descriptor_set(mut self, encoded: &[u8]) -> Result<Self, DescriptorError> {
        let methods = descriptor::methods(encoded)?;
        self.settings.methods.get_or_insert_default().extend(methods);
        Ok(self)
    }

    /// The header of a server's answer with the trace id; `x-trace-id` by default. An answer that has
    /// the header keeps its own.
    pub fn trace_header(mut self, name: HeaderName) -> Self {
        self.traces(|traces| traces.header = Some(name));
        self
    }

    /// Leaves the trace id out of answers.
    pub fn without_trace_header(mut self) -> Self {
        self.traces(|traces| traces.header = None);
        self
    }

    /// Starts a new trace for each request of a server, for one that strangers reach: the ids of their
    /// headers are not used.
    pub fn new_traces(mut self) -> Self {
        self.traces(|traces| traces.from_callers = false);
        self
    }

    /// The share of new traces that are sampled, 0 to 1; 1 by default. Traces of callers and of
    /// OpenTelemetry keep their own decision. Only a sampled trace becomes an exemplar, since of
    /// others there are no spans.
    pub fn sampled(mut self, share: f64) -> Self {
        let all = (1_u64 << RANDOM_BITS) as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to 2^56, and 0 for NaN"
        )]
        self.traces(|traces| traces.sampled_below = (share.clamp(0.0, 1.0) * all) as u64);
        self
    }

    /// Reads, makes and passes on no traces. Spans and exemplars then have no ids of this layer.
    pub fn without_traces(mut self) -> Self {
        self.settings.traces = None;
        self
    }

    fn traces(&mut self, change: impl FnOnce(&mut TraceSettings)) {
        self.settings.traces.as_mut().map(change);
    }

    /// The layer. Build it once and clone it: each clone counts in the same series.
    ///
    /// # Errors
    /// A setting that no metric can have, such as falling edges, or a metric of the same name and other
    /// properties.
    pub fn build(self) -> Result<RequestLayer, RegisterError> {
        RequestLayer::of(self.settings)
    }
}
