//! The gateway on its way: orders have moved to `tickmetrics`, the macros of `metrics` stay.

use crate::after::{Side, Venue};
use metrics::{counter, describe_counter, describe_gauge, gauge};
use std::time::Duration;
use tickmetrics::prelude::*;
use tickmetrics_exporter::{Exporter, StartError};
use tickmetrics_facade::{BuildError, FacadeBuilder};

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
}

impl Gateway {
    pub fn new() -> Result<Self, BuildError> {
        FacadeBuilder::new().install()?; // into the global registry
        describe_gauge!("gateway_open_connections", "Open connections.");
        describe_counter!("gateway_rejects", "Rejects, in the venue's words.");
        Ok(Self { metrics: OrderMetrics::global() })
    }

    pub fn connected(&self) {
        gauge!("gateway_open_connections").increment(1);
    }

    pub fn disconnected(&self) {
        gauge!("gateway_open_connections").decrement(1);
    }

    pub fn order(&self, side: Side, venue: Venue, latency: Duration) {
        self.metrics.orders.with((side, venue)).inc();
        self.metrics.order_latency.record(latency);
    }

    pub fn rejected(&self, reason: &str) {
        counter!("gateway_rejects", "reason" => reason.to_owned()).increment(1);
    }

    /// Answers `GET /metrics` with the metrics of both.
    pub fn serve(&self, address: &str) -> Result<Exporter, StartError> {
        Exporter::builder().listen(address).start()
    }
}
