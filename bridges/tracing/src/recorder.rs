//! The layer, and the filter that leaves out what it does not ask for.

use crate::fields::Values;
use crate::sites::Sites;
use crate::timing::{Times, Timing};
use crate::trace::TraceIds;
use quanta::Instant;
use std::fmt;
use std::sync::Arc;
use tickmetrics::{Counter, Dynamic, Histogram};
use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, LevelFilter, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

/// Whether the data of a callsite are asked for.
pub(crate) type Predicate = Box<dyn Fn(&Metadata<'_>) -> bool + Send + Sync>;

/// Times spans and counts events. [`layer`](crate::layer) makes one.
///
/// A subscriber has one of them: two would keep their times in the same place of a span.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Settings>);

/// The filter of a [`Recorder`]: it lets through the spans and events that are asked for.
#[derive(Clone, Debug)]
pub struct Asked(Arc<Settings>);

pub(crate) struct Settings {
    pub(crate) spans: Predicate,
    pub(crate) events: Predicate,
    pub(crate) fields: Vec<String>,
    pub(crate) has_target: bool,
    pub(crate) trace_ids: Option<TraceIds>,
    pub(crate) durations: [Dynamic<Histogram>; 3],
    pub(crate) counts: Dynamic<Counter>,
    pub(crate) sites: Sites<Site>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("fields", &self.fields).finish_non_exhaustive()
    }
}

/// What is recorded for a callsite.
#[derive(Debug)]
pub(crate) enum Site {
    Ignored,
    Span(SpanSite),
    Event(Counter),
}

#[derive(Debug)]
pub(crate) struct SpanSite {
    /// The series, if no field becomes a label.
    durations: Option<Durations>,
    /// The fields that become labels.
    fields: Vec<&'static str>,
}

/// The whole, busy and idle time of a span.
#[derive(Clone, Copy, Debug)]
struct Durations([Histogram; 3]);

/// What a span carries.
#[derive(Debug)]
struct Open {
    timing: Timing,
    values: Values,
    /// The trace and the span when it was entered first.
    ids: Option<(u128, u64)>,
}

impl Settings {
    fn is_asked(&self, metadata: &Metadata<'_>) -> bool {
        if metadata.is_span() { (self.spans)(metadata) } else { (self.events)(metadata) }
    }

    /// What is recorded for a callsite. Mostly its registration has found it. A thread that comes by
    /// while another one registers the callsite may be first.
    fn site(&self, metadata: &'static Metadata<'static>) -> &Site {
        self.sites.get_or_init(metadata, || {
            if !self.is_asked(metadata) {
                return Site::Ignored;
            }
            if !metadata.is_span() {
                let (level, target) = (level(metadata), metadata.target());
                let labels = [("level", level), ("target", target)];
                return Site::Event(self.counts.with(&labels));
            }
            let is_label = |name: &&str| self.fields.iter().any(|asked| asked == name);
            let names = metadata.fields().iter().map(|field| field.name());
            let fields: Vec<_> = names.filter(is_label).collect();
            let durations = fields.is_empty().then(|| self.series(metadata, &Values::default()));
            Site::Span(SpanSite { durations, fields })
        })
    }

    fn series(&self, metadata: &Metadata<'static>, values: &Values) -> Durations {
        let constant = [("span", metadata.name()), ("target", metadata.target())];
        let labels = values.labels(if self.has_target { &constant } else { &constant[..1] });
        Durations(self.durations.map(|family| family.with(&labels)))
    }

    fn span(&self, metadata: &'static Metadata<'static>) -> Option<&SpanSite> {
        match self.site(metadata) {
            Site::Span(site) => Some(site),
            Site::Ignored | Site::Event(_) => None,
        }
    }
}

/// The level as a label's value.
fn level(metadata: &Metadata<'_>) -> &'static str {
    match LevelFilter::from_level(*metadata.level()) {
        LevelFilter::ERROR => "error",
        LevelFilter::WARN => "warn",
        LevelFilter::INFO => "info",
        LevelFilter::DEBUG => "debug",
        _ => "trace",
    }
}

impl Durations {
    fn record(self, Times { busy, idle }: Times, ids: Option<(u128, u64)>) {
        let (trace, span) = ids.unwrap_or_default();
        let times = [busy.saturating_add(idle), busy, idle];
        for (histogram, time) in self.0.iter().zip(times) {
            histogram.record_duration_with_exemplar(time, trace, span);
        }
    }
}

impl Recorder {
    pub(crate) fn new(settings: Settings) -> (Self, Asked) {
        let settings = Arc::new(settings);
        (Self(Arc::clone(&settings)), Asked(settings))
    }
}

impl<S> Layer<S> for Recorder
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(site) = self.0.span(attributes.metadata()) else { return };
        let mut values = Values::default();
        if !site.fields.is_empty() {
            attributes.record(&mut values.visitor(&site.fields));
        }
        if let Some(span) = context.span(id) {
            let open = Open { timing: Timing::start(Instant::now()), values, ids: None };
            span.extensions_mut().replace(open);
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let Some(site) = self.0.span(span.metadata()) else { return };
        if site.fields.is_empty() {
            return;
        }
        // Not under the lock: to write a value can be to use its span.
        let mut new = Values::default();
        record.record(&mut new.visitor(&site.fields));
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            open.values.take(new);
        }
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut asks = false;
        if let Some(open) = span.extensions_mut().get_mut::<Open>() {
            open.timing.enter(Instant::now());
            asks = open.ids.is_none();
        }
        // Not under the lock, since the function may look at the span.
        if asks
            && let Some(ids) = self.0.trace_ids.and_then(|trace_ids| trace_ids())
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            open.ids = Some(ids);
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<Open>()
        {
            open.timing.exit(Instant::now());
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let Some(site) = self.0.span(span.metadata()) else { return };
        let Some(Open { timing, values, ids }) = span.extensions_mut().remove::<Open>() else {
            return;
        };
        let times = timing.close(Instant::now());
        let series = site.durations.unwrap_or_else(|| self.0.series(span.metadata(), &values));
        series.record(times, ids);
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if let Site::Event(count) = self.0.site(event.metadata()) {
            count.inc();
        }
    }
}

impl<S> Filter<S> for Asked {
    fn callsite_enabled(
        &self,
        metadata: &'static Metadata<'static>,
    ) -> tracing_core::subscriber::Interest {
        match self.0.site(metadata) {
            Site::Ignored => tracing_core::subscriber::Interest::never(),
            Site::Span(_) | Site::Event(_) => tracing_core::subscriber::Interest::always(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        match self.0.sites.get(metadata) {
            Some(Site::Ignored) => false,
            Some(Site::Span(_) | Site::Event(_)) => true,
            // Made at run time, as for a record of the crate log.
            None => self.0.is_asked(metadata),
        }
    }
}
