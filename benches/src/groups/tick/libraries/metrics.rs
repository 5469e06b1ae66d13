use super::started::Started;
use crate::groups::peers::Metrics;
use crate::groups::side::Side;
use crate::groups::tick::library::{Library, Make};
use std::time::Instant;

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
