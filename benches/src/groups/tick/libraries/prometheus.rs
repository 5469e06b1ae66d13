use crate::groups::inputs::edges;
use crate::groups::side::Side;
use crate::groups::tick::library::{Library, Make};

pub(crate) struct Prometheus;

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
