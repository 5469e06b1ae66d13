//! The gateway on its way: orders have moved to `tickmetrics`, the rest is still `opentelemetry`.

use crate::after::{Side, Venue};
use opentelemetry::{KeyValue, global, metrics};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use std::error::Error;
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
    registry: prometheus::Registry,
    metrics: &'static OrderMetrics,
    open_connections: metrics::UpDownCounter<i64>,
    rejects: metrics::Counter<u64>,
}

impl Gateway {
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let registry = prometheus::Registry::new();
        let exporter =
            opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()?;
        global::set_meter_provider(SdkMeterProvider::builder().with_reader(exporter).build());
        let meter = global::meter("gateway");
        let open_connections = meter
            .i64_up_down_counter("gateway.open_connections")
            .with_description("Open connections.")
            .build();
        let rejects = meter
            .u64_counter("gateway.rejects")
            .with_description("Rejects, in the venue's words.")
            .build();
        Ok(Self { registry, metrics: OrderMetrics::global(), open_connections, rejects })
    }

    pub fn connected(&self) {
        self.open_connections.add(1, &[]);
    }

    pub fn disconnected(&self) {
        self.open_connections.add(-1, &[]);
    }

    pub fn order(&self, side: Side, venue: Venue, latency: Duration) {
        self.metrics.orders.with((side, venue)).inc();
        self.metrics.order_latency.record(latency);
    }

    pub fn rejected(&self, reason: &str) {
        self.rejects.add(1, &[KeyValue::new("reason", reason.to_owned())]);
    }

    /// Answers `GET /metrics` with the metrics of both.
    pub fn serve(&self, address: &str) -> Result<Exporter, StartError> {
        Exporter::builder()
            .registry(Registry::global())
            .source(PrometheusRegistry::new(self.registry.clone()))
            .listen(address)
            .start()
    }
}
