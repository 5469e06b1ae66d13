use super::started::Started;
use crate::groups::inputs::edges;
use crate::groups::peers::Otel;
use crate::groups::side::Side;
use crate::groups::tick::library::{Library, Make};
use opentelemetry::KeyValue;
use std::time::Instant;

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
