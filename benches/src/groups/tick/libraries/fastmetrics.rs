use super::started::Started;
use crate::groups::inputs::edges;
use crate::groups::tick::library::{Library, Make};
use std::time::Instant;

pub(crate) struct FastMetrics;

impl Library for FastMetrics {
    type Counter = fastmetrics::metrics::counter::Counter<u64>;
    type Gauge = fastmetrics::metrics::gauge::Gauge<f64>;
    type Histogram = fastmetrics::metrics::histogram::Histogram;
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

impl Make<Self> for FastMetrics {
    fn counter(&self, _: &'static str) -> <Self as Library>::Counter {
        fastmetrics::metrics::counter::Counter::default()
    }
    fn gauge(&self, _: &'static str) -> <Self as Library>::Gauge {
        fastmetrics::metrics::gauge::Gauge::default()
    }
    fn histogram(&self, _: &'static str) -> <Self as Library>::Histogram {
        fastmetrics::metrics::histogram::Histogram::new(edges())
    }
    fn by_side(&self, _: &'static str) -> [<Self as Library>::Counter; 2] {
        Default::default()
    }
}
