//! Recording does not allocate: a counting allocator around every kind of record.

use metrics_core::prelude::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is the system's; only a thread-local without a destructor is counted up.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many allocations this thread makes in a call.
fn allocations(call: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    call();
    ALLOCATIONS.get() - before
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 100)]
struct Symbol(LabelId);

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Labels)]
struct OrderLabels {
    symbol: Symbol,
    side: Side,
}

#[derive(Metrics)]
struct Everything {
    /// A counter.
    plain: Counter,
    /// A labelled counter.
    labelled: Counter<OrderLabels>,
    /// An up-down counter.
    in_flight: UpDownCounter,
    /// A gauge.
    price: Gauge<Symbol>,
    /// A duration.
    #[metric(unit = "seconds")]
    latency: Histogram,
    /// A quantity.
    #[metric(scale = 0.01)]
    slippage: Histogram<Symbol>,
}

#[timed]
fn timed_function() {}

#[timed(sample = 8, outcome)]
fn sampled_function(fails: bool) -> Result<(), ()> {
    if fails { Err(()) } else { Ok(()) }
}

fn record_everything(m: &Everything) {
    for n in 0..1000_u64 {
        m.plain.inc();
        let symbol = Symbol::intern("AAPL");
        let side = if n % 2 == 0 { Side::Buy } else { Side::Sell };
        m.labelled.with(OrderLabels { symbol, side }).add(2);
        m.in_flight.add(1);
        m.in_flight.sub(1);
        m.price.with(symbol).set(n as f64);
        m.latency.record(n);
        m.latency.record_signed(-1);
        m.latency.record_corrected(1000 * n, 10);
        m.latency.record_duration(std::time::Duration::from_nanos(n));
        m.latency.time(|| ());
        m.latency.start().lap(&m.latency).discard();
        m.slippage.with(symbol).record_f64(n as f64);
        timed_function();
        let _ = sampled_function(n % 3 == 0);
    }
}

#[test]
fn recording_does_not_allocate() {
    assert!(allocations(|| drop(Box::new(1))) > 0, "the allocator counts");
    let m = Everything::register(&Registry::new()).unwrap();
    metrics_core::warm_up();
    // What comes first: a value is interned, a timed function registered.
    Symbol::intern("AAPL");
    timed_function();
    let _ = sampled_function(false);
    assert_eq!(allocations(|| record_everything(&m)), 0);

    let there = std::thread::spawn(move || {
        metrics_core::warm_up();
        allocations(|| record_everything(&m))
    });
    assert_eq!(there.join().unwrap(), 0, "on another thread");
}
