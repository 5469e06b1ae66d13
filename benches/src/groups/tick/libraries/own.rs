use crate::groups::inputs::EDGES;
use crate::groups::side::Side;
use crate::groups::tick::library::{Library, Make};
use tickmetrics::prelude::*;

/// Nothing is measured.
pub(crate) struct Nothing;

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

pub(crate) struct Ours(pub(crate) Registry);

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
