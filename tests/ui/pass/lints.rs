//! The expansions cause no warning, whatever is denied, and hide none.

#![deny(warnings, missing_docs, unreachable_pub, unused, let_underscore_drop)]
#![deny(rust_2018_idioms, rust_2024_compatibility, elided_lifetimes_in_paths)]
#![deny(missing_debug_implementations, missing_copy_implementations, trivial_casts)]
#![deny(trivial_numeric_casts, unused_qualifications, unused_results, unit_bindings)]
#![deny(single_use_lifetimes, redundant_lifetimes, variant_size_differences)]
#![forbid(unsafe_code, unreachable_code, dead_code, unused_variables, unused_imports)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]

use tickmetrics::prelude::*;

/// A side.
#[derive(Clone, Copy, Debug, Label)]
pub enum Side {
    /// Bids.
    Buy,
    /// Offers.
    Sell,
}

/// A symbol, whose `as_str` nobody calls.
#[derive(Clone, Copy, Debug, Label)]
#[label(capacity = 16)]
struct Symbol(LabelId);

/// A public one.
#[derive(Clone, Copy, Debug, Label)]
#[label(capacity = 16)]
pub struct Venue(LabelId);

/// Types that a macro of the crate makes, none of whose methods is called.
mod made {
    use tickmetrics::prelude::*;

    macro_rules! made {
        ($label:ident, $metrics:ident) => {
            /// A label.
            #[derive(Clone, Copy, Debug, Label)]
            #[label(capacity = 16)]
            pub(super) struct $label(pub(super) LabelId);

            /// Metrics.
            #[derive(Debug, Clone, Copy, Metrics)]
            #[metrics(prefix = "lints_made")]
            pub(super) struct $metrics {
                /// Orders.
                pub(super) orders: Counter<$label>,
            }
        };
    }

    made!(Made, MadeMetrics);

    pub(super) fn count(orders: Counter<Made>) {
        let metrics = MadeMetrics { orders };
        metrics.orders.with(Made(LabelId::OTHER)).inc();
    }
}

/// Labels.
#[derive(Clone, Copy, Debug, Labels)]
pub struct OrderLabels {
    /// Where.
    pub venue: Venue,
    /// Which.
    pub side: Side,
}

/// Metrics.
#[derive(Debug, Clone, Copy, Metrics)]
#[metrics(prefix = "lints", labels(region = "us"))]
pub struct LintMetrics {
    /// Orders.
    pub orders: Counter<OrderLabels>,
    /// Waited.
    #[metric(unit = "seconds", sigfigs = 3, max = "1s", native = -2, buckets = ["1us", 0.5])]
    pub wait: Histogram,
    /// An exact one.
    #[metric(name = "lints_exact", scale = 0.5)]
    pub exact: Histogram,
    /// All orders.
    #[metric(panel(title = "All", row = "Orders"))]
    pub all: Counter,
    /// Declared.
    #[metric(
        slo(objective = 0.999, errors_of = all, priority = "P2", summary = "Failed."),
        alert(name = "Share", share_of = all, above = 0.5, priority = "P0", summary = "Failed."),
        alert(name = "Rate", above = 5, over = "1m", priority = "P1", summary = "Failed."),
    )]
    pub failed: Counter,
    /// Declared, with labels.
    #[metric(
        slo(name = "sides", objective = 0.999, bad(side = ["buy", "sell"]), runbook = "https://a.b"),
        alert(name = "By", by(side), above = 0.5, priority = "P1", summary = "By side."),
        panel(by(side)),
    )]
    pub sides: Counter<Side>,
    /// Declared, of a distribution.
    #[metric(
        unit = "seconds",
        slo(objective = 0.999, under = "1ms"),
        alert(
            name = "Slow", quantile = 0.99, above = "1ms", for = "5m", priority = "P1",
            summary = "Slow.", runbook = "https://a.b"
        ),
    )]
    pub slow: Histogram,
    /// Declared, of a value.
    #[metric(alert(name = "Low", below = -0.5, priority = "P1", summary = "Low."), panel(hidden))]
    pub low: Gauge,
    /// More.
    #[metrics(flatten)]
    pub nothing: Nothing,
}

/// No metrics.
#[derive(Debug, Clone, Copy, Metrics)]
pub struct Nothing {}

#[derive(Metrics)]
struct Private {
    /// Seen.
    seen: Counter<Symbol>,
}

/// One line.
#[timed]
#[must_use]
pub fn one_line(value: u32) -> u32 { value }

/// Items first.
#[timed]
#[must_use]
pub fn items_first() -> u32 {
    const ONE: u32 = 1;
    const fn two() -> u32 {
        2
    }
    ONE + two()
}

#[timed]
fn nothing() {}

#[timed(sample = 2)]
fn sampled(text: &str) -> &str { text }

#[timed(LintMetrics::global().wait)]
fn given() {}

#[timed(LintMetrics::global().wait, sample = 2)]
fn given_sampled() {}

#[timed(outcome)]
fn unit() {}

#[timed(outcome)]
fn early(value: Option<u32>) -> Option<u32> {
    if value == Some(0) {
        return None;
    }
    let value = value?;
    Some(value)
}

#[timed(outcome, sample = 8, labels(venue = "xnas"), name = "lints_route")]
fn fallible(text: &str) -> Result<u32, std::num::ParseIntError> { text.parse() }

#[timed(outcome)]
fn mutates(mut value: u32) -> u32 {
    value += 1;
    value
}

#[timed(outcome)]
fn opaque(text: &str) -> impl Iterator<Item = char> + '_ { text.chars() }

#[timed(outcome)]
fn never() -> ! { panic!() }

#[timed]
async fn future() -> u32 { std::future::ready(1).await }

#[timed(outcome)]
async fn unit_future() {}

#[timed(outcome)]
async fn fallible_future(text: &str) -> Result<u32, std::num::ParseIntError> { text.parse() }

#[timed(outcome)]
async fn opaque_future() -> impl Send { 1 }

#[timed(outcome, LintMetrics::global().wait)]
async fn never_future() -> ! { panic!() }

fn main() {
    if let Ok(orders) = Registry::new().register(&Description::new("made_total", "Made.")) {
        made::count(orders);
    }
    let _ = Private::global().seen.with(Symbol::intern("AAPL"));
    let _ = (one_line(1), items_first(), sampled(""), early(None), mutates(1));
    let _ = (fallible("1").is_ok(), opaque("").count());
    nothing();
    given();
    given_sampled();
    unit();
    let _: fn() -> _ = never;
    drop((future(), unit_future(), fallible_future("1"), opaque_future(), never_future()));
}
