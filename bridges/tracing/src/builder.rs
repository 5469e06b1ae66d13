use crate::recorder::{Asked, Predicate, Recorder, Settings};
use crate::sites::Sites;
use crate::trace::TraceIds;
use std::fmt;
use std::time::Duration;
use tickmetrics::{Description, RegisterError, Registry};
use tracing_core::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::registry::LookupSpan;

/// Labels that are not those of fields.
const TAKEN: [&str; 5] = ["span", "target", "le", "quantile", "otel_metric_overflow"];

/// A layer that times spans and counts events, with these settings:
///
/// | | default |
/// |---|---|
/// | spans, events | those of the levels error, warn and info |
/// | fields | none: the time of all spans of one name is one series |
/// | series | 2,000 of spans, 1,000 of events |
///
/// ```
/// use tracing_subscriber::layer::SubscriberExt;
/// # use tickmetrics::Registry;
///
/// # let registry = Registry::new();
/// let metrics = tickmetrics_tracing::layer()
///     .fields(["venue"])
/// #   .registry(&registry)
///     .build()?;
/// let subscriber = tracing_subscriber::registry().with(metrics);
/// # tracing::subscriber::with_default(subscriber, || {
/// // ... `subscriber.init()`, and then
/// let span = tracing::info_span!("submit", venue = "xnas", quantity = 100);
/// span.in_scope(|| tracing::warn!("late"));
/// # });
///
/// # let snapshot = registry.snapshot();
/// let labels = [("span", "submit"), ("venue", "xnas")];
/// assert_eq!(snapshot.histogram("tracing_span_busy_seconds", &labels).unwrap().count(), 1);
/// let labels = [("level", "warn"), ("target", module_path!())];
/// assert_eq!(snapshot.counter("tracing_events_total", &labels), Some(1));
/// # Ok::<(), tickmetrics_tracing::BuildError>(())
/// ```
pub fn layer() -> Builder {
    let is_info = |metadata: &Metadata<'_>| *metadata.level() <= Level::INFO;
    Builder {
        registry: None,
        spans: Box::new(is_info),
        events: Box::new(is_info),
        fields: Vec::new(),
        has_target: false,
        edges: None,
        native: None,
        trace_ids: None,
        most_spans: 2_000,
        most_events: 1_000,
    }
}

/// Settings of a layer. [`layer`] makes one.
#[must_use = "call `build`"]
pub struct Builder {
    registry: Option<Registry>,
    spans: Predicate,
    events: Predicate,
    fields: Vec<String>,
    has_target: bool,
    edges: Option<Vec<u64>>,
    native: Option<i8>,
    trace_ids: Option<TraceIds>,
    most_spans: usize,
    most_events: usize,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("fields", &self.fields).finish_non_exhaustive()
    }
}

impl Builder {
    /// The registry of the metrics; the process's own by default.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = Some(registry.clone());
        self
    }

    /// The spans that are timed. The function is asked once for each callsite, so that others cost
    /// nothing.
    ///
    /// ```
    /// use tracing_core::Level;
    ///
    /// let builder = tickmetrics_tracing::layer()
    ///     .spans(|span| span.target().starts_with("gateway") && *span.level() <= Level::DEBUG)
    ///     .events(|event| *event.level() == Level::ERROR);
    /// ```
    pub fn spans(
        mut self,
        is_asked: impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.spans = Box::new(is_asked);
        self
    }

    /// The events that are counted. The function is asked once for each callsite.
    pub fn events(
        mut self,
        is_asked: impl Fn(&Metadata<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.events = Box::new(is_asked);
        self
    }

    /// The fields of spans whose values become labels, under their own names. A span that has none of
    /// them, or no value for one, has no such label.
    ///
    /// Each value is a series: name fields that have few values. Values beyond the [series](Self::most_spans)
    /// are counted together. A value is cut after 128 bytes.
    pub fn fields<I: Into<String>>(mut self, names: impl IntoIterator<Item = I>) -> Self {
        self.fields.extend(names.into_iter().map(Into::into));
        self
    }

    /// Gives the times of spans a label `target`, which tells spans of one name apart.
    pub fn with_target(mut self) -> Self {
        self.has_target = true;
        self
    }

    /// The upper edges of the buckets. The default is that of
    /// [`Description::buckets`](tickmetrics::Description::buckets).
    pub fn buckets(mut self, edges: impl IntoIterator<Item = Duration>) -> Self {
        let nanos = |edge: Duration| u64::try_from(edge.as_nanos()).unwrap_or(u64::MAX);
        self.edges = Some(edges.into_iter().map(nanos).collect());
        self
    }

    /// Native buckets as well: see [`Description::native`](tickmetrics::Description::native).
    pub fn native(mut self, schema: i8) -> Self {
        self.native = Some(schema);
        self
    }

    /// Attaches exemplars to the times of spans. The function is asked when a span is entered, until
    /// it names a trace: `otel::sampled`, with the feature `opentelemetry`, or
    /// [`exemplar::current`](tickmetrics::exemplar::current).
    ///
    /// `tracing-opentelemetry`'s layer must come first, so that its span is the current one by then:
    /// `registry().with(telemetry).with(metrics)`.
    pub fn exemplars(mut self, trace_ids: TraceIds) -> Self {
        self.trace_ids = Some(trace_ids);
        self
    }

    /// The most series of each of the three metrics of spans: 2,000 by default. Spans of further
    /// labels are counted in a series with `otel_metric_overflow="true"`.
    pub fn most_spans(mut self, series: usize) -> Self {
        self.most_spans = series;
        self
    }

    /// The most series of events, 1,000 by default.
    pub fn most_events(mut self, series: usize) -> Self {
        self.most_events = series;
        self
    }

    /// Registers the metrics, and makes the layer.
    ///
    /// It is filtered: it sees only what is asked for, and other layers see what they would see
    /// without it. If it is the only layer, other spans and events are not even made.
    ///
    /// # Errors
    /// - [`BuildError::Field`] for a field whose name can't be that of a label.
    /// - [`BuildError::Register`] if the registry has other metrics of these names, or if it has no room,
    ///   or buckets do not rise.
    pub fn build<S>(self) -> Result<Filtered<Recorder, Asked, S>, BuildError>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if let Some(name) = self.fields.iter().find(|name| !is_label(name)) {
            return Err(BuildError::Field(name.clone()));
        }
        let registry = self.registry.as_ref().unwrap_or(Registry::global());
        let describe = |name, help| {
            let mut description = Description::new(name, help).unit("seconds");
            if let Some(edges) = &self.edges {
                description = description.buckets(edges.iter().copied());
            }
            self.native.map_or(description.clone(), |schema| description.native(schema))
        };
        let durations = [
            ("tracing_span_duration_seconds", "Time from the start of a span to its end."),
            ("tracing_span_busy_seconds", "Time during which a span was entered."),
            ("tracing_span_idle_seconds", "Time during which a span was not entered."),
        ];
        let [duration, busy, idle] = durations
            .map(|(name, help)| registry.register_dynamic(&describe(name, help), self.most_spans));
        let events = Description::new("tracing_events_total", "Events, by level and target.");
        let (recorder, asked) = Recorder::new(Settings {
            durations: [duration?, busy?, idle?],
            counts: registry.register_dynamic(&events, self.most_events)?,
            spans: self.spans,
            events: self.events,
            fields: self.fields,
            has_target: self.has_target,
            trace_ids: self.trace_ids,
            sites: Sites::new(),
        });
        Ok(recorder.with_filter(asked))
    }
}

/// Whether a field's name can be that of a label.
fn is_label(name: &str) -> bool {
    !name.is_empty() && !name.starts_with("__") && !TAKEN.contains(&name)
}

/// Why there is no layer.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The field can't be a label.
    Field(String),
    /// A metric could not be registered.
    Register(RegisterError),
}

impl From<RegisterError> for BuildError {
    fn from(error: RegisterError) -> Self {
        Self::Register(error)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(
                f,
                "the field `{}` can't be a label: a label's name is not empty, does not begin with \
                 `__`, and is none of {}; give the field another name",
                name.escape_debug(),
                TAKEN.join(", ")
            ),
            Self::Register(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Field(_) => None,
            Self::Register(error) => Some(error),
        }
    }
}
