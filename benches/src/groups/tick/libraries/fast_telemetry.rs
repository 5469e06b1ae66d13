use super::started::Started;
use crate::groups::inputs::EDGES;
use crate::groups::peers::shards;
use crate::groups::tick::library::{Library, Make};
use std::time::Instant;

pub(crate) struct FastTelemetry;

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
