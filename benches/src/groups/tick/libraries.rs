//! The libraries, each in its own words.

use super::library::{Library, Make};
use crate::groups::peers::{Metrics, Otel, shards};
use crate::groups::{EDGES, Side, edges};
use metrics_core::prelude::*;
use opentelemetry::KeyValue;
use std::time::Instant;

/// A histogram and when its timing began, for libraries that leave reading the clock to the user.
type Started<'a, H> = (&'a H, Instant);

/// Nothing is measured.
pub(super) struct Nothing;

impl Library for Nothing {
    type Counter = ();
    type Gauge = ();
    type Histogram = ();
    type Timing<'a> = ();

    #[inline]
    fn inc((): &()) {}
    #[inline]
    fn set((): &(), _: f64) {}
    #[inline]
    fn record((): &(), _: u64) {}
    #[inline]
    fn start((): &()) {}
    #[inline]
    fn stop((): ()) {}
}

impl Make<Self> for Nothing {
    fn counter(&self, _: &'static str) {}
    fn gauge(&self, _: &'static str) {}
    fn histogram(&self, _: &'static str) {}
    fn by_side(&self, _: &'static str) -> [(); 2] {
        [(); 2]
    }
}

pub(super) struct Ours(pub(super) Registry);

impl Library for Ours {
    type Counter = Counter;
    type Gauge = Gauge;
    type Histogram = Histogram;
    type Timing<'a> = Timer;

    #[inline]
    fn inc(counter: &Counter) {
        counter.inc();
    }
    #[inline]
    fn set(gauge: &Gauge, value: f64) {
        gauge.set(value);
    }
    #[inline]
    fn record(histogram: &Histogram, value: u64) {
        histogram.record(value);
    }
    #[inline]
    fn start(histogram: &Histogram) -> Timer {
        histogram.start()
    }
    #[inline]
    fn stop(timer: Timer) {
        drop(timer);
    }
}

impl Make<Self> for Ours {
    fn counter(&self, name: &'static str) -> Counter {
        self.0.register(&Description::new(name, "Counted.")).expect("the name is new")
    }
    fn gauge(&self, name: &'static str) -> Gauge {
        self.0.register(&Description::new(name, "Set.")).expect("the name is new")
    }
    fn histogram(&self, name: &'static str) -> Histogram {
        let description = Description::new(name, "Recorded.").unit("seconds").buckets(EDGES);
        self.0.register(&description).expect("the name is new")
    }
    fn by_side(&self, name: &'static str) -> [Counter; 2] {
        let counter: Counter<Side> =
            self.0.register(&Description::new(name, "Counted.")).expect("the name is new");
        Side::ALL.map(|side| counter.with(side))
    }
}

pub(super) struct Prometheus;

impl Library for Prometheus {
    type Counter = prometheus::IntCounter;
    type Gauge = prometheus::Gauge;
    type Histogram = prometheus::Histogram;
    type Timing<'a> = prometheus::HistogramTimer;

    #[inline]
    fn inc(counter: &prometheus::IntCounter) {
        counter.inc();
    }
    #[inline]
    fn set(gauge: &prometheus::Gauge, value: f64) {
        gauge.set(value);
    }
    #[inline]
    fn record(histogram: &prometheus::Histogram, value: u64) {
        histogram.observe(value as f64 * 1e-9);
    }
    #[inline]
    fn start(histogram: &prometheus::Histogram) -> prometheus::HistogramTimer {
        histogram.start_timer()
    }
    #[inline]
    fn stop(timer: prometheus::HistogramTimer) {
        drop(timer);
    }
}

impl Make<Self> for Prometheus {
    fn counter(&self, name: &'static str) -> prometheus::IntCounter {
        prometheus::IntCounter::new(name, "Counted.").expect("a valid name")
    }
    fn gauge(&self, name: &'static str) -> prometheus::Gauge {
        prometheus::Gauge::new(name, "Set.").expect("a valid name")
    }
    fn histogram(&self, name: &'static str) -> prometheus::Histogram {
        let options = prometheus::HistogramOpts::new(name, "Recorded.").buckets(edges().to_vec());
        prometheus::Histogram::with_opts(options).expect("a valid name")
    }
    fn by_side(&self, name: &'static str) -> [prometheus::IntCounter; 2] {
        let options = prometheus::Opts::new(name, "Counted.");
        let vec = prometheus::IntCounterVec::new(options, &["side"]).expect("valid names");
        Side::ALL.map(|side| vec.with_label_values(&[side.as_str()]))
    }
}

pub(super) struct PrometheusClient;

impl Library for PrometheusClient {
    type Counter = prometheus_client::metrics::counter::Counter;
    type Gauge = prometheus_client::metrics::gauge::Gauge<f64, std::sync::atomic::AtomicU64>;
    type Histogram = prometheus_client::metrics::histogram::Histogram;
    type Timing<'a> = Started<'a, Self::Histogram>;

    #[inline]
    fn inc(counter: &Self::Counter) {
        counter.inc();
    }
    #[inline]
    fn set(gauge: &Self::Gauge, value: f64) {
        gauge.set(value);
    }
    #[inline]
    fn record(histogram: &Self::Histogram, value: u64) {
        histogram.observe(value as f64 * 1e-9);
    }
    #[inline]
    fn start(histogram: &Self::Histogram) -> Self::Timing<'_> {
        (histogram, Instant::now())
    }
    #[inline]
    fn stop((histogram, start): Self::Timing<'_>) {
        histogram.observe(start.elapsed().as_secs_f64());
    }
}

impl Make<Self> for PrometheusClient {
    fn counter(&self, _: &'static str) -> <Self as Library>::Counter {
        prometheus_client::metrics::counter::Counter::default()
    }
    fn gauge(&self, _: &'static str) -> <Self as Library>::Gauge {
        prometheus_client::metrics::gauge::Gauge::default()
    }
    fn histogram(&self, _: &'static str) -> <Self as Library>::Histogram {
        prometheus_client::metrics::histogram::Histogram::new(edges())
    }
    fn by_side(&self, _: &'static str) -> [<Self as Library>::Counter; 2] {
        Default::default()
    }
}

impl Library for Metrics {
    type Counter = metrics::Counter;
    type Gauge = metrics::Gauge;
    type Histogram = metrics::Histogram;
    type Timing<'a> = Started<'a, metrics::Histogram>;

    #[inline]
    fn inc(counter: &metrics::Counter) {
        counter.increment(1);
    }
    #[inline]
    fn set(gauge: &metrics::Gauge, value: f64) {
        gauge.set(value);
    }
    #[inline]
    fn record(histogram: &metrics::Histogram, value: u64) {
        histogram.record(value as f64 * 1e-9);
    }
    #[inline]
    fn start(histogram: &metrics::Histogram) -> Self::Timing<'_> {
        (histogram, Instant::now())
    }
    #[inline]
    fn stop((histogram, start): Self::Timing<'_>) {
        histogram.record(start.elapsed());
    }
}

impl Make<Self> for Metrics {
    fn counter(&self, name: &'static str) -> metrics::Counter {
        Metrics::counter(self, name)
    }
    fn gauge(&self, name: &'static str) -> metrics::Gauge {
        self.as_recorder(|| metrics::gauge!(name))
    }
    fn histogram(&self, name: &'static str) -> metrics::Histogram {
        Metrics::histogram(self, name)
    }
    fn by_side(&self, name: &'static str) -> [metrics::Counter; 2] {
        Side::ALL.map(|side| self.as_recorder(|| metrics::counter!(name, "side" => side.as_str())))
    }
}

impl Library for Otel {
    type Counter = opentelemetry::metrics::BoundCounter<u64>;
    /// It binds counters and histograms only.
    type Gauge = opentelemetry::metrics::Gauge<f64>;
    type Histogram = opentelemetry::metrics::BoundHistogram<f64>;
    type Timing<'a> = Started<'a, Self::Histogram>;

    #[inline]
    fn inc(counter: &Self::Counter) {
        counter.add(1);
    }
    #[inline]
    fn set(gauge: &Self::Gauge, value: f64) {
        gauge.record(value, &[]);
    }
    #[inline]
    fn record(histogram: &Self::Histogram, value: u64) {
        histogram.record(value as f64 * 1e-9);
    }
    #[inline]
    fn start(histogram: &Self::Histogram) -> Self::Timing<'_> {
        (histogram, Instant::now())
    }
    #[inline]
    fn stop((histogram, start): Self::Timing<'_>) {
        histogram.record(start.elapsed().as_secs_f64());
    }
}

impl Make<Self> for Otel {
    fn counter(&self, name: &'static str) -> <Self as Library>::Counter {
        self.meter.u64_counter(name).build().bind(&[])
    }
    fn gauge(&self, name: &'static str) -> opentelemetry::metrics::Gauge<f64> {
        self.meter.f64_gauge(name).build()
    }
    fn histogram(&self, name: &'static str) -> <Self as Library>::Histogram {
        let builder = self.meter.f64_histogram(name).with_boundaries(edges().to_vec());
        builder.build().bind(&[])
    }
    fn by_side(&self, name: &'static str) -> [<Self as Library>::Counter; 2] {
        let counter = self.meter.u64_counter(name).build();
        Side::ALL.map(|side| counter.bind(&[KeyValue::new("side", side.as_str())]))
    }
}

/// Sharded counters and histograms; a gauge of whole numbers, since it has no other.
pub(super) struct Metriken;

impl Library for Metriken {
    type Counter = (&'static metriken::ShardedCounterGroup, usize);
    type Gauge = metriken::Gauge;
    type Histogram = metriken::ShardedCounterHistogram;
    type Timing<'a> = Started<'a, Self::Histogram>;

    #[inline]
    fn inc((group, at): &Self::Counter) {
        group.increment(*at);
    }
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    fn set(gauge: &Self::Gauge, value: f64) {
        gauge.set((value * 100.0) as i64);
    }
    #[inline]
    fn record(histogram: &Self::Histogram, value: u64) {
        let _ = histogram.increment(value);
    }
    #[inline]
    fn start(histogram: &Self::Histogram) -> Self::Timing<'_> {
        (histogram, Instant::now())
    }
    #[inline]
    fn stop((histogram, start): Self::Timing<'_>) {
        let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let _ = histogram.increment(nanos);
    }
}

impl Make<Self> for Metriken {
    fn counter(&self, _: &'static str) -> <Self as Library>::Counter {
        (crate::candidate::kept(metriken::ShardedCounterGroup::new(1)), 0)
    }
    fn gauge(&self, _: &'static str) -> metriken::Gauge {
        metriken::Gauge::new()
    }
    fn histogram(&self, _: &'static str) -> <Self as Library>::Histogram {
        metriken::ShardedCounterHistogram::new(7, 64)
    }
    fn by_side(&self, _: &'static str) -> [<Self as Library>::Counter; 2] {
        let group = crate::candidate::kept(metriken::ShardedCounterGroup::new(2));
        [(group, 0), (group, 1)]
    }
}

pub(super) struct FastTelemetry;

impl Library for FastTelemetry {
    type Counter = fast_telemetry::Counter;
    type Gauge = fast_telemetry::GaugeF64;
    type Histogram = fast_telemetry::Histogram;
    type Timing<'a> = Started<'a, Self::Histogram>;

    #[inline]
    fn inc(counter: &Self::Counter) {
        counter.inc();
    }
    #[inline]
    fn set(gauge: &Self::Gauge, value: f64) {
        gauge.set(value);
    }
    #[inline]
    fn record(histogram: &Self::Histogram, value: u64) {
        histogram.record(value);
    }
    #[inline]
    fn start(histogram: &Self::Histogram) -> Self::Timing<'_> {
        (histogram, Instant::now())
    }
    #[inline]
    fn stop((histogram, start): Self::Timing<'_>) {
        histogram.record(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
}

impl Make<Self> for FastTelemetry {
    fn counter(&self, _: &'static str) -> fast_telemetry::Counter {
        fast_telemetry::Counter::new(shards())
    }
    fn gauge(&self, _: &'static str) -> fast_telemetry::GaugeF64 {
        fast_telemetry::GaugeF64::new()
    }
    fn histogram(&self, _: &'static str) -> fast_telemetry::Histogram {
        fast_telemetry::Histogram::new(&EDGES, shards())
    }
    fn by_side(&self, _: &'static str) -> [fast_telemetry::Counter; 2] {
        [fast_telemetry::Counter::new(shards()), fast_telemetry::Counter::new(shards())]
    }
}
