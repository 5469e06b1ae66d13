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

pub(super) use fast_telemetry::FastTelemetry;
pub(super) use fastmetrics::FastMetrics;
pub(super) use measured::Measured;
pub(super) use metriken::Metriken;
pub(super) use own::{Nothing, Ours};
pub(super) use prometheus::Prometheus;
pub(super) use prometheus_client::PrometheusClient;

use std::time::Instant;

/// A histogram and when its timing began, for libraries that leave reading the clock to the user.
type Started<'a, H> = (&'a H, Instant);
