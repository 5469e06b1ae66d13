//! An HTTP server whose metrics, logs and spans name the same traces.
//!
//! `cargo run -p tickmetrics-tower --example orders`
//!
//! Then `curl -i http://127.0.0.1:8080/orders/17` and `curl http://127.0.0.1:9464/metrics`. Spans go to an
//! OTLP collector at `OTEL_EXPORTER_OTLP_ENDPOINT`, or at `http://localhost:4317`. One that is down or
//! hangs delays no request: spans wait in a queue of their own, and those beyond its room are dropped.

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::error::Error;
use tickmetrics::Registry;
use tickmetrics_exporter::Exporter;
use tickmetrics_tower::{Connections, RequestLayer};
use tokio::net::TcpListener;
use tower::Layer as _;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

async fn order(Path(id): Path<u64>) -> String {
    tracing::info!(id, "an order is asked for");
    format!("order {id}\n")
}

/// Call it within a tokio runtime, which the exporter sends on.
fn trace() -> Result<SdkTracerProvider, Box<dyn Error>> {
    let exporter = SpanExporter::builder().with_tonic().build()?;
    let resource = Resource::builder().with_service_name("orders").build();
    let provider =
        SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("orders"));
    // INFO: at finer levels the exporter's own connection would make spans to export.
    let subscriber = tracing_subscriber::registry().with(LevelFilter::INFO);
    subscriber.with(spans).with(fmt::layer().json()).try_init()?;
    Ok(provider)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let provider = trace()?;
    let exporter = Exporter::builder().listen("127.0.0.1:9464").start()?;
    let connections = Connections::register(Registry::global())?;
    let layer = RequestLayer::http_server().native(3).build()?;
    let app = Router::new().route("/orders/{id}", get(order)).layer(layer);
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    let server = axum::serve(listener, connections.layer(app.into_make_service()));
    let ctrl_c = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
    server.with_graceful_shutdown(ctrl_c).await?;
    exporter.shutdown();
    // It waits for the last spans to be sent.
    tokio::task::spawn_blocking(move || provider.shutdown()).await??;
    Ok(())
}
