use super::started::Started;
use crate::groups::tick::library::{Library, Make};
use std::time::Instant;

/// Sharded counters and histograms; a gauge of whole numbers, since it has no other.
pub(crate) struct Metriken;

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
