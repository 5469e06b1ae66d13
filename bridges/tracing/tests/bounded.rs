//! The bound of series. In a process of its own: callsites of other tests would take some of them.

use tickmetrics::Registry;
use tracing::info_span;
use tracing_subscriber::layer::SubscriberExt;

#[test]
fn series_are_bounded() {
    let registry = Registry::new();
    let layer = tickmetrics_tracing::layer().fields(["order"]).most_spans(10).registry(&registry);
    let subscriber = tracing_subscriber::registry().with(layer.build().unwrap());
    tracing::subscriber::with_default(subscriber, || {
        (0..100).for_each(|order| drop(info_span!("submit", order)));
    });
    let snapshot = registry.snapshot();
    let labels = [("otel_metric_overflow", "true")];
    let others = snapshot.histogram("tracing_span_busy_seconds", &labels);
    assert_eq!(others.map(tickmetrics::HistogramSnapshot::count), Some(90));
}
