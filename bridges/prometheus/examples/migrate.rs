//! A program on its way from `prometheus` to tickmetrics: both on one endpoint.
//!
//! `cargo run -p tickmetrics-prometheus --example migrate`

use prometheus::{HistogramOpts, IntCounterVec, Opts};
use std::error::Error;
use tickmetrics::prelude::*;
use tickmetrics_exporter::Exporter;
use tickmetrics_prometheus::PrometheusRegistry;

/// Not migrated yet.
struct Requests {
    all: IntCounterVec,
    duration: prometheus::Histogram,
}

impl Requests {
    fn register(registry: &prometheus::Registry) -> prometheus::Result<Self> {
        let all = Opts::new("requests_total", "Requests answered.");
        let duration = HistogramOpts::new("request_duration_seconds", "Time to answer.");
        let all = IntCounterVec::new(all, &["path"])?;
        let duration = prometheus::Histogram::with_opts(duration)?;
        registry.register(Box::new(all.clone()))?;
        registry.register(Box::new(duration.clone()))?;
        Ok(Self { all, duration })
    }
}

/// On the hot path, so migrated first.
#[derive(Clone, Copy, Metrics)]
struct Feed {
    /// Ticks received.
    ticks: Counter,
    /// Time to decode a tick.
    #[metric(unit = "seconds")]
    decode: Histogram,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (before, after) = (prometheus::Registry::new(), Registry::new());
    let requests = Requests::register(&before)?;
    let feed = Feed::register(&after)?;
    let exporter = Exporter::builder()
        .registry(&after)
        .source(PrometheusRegistry::new(before))
        .listen("127.0.0.1:0")
        .start()?;
    requests.all.with_label_values(&["/orders"]).inc();
    requests.duration.observe(0.003);
    feed.ticks.inc();
    feed.decode.record(420);
    println!("curl http://{}/metrics", exporter.local_addrs()[0]);
    // The program.
    Ok(())
}
