//! The metrics of the tick path, once for each library: kept handles, and the clock of the
//! library's users.

use std::marker::PhantomData;

/// A library's ways to count, set, record and time.
pub(super) trait Library: Send + Sync + 'static {
    type Counter: Send + Sync;
    type Gauge: Send + Sync;
    type Histogram: Send + Sync;
    /// A timing under way.
    type Timing<'a>;

    fn inc(counter: &Self::Counter);
    fn set(gauge: &Self::Gauge, value: f64);
    /// Nanoseconds, or another whole quantity.
    fn record(histogram: &Self::Histogram, value: u64);
    fn start(histogram: &Self::Histogram) -> Self::Timing<'_>;
    fn stop(timing: Self::Timing<'_>);
}

/// The maker of handles.
pub(super) trait Make<L: Library> {
    fn counter(&self, name: &'static str) -> L::Counter;
    fn gauge(&self, name: &'static str) -> L::Gauge;
    fn histogram(&self, name: &'static str) -> L::Histogram;
    /// A counter by side: a handle for each.
    fn by_side(&self, name: &'static str) -> [L::Counter; 2];
}

/// The handles of the tick path.
pub(super) struct Kept<L: Library> {
    pub(super) ticks: L::Counter,
    pub(super) book_updates: L::Counter,
    pub(super) signals: L::Counter,
    pub(super) checks: L::Counter,
    pub(super) by_side: [L::Counter; 2],
    pub(super) mid: L::Gauge,
    pub(super) exposure: L::Gauge,
    pub(super) delay: L::Histogram,
    pub(super) size: L::Histogram,
    pub(super) book_time: L::Histogram,
    pub(super) tick_time: L::Histogram,
}

impl<L: Library> Kept<L> {
    pub(super) fn new(make: &impl Make<L>) -> Self {
        Self {
            ticks: make.counter("ticks"),
            book_updates: make.counter("book_updates"),
            signals: make.counter("signals"),
            checks: make.counter("checks"),
            by_side: make.by_side("ticks_by_side"),
            mid: make.gauge("mid"),
            exposure: make.gauge("exposure"),
            delay: make.histogram("delay"),
            size: make.histogram("size"),
            book_time: make.histogram("book_time"),
            tick_time: make.histogram("tick_time"),
        }
    }
}

/// A library whose timings read this project's clock instead of its own.
pub(super) struct OurClock<L>(PhantomData<L>);

impl<L: Library> Library for OurClock<L> {
    type Counter = L::Counter;
    type Gauge = L::Gauge;
    type Histogram = L::Histogram;
    type Timing<'a> = (&'a L::Histogram, u64);

    #[inline]
    fn inc(counter: &L::Counter) {
        L::inc(counter);
    }

    #[inline]
    fn set(gauge: &L::Gauge, value: f64) {
        L::set(gauge, value);
    }

    #[inline]
    fn record(histogram: &L::Histogram, value: u64) {
        L::record(histogram, value);
    }

    #[inline]
    fn start(histogram: &L::Histogram) -> Self::Timing<'_> {
        (histogram, crate::run::clock().raw())
    }

    #[inline]
    fn stop((histogram, start): Self::Timing<'_>) {
        let clock = crate::run::clock();
        L::record(histogram, clock.delta_as_nanos(start, clock.raw()));
    }
}

/// Makes the handles of the library itself.
pub(super) struct SameHandles<'a, M>(pub(super) &'a M);

impl<L: Library, M: Make<L>> Make<OurClock<L>> for SameHandles<'_, M> {
    fn counter(&self, name: &'static str) -> L::Counter {
        self.0.counter(name)
    }

    fn gauge(&self, name: &'static str) -> L::Gauge {
        self.0.gauge(name)
    }

    fn histogram(&self, name: &'static str) -> L::Histogram {
        self.0.histogram(name)
    }

    fn by_side(&self, name: &'static str) -> [L::Counter; 2] {
        self.0.by_side(name)
    }
}
