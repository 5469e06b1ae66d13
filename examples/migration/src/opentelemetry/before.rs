//! The gateway with `opentelemetry`, `opentelemetry_sdk` and `opentelemetry-prometheus`.

use opentelemetry::metrics::{Counter, Histogram, UpDownCounter};
use opentelemetry::{KeyValue, global};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};
use std::error::Error;
use std::time::Duration;

pub struct Gateway {
    registry: Registry,
    orders: Counter<u64>,
    order_latency: Histogram<f64>,
    open_connections: UpDownCounter<i64>,
    rejects: Counter<u64>,
}

impl Gateway {
    pub fn new() -> Result<Self, Box<dyn Error>> {
        let registry = Registry::new();
        let exporter =
            opentelemetry_prometheus::exporter().with_registry(registry.clone()).build()?;
        global::set_meter_provider(SdkMeterProvider::builder().with_reader(exporter).build());
        let meter = global::meter("gateway");
        let orders = meter.u64_counter("gateway.orders").with_description("Orders sent.").build();
        let order_latency = meter
            .f64_histogram("gateway.order.latency")
            .with_description("Time to acknowledge an order.")
            .with_unit("s")
            .with_boundaries(vec![0.0001, 0.001, 0.01, 0.1])
            .build();
        let open_connections = meter
            .i64_up_down_counter("gateway.open_connections")
            .with_description("Open connections.")
            .build();
        let rejects = meter
            .u64_counter("gateway.rejects")
            .with_description("Rejects, in the venue's words.")
            .build();
        Ok(Self { registry, orders, order_latency, open_connections, rejects })
    }

    pub fn connected(&self) {
        self.open_connections.add(1, &[]);
    }

    pub fn disconnected(&self) {
        self.open_connections.add(-1, &[]);
    }

    pub fn order(&self, side: &'static str, venue: &str, latency: Duration) {
        let venue = venue.to_owned();
        self.orders.add(1, &[KeyValue::new("side", side), KeyValue::new("venue", venue)]);
        self.order_latency.record(latency.as_secs_f64(), &[]);
    }

    pub fn rejected(&self, reason: &str) {
        self.rejects.add(1, &[KeyValue::new("reason", reason.to_owned())]);
    }

    /// For the program's own server, which answers `GET /metrics`.
    pub fn metrics(&self) -> prometheus::Result<String> {
        TextEncoder::new().encode_to_string(&self.registry.gather())
    }
}
