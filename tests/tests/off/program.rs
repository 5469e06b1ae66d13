//! A program that is built with the feature `off`, and checks that nothing is left of what it records.

use std::time::Duration;
use tickmetrics::prelude::*;
use tickmetrics::{ReadError, Segment, SegmentError, SegmentReader, with_mock_clock};

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 4)]
struct Symbol(LabelId);

#[derive(Metrics)]
#[metrics(prefix = "off")]
struct OffMetrics {
    /// Orders.
    orders: Counter<(Symbol, Side)>,
    /// Ticks.
    ticks: Counter,
    /// In flight.
    in_flight: UpDownCounter,
    /// Price.
    price: Gauge,
    /// Time to fill.
    #[metric(unit = "seconds")]
    fill: Histogram<Symbol>,
    /// Time to decode.
    #[metric(unit = "seconds")]
    decode: Histogram,
}

// Each of these does nothing, and so it is one instruction, the return.

#[inline(never)]
extern "C" fn count(ticks: &Counter) {
    ticks.inc();
}

#[inline(never)]
extern "C" fn count_by_label(orders: &Counter<(Symbol, Side)>, symbol: &Symbol) {
    orders.with((*symbol, Side::Buy)).add(7);
}

#[inline(never)]
extern "C" fn go_up(in_flight: &UpDownCounter) {
    in_flight.inc();
}

#[inline(never)]
extern "C" fn set(price: &Gauge) {
    price.set(3.5);
}

#[inline(never)]
extern "C" fn record(decode: &Histogram) {
    decode.record(1_500);
}

#[inline(never)]
extern "C" fn record_by_label(fill: &Histogram<Symbol>, symbol: &Symbol) {
    fill.with(*symbol).record(1_500);
}

#[inline(never)]
extern "C" fn record_more(decode: &Histogram) {
    decode.record_duration(Duration::from_micros(3));
    decode.record_n(3, 5);
}

#[inline(never)]
extern "C" fn time(decode: &Histogram) {
    drop(decode.start());
}

#[timed]
#[inline(never)]
extern "C" fn timed() {}

#[timed(sample = 64, outcome)]
#[inline(never)]
extern "C" fn sampled() {}

fn starts_with_return(name: &str, function: *const ()) {
    if cfg!(all(target_arch = "x86_64", not(debug_assertions))) {
        // SAFETY: it is a function of this program, whose first byte can be read.
        let first = unsafe { function.cast::<u8>().read() };
        assert_eq!(first, 0xc3, "{name} does more than return");
    }
}

#[timed(outcome)]
async fn later() -> Result<u8, ()> {
    Ok(7)
}

fn main() {
    let registry = Registry::new();
    let metrics = OffMetrics::register(&registry).unwrap();
    let symbol = Symbol::intern("AAPL");
    assert!(Symbol::retire("AAPL") && !Symbol::retire("AAPL"));
    assert_eq!(Symbol::intern("AAPL").as_str(), symbol.as_str());
    count(&metrics.ticks);
    count_by_label(&metrics.orders, &symbol);
    go_up(&metrics.in_flight);
    set(&metrics.price);
    record(&metrics.decode);
    record_by_label(&metrics.fill, &symbol);
    record_more(&metrics.decode);
    time(&metrics.decode);
    timed();
    sampled();
    for (name, function) in [
        ("inc", count as *const ()),
        ("with", count_by_label as *const ()),
        ("up-down", go_up as *const ()),
        ("set", set as *const ()),
        ("record", record as *const ()),
        ("record by label", record_by_label as *const ()),
        ("record_n", record_more as *const ()),
        ("start", time as *const ()),
        ("timed", timed as *const ()),
        ("sampled", sampled as *const ()),
    ] {
        starts_with_return(name, function);
    }

    // All else works, and answers nothing.
    assert_eq!(symbol.as_str(), "AAPL");
    assert_eq!(metrics.decode.start().stop(), Duration::ZERO);
    assert_eq!(with_mock_clock(|clock| metrics.decode.time(|| clock.advance(Duration::MAX))), ());
    assert_eq!((metrics.ticks.get(), metrics.price.get()), (0, 0.0));
    metrics.fill.declare(symbol).record_with_exemplar(3, 1, 2);
    tickmetrics::warm_up();
    OffMetrics::global().ticks.inc();
    let asked = Description::new("asked", "Asked.");
    let guard = registry.gauge_fn_with(&asked, || -> u8 { panic!("nobody asks") }).unwrap();
    assert!(registry.snapshot().is_empty() && Registry::global().snapshot().is_empty());
    drop(guard);
    let mut later = std::pin::pin!(later());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(later.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(7)));

    // Names are checked, and everything that is missing returns an error with the reason.
    assert!(registry.register::<Counter>(&Description::new("", "No name.")).is_err());
    assert!(registry.register::<Gauge>(&Description::new("off_ticks_total", "Ticks.")).is_err());
    assert!(matches!(Segment::builder().install(), Err(SegmentError::Off)));
    assert!(SegmentError::Off.to_string().contains("feature `off`"));
    assert!(Segment::stats().is_none());
    let error = SegmentReader::open("segment").unwrap_err();
    assert!(matches!(error, ReadError::Io { .. }) && error.to_string().contains("`off`"));
    println!("nothing is left");
}
