//! What the guides say beside their programs.

use migration::prometheus_client::source::ClientRegistry;
use prometheus_client::metrics::counter::Counter as ClientCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge as ClientGauge;
use prometheus_client::metrics::histogram::Histogram as ClientHistogram;
use prometheus_client::registry::{Registry as ClientRegistryOf, Unit};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tickmetrics::prelude::*;
use tickmetrics_exporter::encode::{self, Format};
use tickmetrics_exporter::parse::{self, Limits};
use tickmetrics_exporter::{Renderer, Source as _};

#[derive(Clone, Copy, Label)]
#[label(rename_all = "PascalCase")]
enum Side {
    Buy,
}

/// With the former names.
#[derive(Metrics)]
#[metrics(prefix = "gateway")]
struct GatewayMetrics {
    /// Orders sent.
    #[metric(name = "gateway_orders")]
    orders: Counter<Side>,
    /// Time to acknowledge an order.
    #[metric(unit = "seconds", quantiles = [0.5])]
    order_latency: Histogram,
}

#[test]
fn former_names_can_stay() {
    let registry = Registry::new();
    let metrics = GatewayMetrics::register(&registry).unwrap();
    metrics.orders.with(Side::Buy).inc();
    metrics.order_latency.record(5);
    let mut renderer = Renderer::new(std::time::Duration::ZERO);
    let text = renderer.render(&registry.snapshot(), Format::Text.into());
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("\ngateway_orders{side=\"Buy\"} 1\n"), "{text}");
    assert!(
        text.contains("\ngateway_order_latency_seconds_quantiles{quantile=\"0.5\"} "),
        "{text}"
    );
}

/// Each family that the source of the guide reads comes out of the exporter's encoder as it was.
#[test]
fn a_registry_of_prometheus_client_is_shown_as_it_is() {
    let mut registry = ClientRegistryOf::with_prefix("gateway");
    let orders = Family::<Vec<(String, String)>, ClientCounter>::default();
    registry.register("orders", "Orders sent", orders.clone());
    let busy = ClientCounter::<f64, AtomicU64>::default();
    registry.register_with_unit("busy", "Time spent", Unit::Seconds, busy.clone());
    let depth = ClientGauge::<f64, AtomicU64>::default();
    registry.register("depth", "Orders that wait", depth.clone());
    let latency = Family::<Vec<(String, String)>, ClientHistogram>::new_with_constructor(|| {
        ClientHistogram::new([0.001, 1.0])
    });
    registry.register_with_unit("latency", "Time to answer", Unit::Seconds, latency.clone());

    let venue = |name: &str| vec![("venue".to_owned(), name.to_owned())];
    orders.get_or_create(&venue("a \"b\" \\ c\nd")).inc_by(3);
    orders.get_or_create(&venue("")).inc();
    busy.inc_by(1.25);
    depth.set(-7.5);
    for value in [0.0005, 0.5, 20.0] {
        latency.get_or_create(&venue("xnas")).observe(value);
    }

    let mut before = String::new();
    prometheus_client::encoding::text::encode(&mut before, &registry).unwrap();
    let mut source = ClientRegistry::new(Arc::new(registry));
    let mut after = String::new();
    encode::openmetrics(&source.snapshot().unwrap(), &mut after);
    assert_eq!(source.left_out(), []);
    assert_eq!(families(&before), families(&after));
}

/// Sorted, since `prometheus-client` has its series in any order.
fn families(text: &str) -> Vec<String> {
    let exposition = parse::openmetrics(text.as_bytes(), &Limits::default()).unwrap();
    let families = exposition.families.into_iter().map(|mut family| {
        family.series.sort_by_key(|series| format!("{series:?}"));
        format!("{family:?}")
    });
    let mut families: Vec<_> = families.collect();
    families.sort_unstable();
    families
}
