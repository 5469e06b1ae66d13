use super::escape::push_string;
use super::object::{EventFields, Fields, LogTarget, Message, Writer};
use super::time;
use crate::trace::TraceIds;
use std::cell::RefCell;
use std::fmt::{self, Write as _};
use std::io::{self, Write as _};
use std::time::SystemTime;
use tickmetrics::exemplar;
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

thread_local! {
    /// The line of the last event, for its memory.
    static LINE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A larger line's memory is not kept.
const KEPT_BYTES: usize = 16 << 10;

/// A layer that writes each event as a line of JSON:
///
/// ```json
/// {"timestamp":"2026-11-30T00:40:56.000001Z","level":"WARN","target":"gateway","message":"late","fields":{"order":7},"span":{"name":"submit","fields":{"venue":"xnas"}},"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7"}
/// ```
///
/// `trace_id` and `span_id` have the form of W3C's trace context. They are those of the calling
/// thread, at the moment of the event. `message`, `fields`, `span`, its `fields` and the ids are left
/// out where there are none. `span` is the innermost one.
///
/// Each line is an object whose keys differ, whatever names and values fields have: control
/// characters are escaped, so that a line is one line; of two fields with one name, an event has the
/// first one, and a span the last one. Numbers that JSON does not have, as NaN, are strings; so are
/// values of `Debug` and `Display`, and errors with their sources.
///
/// A record of the crate `log`, by `tracing-log`, has its own target.
///
/// A line is one write. An error of the writer is ignored, as there is nobody to tell.
///
/// ```
/// use tickmetrics::exemplar::Scope;
/// use tickmetrics_tracing::JsonLogs;
/// use tracing_subscriber::layer::SubscriberExt;
///
/// let subscriber = tracing_subscriber::registry().with(JsonLogs::new());
/// tracing::subscriber::with_default(subscriber, || {
///     let _scope = Scope::enter(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x00f0_67aa_0ba9_02b7);
///     tracing::info!(order = 7, "late");
/// });
/// ```
#[derive(Clone)]
pub struct JsonLogs<W = fn() -> io::Stdout> {
    make_writer: W,
    trace_ids: TraceIds,
}

impl JsonLogs {
    /// Logs on standard output, with the ids of the thread's [`Scope`](exemplar::Scope).
    pub fn new() -> Self {
        Self { make_writer: io::stdout, trace_ids: exemplar::current }
    }
}

impl Default for JsonLogs {
    fn default() -> Self {
        Self::new()
    }
}

impl<W> JsonLogs<W> {
    /// Where lines are written to: a file, standard error, or a writer that puts them in a queue.
    #[must_use]
    pub fn with_writer<V>(self, make_writer: V) -> JsonLogs<V>
    where
        V: for<'w> MakeWriter<'w> + 'static,
    {
        JsonLogs { make_writer, trace_ids: self.trace_ids }
    }

    /// Where ids come from: `otel::any`, with the feature `opentelemetry`, or a function of your own.
    #[must_use]
    pub fn trace_ids(self, trace_ids: TraceIds) -> Self {
        Self { trace_ids, ..self }
    }
}

impl<W> fmt::Debug for JsonLogs<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLogs").finish_non_exhaustive()
    }
}

impl<S, W> Layer<S> for JsonLogs<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.fields().is_empty() {
            return;
        }
        let mut fields = Fields::default();
        attributes.record(&mut Writer(&mut fields));
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(fields);
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        // Not under the lock: to write a value can be to use its span.
        let mut new = Fields::default();
        record.record(&mut Writer(&mut new));
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            fields.take(new);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        // To write a value can be to log: then the inner event has a line of its own.
        let mut line = LINE.try_with(RefCell::take).unwrap_or_default();
        line.clear();
        self.push_line(&mut line, event, &context);
        let _ = self.make_writer.make_writer_for(event.metadata()).write_all(line.as_bytes());
        if line.capacity() <= KEPT_BYTES {
            let _ = LINE.try_with(|kept| kept.replace(line));
        }
    }
}

impl<W> JsonLogs<W> {
    fn push_line<S>(&self, line: &mut String, event: &Event<'_>, context: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        push_head(line, event);
        let all = event.metadata().fields();
        event.record(&mut Writer(Message { out: line, all }));
        let mut fields = Writer(EventFields { out: line, all, is_open: false });
        event.record(&mut fields);
        if fields.0.is_open {
            line.push('}');
        }
        if let Some(span) = context.event_span(event) {
            line.push_str(",\"span\":{\"name\":");
            push_string(line, &span.name());
            if let Some(fields) = span.extensions().get::<Fields>()
                && !fields.is_empty()
            {
                line.push_str(",\"fields\":{");
                fields.push_to(line);
                line.push('}');
            }
            line.push('}');
        }
        if let Some((trace, span)) = (self.trace_ids)().filter(|(trace, _)| *trace != 0) {
            // A string has no errors.
            let _ = write!(line, ",\"trace_id\":\"{trace:032x}\"");
            if span != 0 {
                let _ = write!(line, ",\"span_id\":\"{span:016x}\"");
            }
        }
        line.push_str("}\n");
    }
}

fn push_head(line: &mut String, event: &Event<'_>) {
    let metadata = event.metadata();
    line.push_str("{\"timestamp\":\"");
    time::push(line, SystemTime::now());
    line.push_str("\",\"level\":\"");
    line.push_str(metadata.level().as_str());
    line.push_str("\",\"target\":");
    let mut of_log = LogTarget::default();
    if metadata.target() == "log" {
        event.record(&mut Writer(&mut of_log));
    }
    match of_log.text() {
        Some(target) => line.push_str(target),
        None => push_string(line, &metadata.target()),
    }
}
