//! The gateway with `tickmetrics`.

use std::error::Error;
use std::time::Duration;
use tickmetrics::Dynamic;
use tickmetrics::prelude::*;
use tickmetrics_exporter::{Exporter, StartError};

/// Known when compiling.
#[derive(Clone, Copy, Label)]
pub enum Side {
    Buy,
    Sell,
}

/// Known at run time, as `Venue::intern("xnas")`. Further ones than 64 are counted as `other`.
#[derive(Clone, Copy, Label)]
#[label(capacity = 64)]
pub struct Venue(LabelId);

#[derive(Clone, Copy, Labels)]
struct OrderLabels {
    side: Side,
    venue: Venue,
}

#[derive(Metrics)]
#[metrics(prefix = "gateway")]
struct GatewayMetrics {
    /// Orders sent.
    orders: Counter<OrderLabels>,
    /// Time to acknowledge an order.
    #[metric(unit = "seconds", buckets = ["100us", "1ms", "10ms", "100ms"])]
    order_latency: Histogram,
    /// Open connections.
    open_connections: UpDownCounter,
}

pub struct Gateway {
    metrics: &'static GatewayMetrics,
    rejects: Dynamic<Counter>,
}

impl Gateway {
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let rejects = Description::new("gateway_rejects_total", "Rejects, in the venue's words.");
        let rejects = Registry::global().register_dynamic(&rejects, 500)?; // series at most
        Ok(Self { metrics: GatewayMetrics::global(), rejects })
    }

    pub fn connected(&self) {
        self.metrics.open_connections.inc();
    }

    pub fn disconnected(&self) {
        self.metrics.open_connections.dec();
    }

    pub fn order(&self, side: Side, venue: Venue, latency: Duration) {
        self.metrics.orders.with(OrderLabels { side, venue }).inc();
        self.metrics.order_latency.record(latency);
    }

    pub fn rejected(&self, reason: &str) {
        self.rejects.with(&[("reason", reason)]).inc();
    }

    /// Answers `GET /metrics`, from a thread of its own.
    pub fn serve(&self, address: &str) -> Result<Exporter, StartError> {
        Exporter::builder().listen(address).start()
    }
}
