//! Each query of a dashboard, asked of a Prometheus that scraped the service.

use crate::catalogue::read;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;
use tests::prometheus::Prometheus;
use tickmetrics::prelude::*;
use tickmetrics_exporter::Exporter;
use tickmetrics_rules::Catalogue;
use tickmetrics_rules::dashboard::Settings;
use tickmetrics_rules::file::{Dashboard, Lookup};

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Label)]
enum Status {
    Accepted,
    Refused,
}

#[derive(Clone, Copy, Labels)]
struct OrderLabels {
    symbol: Symbol,
    side: Side,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 16)]
struct Symbol(LabelId);

#[derive(Metrics)]
#[metrics(prefix = "gateway")]
struct GatewayMetrics {
    /// Orders sent.
    orders_sent: Counter<OrderLabels>,
    /// Orders refused.
    #[metric(alert(
        name = "ManyRefused", share_of = orders_sent, above = 0.05, priority = "P1",
        summary = "Orders are refused."
    ))]
    orders_refused: Counter<Symbol>,
    /// Requests to the venue.
    #[metric(slo(objective = 0.999, bad(status = "refused")))]
    requests: Counter<Status>,
    /// Time to acknowledge an order.
    #[metric(
        unit = "seconds",
        buckets = ["10us", "100us", "1ms", "10ms"],
        native = 3,
        slo(name = "fast-acks", objective = 0.99, under = "1ms", runbook = "https://example.com/acks"),
        alert(name = "SlowAcks", quantile = 0.99, above = "1ms", priority = "P1", summary = "Slow.")
    )]
    ack: Histogram<Symbol>,
    /// Quantity of an order.
    #[metric(max = 1000, buckets = [1, 10, 100], extremes)]
    quantity: Histogram<Side>,
    /// Time of each step.
    #[metric(unit = "seconds", quantiles = [0.5, 0.99])]
    step: Histogram,
    /// Whether the venue is connected.
    #[metric(alert(name = "VenueDown", equals = 0, priority = "P0", summary = "It is gone."))]
    connected: Gauge,
    /// Price of the last order.
    price: Gauge<Symbol>,
    /// Orders that wait.
    #[metric(alert(name = "Backlog", above = 80, priority = "P2", summary = "Orders wait."))]
    queue_size: UpDownCounter,
    /// Credit that is left.
    credit: Gauge,
}

/// Counts until it is stopped.
fn trade(metrics: &GatewayMetrics, stopped: &AtomicBool) {
    let symbols = ["BTCUSDT", "ETHUSDT"].map(Symbol::intern);
    metrics.connected.set(1);
    metrics.credit.set(1_000);
    for round in 1_u32.. {
        if stopped.load(Relaxed) {
            return;
        }
        for symbol in symbols {
            for side in [Side::Buy, Side::Sell] {
                metrics.orders_sent.with(OrderLabels { symbol, side }).inc();
                metrics.quantity.with(side).record(u64::from(round % 200));
            }
            metrics.orders_refused.with(symbol).add(u64::from(round % 50 == 0));
            metrics.ack.with(symbol).record(20_000 + u64::from(round % 90) * 10_000);
            metrics.price.with(symbol).set(100.0 + f64::from(round % 7));
        }
        let status = if round % 50 == 0 { Status::Refused } else { Status::Accepted };
        metrics.requests.with(status).inc();
        metrics.step.record(5_000);
        metrics.queue_size.inc();
        metrics.queue_size.dec();
        thread::sleep(Duration::from_millis(5));
    }
}

/// An expression with values for the variables, as Grafana puts them there.
fn substituted(text: &str) -> String {
    let values = [
        ("$__rate_interval", "3s"),
        ("$__range", "5s"),
        ("$service", "gateway"),
        ("$instance", ".*"),
        ("$symbol", ".*"),
    ];
    values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Whether a series has a number. A native histogram is one.
fn has_number(series: &Value) -> bool {
    let value = &series["value"][1];
    !series["histogram"].is_null() || value.as_str().is_some_and(|it| it != "NaN")
}

/// Asks for everything that a dashboard shows.
fn ask(prometheus: &Prometheus, dashboard: &Dashboard) {
    for variable in &dashboard.variables {
        let Some(Lookup::LabelValues { selector, label }) = variable.lookup() else { continue };
        let query = variable.query.as_deref().unwrap();
        let (selector, label) = (substituted(&query[selector.unwrap()]), &query[label]);
        let values = prometheus.until(&selector, || {
            prometheus.query(&selector, None).filter(|series| !series.is_empty())
        });
        assert!(values.iter().all(|series| series["metric"][label].is_string()), "{query}");
    }
    for panel in &dashboard.panels {
        let title = panel.title.as_deref().unwrap();
        for query in &panel.queries {
            let text = substituted(&query.expr);
            assert!(!text.contains('$'), "{text}");
            if title == "Firing alerts" {
                // No rules are loaded. The query is right: it has an answer, which is empty.
                assert_eq!(prometheus.query(&text, None).unwrap(), Vec::<Value>::new());
                continue;
            }
            prometheus.until(&format!("{title}: {text}"), || {
                prometheus.query(&text, None).filter(|series| series.iter().any(has_number))
            });
        }
    }
}

fn scraped(name: &str, native: bool) {
    let registry = Registry::new();
    let metrics = GatewayMetrics::register(&registry).unwrap();
    let stopped = Arc::new(AtomicBool::new(false));
    let trading = thread::spawn({
        let stopped = Arc::clone(&stopped);
        move || trade(&metrics, &stopped)
    });
    let exporter = Exporter::builder().registry(&registry).process_metrics(true);
    let exporter = exporter.listen("127.0.0.1:0").start().unwrap();
    let address = exporter.local_addr().unwrap();
    let arguments: &[&str] = if native { &["--enable-feature=native-histograms"] } else { &[] };
    if let Some(prometheus) = Prometheus::start(name, &[("gateway", address)], arguments) {
        let mut settings = Settings::default();
        settings.native = native;
        let catalogue = Catalogue::of_registry(&registry).service("gateway");
        let dashboard = read(&settings, &catalogue);
        assert!(dashboard.panels.len() > 20, "{}", dashboard.panels.len());
        ask(&prometheus, &dashboard);
    }
    stopped.store(true, Relaxed);
    trading.join().unwrap();
    exporter.shutdown();
}

#[test]
fn each_panel_has_data() {
    scraped("dashboards", false);
}

#[test]
fn each_panel_has_data_of_native_buckets() {
    scraped("dashboards-native", true);
}
