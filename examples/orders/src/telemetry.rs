//! What a service tells about itself: logs on standard output, spans by OTLP, and all metrics on one
//! endpoint.
//!
//! The order matters here and there, as the comments say.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::error::Error;
use std::net::SocketAddr;
use tickmetrics::{Registry, exemplar};
use tickmetrics_exporter::Exporter;
use tickmetrics_facade::{FacadeBuilder, Matcher};
use tickmetrics_log::LogCounts;
use tickmetrics_prometheus::PrometheusRegistry;
use tickmetrics_tokio::Tokio;
use tickmetrics_tracing::{JsonLogs, otel};
use tokio::runtime::Handle;
use tokio_metrics::TaskMonitor;
use tracing::level_filters::LevelFilter;
use tracing_log::LogTracer;
use tracing_subscriber::layer::SubscriberExt as _;

pub(crate) struct Telemetry {
    provider: SdkTracerProvider,
    exporter: Exporter,
    tasks: TaskMonitor,
}

impl Telemetry {
    /// Call it once, within a tokio runtime: spans are sent on that.
    pub(crate) fn start(
        service: &'static str,
        metrics: SocketAddr,
    ) -> Result<Self, Box<dyn Error>> {
        let provider = trace(service)?;
        logs()?;
        libraries()?;
        let tokio = Tokio::new();
        let tasks = TaskMonitor::new();
        tokio.runtime("main", &Handle::current())?.forget();
        tokio.tasks("orders", &tasks)?.forget();
        let exporter = Exporter::builder()
            // Where there is a source, it is named.
            .registry(Registry::global())
            .source(tokio)
            .source(PrometheusRegistry::new(prometheus::default_registry().clone()))
            .listen(metrics.to_string())
            .start()?;
        for address in exporter.local_addrs() {
            tracing::info!(%address, "metrics are served");
        }
        Ok(Self { provider, exporter, tasks })
    }

    /// The monitor of the tasks that work on orders.
    pub(crate) fn tasks(&self) -> TaskMonitor {
        self.tasks.clone()
    }

    /// Sends the last spans.
    pub(crate) async fn end(self) -> Result<(), Box<dyn Error>> {
        self.exporter.shutdown();
        // It waits, and the runtime must not.
        let shutdown = move || self.provider.shutdown();
        tokio::task::spawn_blocking(shutdown).await??;
        Ok(())
    }
}

/// Spans for OpenTelemetry, their metrics, the logs, and the exemplars of the service's own metrics:
/// the same ids in all of them.
fn trace(service: &'static str) -> Result<SdkTracerProvider, Box<dyn Error>> {
    let exporter = SpanExporter::builder().with_tonic().build()?;
    let resource = Resource::builder().with_service_name(service).build();
    let provider =
        SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
    let subscriber = tracing_subscriber::registry()
        // At finer levels the connection to the collector would make spans to send there.
        .with(LevelFilter::INFO)
        // First: the others ask for the span that it entered.
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer(service)))
        .with(tickmetrics_tracing::layer().fields(["side"]).exemplars(otel::sampled).build()?)
        .with(JsonLogs::new().trace_ids(otel::any));
    // Not `init`: with the feature `tracing-log` of tracing-subscriber, that takes the place of the
    // logger of the crate `log`.
    tracing::subscriber::set_global_default(subscriber)?;
    exemplar::set_hook(otel::sampled)?;
    Ok(provider)
}

/// Records of the crate `log` are counted, and become events of `tracing`, which are logged.
fn logs() -> Result<(), Box<dyn Error>> {
    LogCounts::new(Registry::global())
        .by_target(200)
        .wrap(LogTracer::new())?
        .install(log::LevelFilter::Info)?;
    Ok(())
}

/// What libraries count through the crate `metrics`.
fn libraries() -> Result<(), Box<dyn Error>> {
    let edges = [0.0001, 0.001, 0.01, 0.1, 1.0];
    let seconds = Matcher::Suffix("_seconds".into());
    FacadeBuilder::new()
        .recommended_naming(true)
        .buckets_for(seconds, edges)
        .exemplars()
        .install()?;
    Ok(())
}
