//! The gateway with `prometheus-client`.

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OrderLabels {
    side: Side,
    venue: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RejectLabels {
    reason: String,
}

pub struct Gateway {
    registry: Registry,
    orders: Family<OrderLabels, Counter>,
    order_latency: Histogram,
    open_connections: Gauge,
    rejects: Family<RejectLabels, Counter>,
}

impl Gateway {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("gateway");
        let orders = Family::default();
        registry.register("orders", "Orders sent", orders.clone());
        let order_latency = Histogram::new([0.0001, 0.001, 0.01, 0.1]);
        registry.register_with_unit(
            "order_latency",
            "Time to acknowledge an order",
            Unit::Seconds,
            order_latency.clone(),
        );
        let open_connections = Gauge::default();
        registry.register("open_connections", "Open connections", open_connections.clone());
        let rejects = Family::default();
        registry.register("rejects", "Rejects, in the venue's words", rejects.clone());
        Self { registry, orders, order_latency, open_connections, rejects }
    }

    pub fn connected(&self) {
        self.open_connections.inc();
    }

    pub fn disconnected(&self) {
        self.open_connections.dec();
    }

    pub fn order(&self, side: Side, venue: &str, latency: Duration) {
        let labels = OrderLabels { side, venue: venue.to_owned() };
        self.orders.get_or_create(&labels).inc();
        self.order_latency.observe(latency.as_secs_f64());
    }

    pub fn rejected(&self, reason: &str) {
        self.rejects.get_or_create(&RejectLabels { reason: reason.to_owned() }).inc();
    }

    /// For the program's own server, which answers `GET /metrics`.
    pub fn metrics(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
