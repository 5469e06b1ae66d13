//! A program that uses the crate through a Rust dylib, with its own code for inlined functions. It
//! does not depend on `tickmetrics` by name, so the macros find the crate by the given path.

use shared::tickmetrics::{Counter, LabelId, Metrics, Registry, Segment, timed, warm_up};
use shared::tickmetrics::{Histogram, Label, Labels};

#[derive(Clone, Copy, Label)]
#[label(crate = shared::tickmetrics)]
enum Side {
    Buy,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 4, crate = shared::tickmetrics)]
struct Symbol(LabelId);

#[derive(Clone, Copy, Labels)]
#[label(crate = ::shared::tickmetrics)]
struct Of {
    side: Side,
    symbol: Symbol,
}

#[derive(Metrics)]
#[metrics(crate = shared::tickmetrics)]
struct Feed {
    /// Ticks.
    ticks: Counter,
    /// Orders.
    orders: Counter<Of>,
    /// Waits.
    #[metric(unit = "seconds")]
    wait: Histogram,
}

#[timed(crate = shared::tickmetrics)]
fn once() {}

#[timed(Feed::global().wait, sample = 2, outcome, crate = shared::tickmetrics)]
fn twice() {}

fn main() {
    let registry = Registry::new();
    let feed = Feed::register(&registry).unwrap();
    let ticks = feed.ticks;
    let count = move || {
        warm_up();
        (0..1000).for_each(|_| ticks.inc());
    };
    count();
    std::thread::spawn(count).join().unwrap();
    feed.orders.with(Of { side: Side::Buy, symbol: Symbol::intern("A") }).inc();
    once();
    twice();
    let labels = [("side", "buy"), ("symbol", "A")];
    assert_eq!(registry.snapshot().counter("orders_total", &labels), Some(1));
    let timed = Registry::global().snapshot();
    let labels = |name| [("module", module_path!()), ("function", name)];
    assert_eq!(timed.counter("function_calls_total", &labels("once")), Some(1));
    assert_eq!(timed.histogram("wait_seconds", &[]).unwrap().count(), 1);
    let overflow = Segment::stats().unwrap().overflow_records;
    println!("{} {overflow}", registry.snapshot().counter("ticks_total", &[]).unwrap());
}
