//! The gateway with `prometheus`.

use prometheus::{
    Histogram, IntCounterVec, IntGauge, Result, TextEncoder, histogram_opts, register_histogram,
    register_int_counter_vec, register_int_gauge,
};
use std::time::Duration;

pub struct Gateway {
    orders: IntCounterVec,
    order_latency: Histogram,
    open_connections: IntGauge,
    rejects: IntCounterVec,
}

impl Gateway {
    pub fn new() -> Result<Self> {
        Ok(Self {
            orders: register_int_counter_vec!(
                "gateway_orders_total",
                "Orders sent.",
                &["side", "venue"]
            )?,
            order_latency: register_histogram!(histogram_opts!(
                "gateway_order_latency_seconds",
                "Time to acknowledge an order.",
                vec![0.0001, 0.001, 0.01, 0.1]
            ))?,
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

    pub fn order(&self, side: &str, venue: &str, latency: Duration) {
        self.orders.with_label_values(&[side, venue]).inc();
        self.order_latency.observe(latency.as_secs_f64());
    }

    pub fn rejected(&self, reason: &str) {
        self.rejects.with_label_values(&[reason]).inc();
    }

    /// For the program's own server, which answers `GET /metrics`.
    pub fn metrics(&self) -> Result<String> {
        TextEncoder::new().encode_to_string(&prometheus::gather())
    }
}
