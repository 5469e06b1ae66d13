use crate::groups::inputs::edges;
use crate::groups::tick::library::{Library, Make};
use measured::metric::histogram::{HistogramTimer, Thresholds};

pub(crate) struct Measured;

impl Library for Measured {
    type Counter = measured::Counter;
    type Gauge = measured::FloatGauge;
    type Histogram = measured::Histogram<15>;
    type Timing<'a> = HistogramTimer<'a, 15>;

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
        histogram.start_timer()
    }
    #[inline]
    fn stop(timing: Self::Timing<'_>) {
        drop(timing);
    }
}

impl Make<Self> for Measured {
    fn counter(&self, _: &'static str) -> measured::Counter {
        measured::Counter::new()
    }
    fn gauge(&self, _: &'static str) -> measured::FloatGauge {
        measured::FloatGauge::new()
    }
    fn histogram(&self, _: &'static str) -> measured::Histogram<15> {
        measured::Histogram::with_metadata(Thresholds::with_buckets(edges()))
    }
    fn by_side(&self, _: &'static str) -> [measured::Counter; 2] {
        [measured::Counter::new(), measured::Counter::new()]
    }
}
