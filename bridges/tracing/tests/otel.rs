//! The ids of OpenTelemetry, as its exporter gets them.

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{InMemorySpanExporter, Sampler, SdkTracerProvider};
use std::time::Duration;
use tickmetrics::{Description, Histogram, Registry, exemplar};
use tickmetrics_tracing::otel;
use tracing::{Instrument, info_span};
use tracing_subscriber::layer::SubscriberExt;

struct Telemetry {
    exporter: InMemorySpanExporter,
    provider: SdkTracerProvider,
}

impl Telemetry {
    fn new(sampler: Sampler) -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_simple_exporter(exporter.clone())
            .build();
        Self { exporter, provider }
    }

    /// Runs a program under OpenTelemetry's layer and ours.
    fn run(&self, registry: &Registry, program: impl FnOnce()) {
        let metrics = tickmetrics_tracing::layer().exemplars(otel::sampled).registry(registry);
        let telemetry = tracing_opentelemetry::layer().with_tracer(self.provider.tracer("test"));
        let subscriber =
            tracing_subscriber::registry().with(telemetry).with(metrics.build().unwrap());
        tracing::subscriber::with_default(subscriber, program);
    }

    /// The ids of an exported span.
    fn ids(&self, name: &str) -> (u128, u64) {
        let spans = self.exporter.get_finished_spans().unwrap();
        let span = spans.iter().find(|span| span.name == name).unwrap();
        let ids = &span.span_context;
        let span = u64::from_be_bytes(ids.span_id().to_bytes());
        (u128::from_be_bytes(ids.trace_id().to_bytes()), span)
    }
}

fn exemplars(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> Vec<(u128, u64)> {
    let snapshot = registry.snapshot();
    let one = snapshot.histogram(name, labels).unwrap();
    one.exemplars().map(|one| (one.trace_id, one.span_id)).collect()
}

#[test]
fn a_span_has_itself_as_its_exemplar() {
    let (telemetry, registry) = (Telemetry::new(Sampler::AlwaysOn), Registry::new());
    telemetry.run(&registry, || {
        info_span!("outer").in_scope(|| {
            let inner = info_span!("inner");
            inner.in_scope(|| std::thread::sleep(Duration::from_millis(1)));
            inner.in_scope(|| {});
        });
    });
    for name in ["outer", "inner"] {
        for metric in ["tracing_span_duration_seconds", "tracing_span_busy_seconds"] {
            let exemplars = exemplars(&registry, metric, &[("span", name)]);
            assert_eq!(exemplars, [telemetry.ids(name)], "{name}");
        }
    }
    assert_eq!(telemetry.ids("outer").0, telemetry.ids("inner").0);
}

#[test]
fn the_hook_of_records_is_the_current_span() {
    let (telemetry, registry) = (Telemetry::new(Sampler::AlwaysOn), Registry::new());
    // The other tests use their own threads' contexts.
    let _ = exemplar::set_hook(otel::sampled);
    let description = Description::new("wait", "Waited.").exemplars();
    let wait: Histogram = registry.register(&description).unwrap();
    telemetry.run(&registry, || {
        wait.record(1); // of no trace
        info_span!("outer").in_scope(|| {
            let call = async { drop(wait.start()) };
            let future = std::pin::pin!(call.instrument(info_span!("call")));
            assert!(tests::polling::poll(future).is_ready());
        });
    });
    assert_eq!(exemplars(&registry, "wait", &[]), [telemetry.ids("call")]);
}

#[test]
fn a_trace_that_is_not_sampled_is_no_exemplar() {
    let (telemetry, registry) = (Telemetry::new(Sampler::AlwaysOff), Registry::new());
    telemetry.run(&registry, || {
        info_span!("call").in_scope(|| {
            assert_eq!(otel::sampled(), None);
            assert!(otel::any().is_some_and(|(trace, span)| trace != 0 && span != 0));
        });
        assert_eq!(otel::any(), None);
    });
    let exemplars = exemplars(&registry, "tracing_span_busy_seconds", &[("span", "call")]);
    assert_eq!(exemplars, []);
}

#[test]
fn a_thread_that_ends_has_no_trace() {
    struct Ends;
    impl Drop for Ends {
        fn drop(&mut self) {
            // OpenTelemetry's context is gone: it was made after this.
            assert_eq!(otel::any(), None);
        }
    }
    thread_local! {
        static ENDS: Ends = const { Ends };
    }
    let thread = std::thread::spawn(|| {
        ENDS.with(|_| ());
        assert_eq!(otel::any(), None);
    });
    thread.join().unwrap();
}
