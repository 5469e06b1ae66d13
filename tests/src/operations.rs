//! One function for each operation, for the disassembly in the tests of the hot path, and for the
//! driver's runs under callgrind. They are in a library, as most of a user's code is: there the
//! compiler must not assume a thread-local's position, as it may in a program's own crate.

#![expect(missing_docs, reason = "not for users")]

use crate::polling::poll;
use std::hint::black_box;
use std::pin::pin;
use std::sync::OnceLock;
use std::time::Duration;
use tickmetrics::{Dynamic, exemplar, prelude::*};

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 64)]
struct Symbol(LabelId);

#[derive(Metrics)]
pub struct DriverMetrics {
    /// Counts.
    plain: Counter,
    /// Counts by side.
    by_side: Counter<Side>,
    /// Counts by symbol and side.
    by_symbol: Counter<(Symbol, Side)>,
    /// In flight.
    in_flight: UpDownCounter,
    /// A price.
    price: Gauge,
    /// A duration.
    #[metric(unit = "seconds")]
    latency: Histogram,
    /// A duration with an exemplar larger than all.
    #[metric(unit = "seconds")]
    latency_traced: Histogram,
    /// A duration whose exemplars have the thread's trace, and one that is larger than all.
    #[metric(unit = "seconds", exemplars)]
    latency_asking: Histogram,
    /// A duration for each symbol.
    #[metric(unit = "seconds")]
    latency_by_symbol: Histogram<Symbol>,
}

/// Functions under names that stay in the binary, called by these names.
macro_rules! operations {
    ($($name:ident($metrics:ident, $n:ident) $body:block)+) => {
        $(
            #[unsafe(no_mangle)]
            #[inline(never)]
            fn $name($metrics: &DriverMetrics, $n: u64) $body
        )+

        pub fn operation(name: &str) -> Option<fn(&DriverMetrics, u64)> {
            match name {
                $(stringify!($name) => Some($name),)+
                _ => None,
            }
        }
    };
}

operations! {
    op_nothing(_m, _n) {}
    op_inc(m, _n) { m.plain.inc(); }
    op_add(m, n) { m.plain.add(n); }
    op_up_down(m, _n) { m.in_flight.add(1); }
    op_gauge(m, n) { m.price.set(f64::from_bits(n)); }
    op_with_enum(m, n) { m.by_side.with(if n & 1 == 0 { Side::Buy } else { Side::Sell }).inc(); }
    op_record(m, n) { m.latency.record(n); }
    op_with_interned(m, n) {
        let side = if n & 1 == 0 { Side::Buy } else { Side::Sell };
        m.by_symbol.with((Symbol::default(), side)).inc();
    }
    op_record_interned(m, n) { m.latency_by_symbol.with(Symbol::default()).record(n); }
    op_record_exemplar(m, n) { m.latency_traced.record_with_exemplar(n, TRACE, n); }
    op_record_exemplar_kept(_m, n) {
        if let Some(newest) = NEWEST.get() {
            newest.record_with_exemplar(n, TRACE, n);
        }
    }
    op_record_no_exemplar(m, n) { m.latency_traced.record_with_exemplar(n, 0, n); }
    op_record_asking(m, n) { m.latency_asking.record(n); }
    op_timed_asking(_m, _n) { timed_asking(); }
    op_dynamic_kept(_m, n) {
        if let Some(dynamic) = DYNAMIC.get() {
            dynamic.kept.add(n);
        }
    }
    op_dynamic(_m, n) {
        if let Some(dynamic) = DYNAMIC.get() {
            dynamic.counts.with(&black_box(LABELS)).add(n);
        }
    }
    op_dynamic_record(_m, n) {
        if let Some(dynamic) = DYNAMIC.get() {
            dynamic.times.with(&black_box(LABELS)).record(n);
        }
    }
    op_intern(_m, _n) { black_box(Symbol::intern("BTCUSDT")); }
    op_timer(m, _n) { drop(m.latency.start()); }
    op_timed(_m, _n) { timed(); }
    op_timed_sampled(_m, _n) { sampled(); }
    op_timed_outcome(_m, n) { black_box(with_outcome(n).is_err()); }
    op_timed_future(_m, n) { let _ = black_box(poll(pin!(future(n)))); }
}

const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;

/// A histogram whose exemplar is replaced by each record.
static NEWEST: OnceLock<Histogram> = OnceLock::new();

/// Families whose labels are known only at run time.
struct DynamicMetrics {
    counts: Dynamic<Counter>,
    times: Dynamic<Histogram>,
    /// One of the counts.
    kept: Counter,
}

static DYNAMIC: OnceLock<DynamicMetrics> = OnceLock::new();

const LABELS: [(&str, &str); 2] = [("method", "POST"), ("path", "/api/v3/orders")];

impl DynamicMetrics {
    fn register(registry: &Registry) -> Result<Self, RegisterError> {
        let described = |name| Description::new(name, "By labels of peers.");
        let counts = registry.register_dynamic(&described("dynamic_total"), 2_000)?;
        let times = registry.register_dynamic(&described("dynamic"), 2_000)?;
        Ok(Self { counts, times, kept: counts.with(&LABELS) })
    }
}

#[timed]
fn timed() {}

#[timed(exemplars)]
fn timed_asking() {}

#[timed(sample = 64)]
fn sampled() {}

#[timed(outcome)]
fn with_outcome(n: u64) -> Result<u64, u64> {
    if n > 0 { Ok(n) } else { Err(n) }
}

#[timed(outcome)]
async fn future(n: u64) -> Result<u64, u64> {
    if n > 0 { Ok(n) } else { Err(n) }
}

impl Default for Symbol {
    fn default() -> Self {
        Self(LabelId::OTHER)
    }
}

/// The metrics, ready to be recorded to.
pub fn prepared() -> &'static DriverMetrics {
    let metrics = DriverMetrics::global();
    Symbol::intern("BTCUSDT");
    timed();
    timed_asking();
    sampled();
    let _ = (with_outcome(1), poll(pin!(future(1))));
    let newest = Description::new("newest", "Keeps each exemplar.").exemplar_period(Duration::ZERO);
    if let Ok(dynamic) = DynamicMetrics::register(Registry::global()) {
        DYNAMIC.get_or_init(|| dynamic);
    }
    if let Ok(newest) = Registry::global().register(&newest) {
        NEWEST.get_or_init(|| newest);
    }
    tickmetrics::warm_up();
    let hour = Duration::from_hours(1);
    metrics.latency_traced.record_duration_with_exemplar(hour, TRACE, 1);
    // Another hook does as well: its answer for the hour stays.
    let _ = exemplar::set_hook(exemplar::current);
    let _scope = exemplar::Scope::enter(TRACE, 1);
    metrics.latency_asking.record(hour);
    metrics
}
