//! The gateway with `metrics` and `metrics-exporter-prometheus`.

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use std::time::Duration;

pub struct Gateway {
    handle: PrometheusHandle,
}

impl Gateway {
    pub fn new() -> Result<Self, BuildError> {
        let handle = PrometheusBuilder::new().install_recorder()?;
        describe_counter!("gateway_orders", "Orders sent.");
        describe_histogram!(
            "gateway_order_latency_seconds",
            Unit::Seconds,
            "Time to acknowledge an order."
        );
        describe_gauge!("gateway_open_connections", "Open connections.");
        describe_counter!("gateway_rejects", "Rejects, in the venue's words.");
        Ok(Self { handle })
    }

    pub fn connected(&self) {
        gauge!("gateway_open_connections").increment(1);
    }

    pub fn disconnected(&self) {
        gauge!("gateway_open_connections").decrement(1);
    }

    pub fn order(&self, side: &'static str, venue: &str, latency: Duration) {
        counter!("gateway_orders", "side" => side, "venue" => venue.to_owned()).increment(1);
        histogram!("gateway_order_latency_seconds").record(latency);
    }

    pub fn rejected(&self, reason: &str) {
        counter!("gateway_rejects", "reason" => reason.to_owned()).increment(1);
    }

    /// For the program's own server, which answers `GET /metrics`.
    pub fn metrics(&self) -> String {
        self.handle.render()
    }
}
