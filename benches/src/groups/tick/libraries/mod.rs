//! The libraries, each in its own words.

mod fast_telemetry;
mod fastmetrics;
mod measured;
mod metrics;
mod metriken;
mod opentelemetry;
mod own;
mod prometheus;
mod prometheus_client;
mod started;

pub(super) use fast_telemetry::FastTelemetry;
pub(super) use fastmetrics::FastMetrics;
pub(super) use measured::Measured;
pub(super) use metriken::Metriken;
pub(super) use own::{Nothing, Ours};
pub(super) use prometheus::Prometheus;
pub(super) use prometheus_client::PrometheusClient;
