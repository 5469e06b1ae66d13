//! Every kind of record, for the tests of forbidden effects of recording.

use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
#[label(capacity = 100)]
pub(crate) struct Symbol(LabelId);

#[derive(Clone, Copy, Label)]
pub(crate) enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Labels)]
pub(crate) struct OrderLabels {
    pub(crate) symbol: Symbol,
    pub(crate) side: Side,
}

#[derive(Metrics)]
pub(crate) struct Everything {
    /// A counter.
    pub(crate) plain: Counter,
    /// A labelled counter.
    pub(crate) labelled: Counter<OrderLabels>,
    /// An up-down counter.
    pub(crate) in_flight: UpDownCounter,
    /// A gauge.
    pub(crate) price: Gauge<Symbol>,
    /// A duration.
    #[metric(unit = "seconds")]
    pub(crate) latency: Histogram,
    /// A quantity.
    #[metric(scale = 0.01)]
    pub(crate) slippage: Histogram<Symbol>,
}

#[timed]
pub(crate) fn timed_function() {}

#[timed(sample = 8, outcome)]
pub(crate) fn sampled_function(fails: bool) -> Result<(), ()> {
    if fails { Err(()) } else { Ok(()) }
}

/// One record of every kind, but for corrected ones, whose work grows with their values.
pub(crate) fn record(m: &Everything, n: u64) {
    m.plain.inc();
    let symbol = Symbol::intern("AAPL");
    let side = if n.is_multiple_of(2) { Side::Buy } else { Side::Sell };
    m.labelled.with(OrderLabels { symbol, side }).add(2);
    m.in_flight.add(1);
    m.in_flight.sub(1);
    m.price.with(symbol).set(n as f64);
    m.latency.record(n);
    m.latency.record_signed(-1);
    m.latency.record_duration(std::time::Duration::from_nanos(n));
    m.latency.record_with_exemplar(n, 1 + u128::from(n), n);
    m.latency.time(|| ());
    m.latency.start().lap(&m.latency).discard();
    m.slippage.with(symbol).record_f64(n as f64);
    m.slippage.with(symbol).record_f64_with_exemplar(n as f64, 1, n);
    timed_function();
    let _ = sampled_function(n.is_multiple_of(3));
}
