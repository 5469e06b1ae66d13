//! The gateway on its way: orders have moved to `tickmetrics`, the rest is still `prometheus`.

use crate::after::{Side, Venue};
use prometheus::{IntCounterVec, IntGauge, register_int_counter_vec, register_int_gauge};
use std::time::Duration;
use tickmetrics::prelude::*;
use tickmetrics_exporter::{Exporter, StartError};
use tickmetrics_prometheus::PrometheusRegistry;

#[derive(Metrics)]
#[metrics(prefix = "gateway")]
struct OrderMetrics {
    /// Orders sent.
    orders: Counter<(Side, Venue)>,
    /// Time to acknowledge an order.
    #[metric(unit = "seconds", buckets = ["100us", "1ms", "10ms", "100ms"])]
    order_latency: Histogram,
}

pub struct Gateway {
    metrics: &'static OrderMetrics,
    open_connections: IntGauge,
    rejects: IntCounterVec,
}

impl Gateway {
    pub fn new() -> prometheus::Result<Self> {
        Ok(Self {
            metrics: OrderMetrics::global(),
            open_connections: register_int_gauge!("gateway_open_connections", "Open connections.")?,
            rejects: register_int_counter_vec!(
                "gateway_rejects_total",
                "Rejects, in the venue's words.",
                &["reason"]
            )?,
        })
    }

    pub fn connected(&self) {
        self.open_connections.inc();
    }

    pub fn disconnected(&self) {
        self.open_connections.dec();
    }

    pub fn order(&self, side: Side, venue: Venue, latency: Duration) {
        self.metrics.orders.with((side, venue)).inc();
        self.metrics.order_latency.record(latency);
    }

    pub fn rejected(&self, reason: &str) {
        self.rejects.with_label_values(&[reason]).inc();
    }

    /// Answers `GET /metrics` with the metrics of both.
    pub fn serve(&self, address: &str) -> Result<Exporter, StartError> {
        Exporter::builder()
            .registry(Registry::global())
            .source(PrometheusRegistry::new(prometheus::default_registry().clone()))
            .listen(address)
            .start()
    }
}
