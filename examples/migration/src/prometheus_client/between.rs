//! The gateway on its way: orders have moved to `tickmetrics`, the rest is still `prometheus-client`.

use super::source::ClientRegistry;
use crate::after::{Side, Venue};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::{counter, family::Family, gauge};
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Duration;
use tickmetrics::prelude::{Counter, Histogram, Metrics};
use tickmetrics_exporter::{Exporter, StartError};

#[derive(Metrics)]
#[metrics(prefix = "gateway")]
struct OrderMetrics {
    /// Orders sent.
    orders: Counter<(Side, Venue)>,
    /// Time to acknowledge an order.
    #[metric(unit = "seconds", buckets = ["100us", "1ms", "10ms", "100ms"])]
    order_latency: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RejectLabels {
    reason: String,
}

pub struct Gateway {
    registry: Arc<Registry>,
    metrics: &'static OrderMetrics,
    open_connections: gauge::Gauge,
    rejects: Family<RejectLabels, counter::Counter>,
}

impl Gateway {
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("gateway");
        let open_connections = gauge::Gauge::default();
        registry.register("open_connections", "Open connections", open_connections.clone());
        let rejects = Family::default();
        registry.register("rejects", "Rejects, in the venue's words", rejects.clone());
        let metrics = OrderMetrics::global();
        Self { registry: Arc::new(registry), metrics, open_connections, rejects }
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
        self.rejects.get_or_create(&RejectLabels { reason: reason.to_owned() }).inc();
    }

    /// Answers `GET /metrics` with the metrics of both.
    pub fn serve(&self, address: &str) -> Result<Exporter, StartError> {
        Exporter::builder()
            .registry(tickmetrics::Registry::global())
            .source(ClientRegistry::new(self.registry.clone()))
            .listen(address)
            .start()
    }
}
