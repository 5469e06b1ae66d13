//! Counters with labels, of the libraries that need some lines for it.

use super::orders::{Order, orders};
use crate::candidate::{Candidate, kept};
use crate::groups::inputs::INPUTS;
use crate::groups::peers::total;
use tickmetrics::prelude::*;

pub(super) const UNLABELLED: &str = "tickmetrics, unlabelled";
pub(super) const BY_HAND: &str = "tickmetrics, unlabelled handles chosen alike";

/// One library. `inc` is given its metric and an order.
pub(super) fn one<H: Send + Sync + 'static>(
    name: &str,
    metric: H,
    inc: impl Fn(&H, Order) + Send + Sync + 'static,
    count: impl Fn(&H) -> u64 + Send + Sync + 'static,
) -> Candidate {
    let (metric, orders) = (kept(metric), orders());
    Candidate::new(name, move |turn| inc(metric, orders[turn % INPUTS]), move || count(metric))
}

/// The total of a counter of ours.
pub(super) fn ours_total(registry: &Registry, name: &str) -> u64 {
    let snapshot = registry.snapshot();
    let Some(family) = snapshot.family(name) else { return 0 };
    let value = |value| if let tickmetrics::Value::Counter(value) = value { value } else { 0 };
    family.series().map(|one| value(one.value())).sum()
}

/// A table of unlabelled counters of ours, and their registry.
pub(super) fn by_hand(counters: usize) -> (Registry, Vec<Counter>) {
    let registry = Registry::new();
    let make = |at| {
        let description = Description::new(format!("a{at}_total"), "Counted.");
        registry.register(&description).expect("the name is new")
    };
    let counters = (0..counters).map(make).collect();
    (registry, counters)
}

/// The reference for the goals: one counter without labels, in a loop that reads the order too.
pub(super) fn unlabelled() -> Candidate {
    let registry = Registry::new();
    let counter: Counter =
        registry.register(&Description::new("a_total", "Counted.")).expect("the name is new");
    one(
        UNLABELLED,
        counter,
        // The shifted bits are 0, but the compiler does not know that: the number is 1.
        |counter, order| counter.add(1 + (order.index() as u64 >> 32)),
        move |_| ours_total(&registry, "a_total"),
    )
}

pub(super) fn by_hand_total((registry, counters): &(Registry, Vec<Counter>)) -> u64 {
    (0..counters.len()).map(|at| ours_total(registry, &format!("a{at}_total"))).sum()
}

pub(super) fn family_total<S>(family: &prometheus_client::metrics::family::Family<S, Client>) -> u64
where
    S: Clone + std::hash::Hash + Eq + prometheus_client::encoding::EncodeLabelSet,
    S: std::fmt::Debug + Send + Sync + 'static,
{
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register("a", "Counted", family.clone());
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry)
        .map_or(0, |()| total(&text, "a_total"))
}

pub(super) type Client = prometheus_client::metrics::counter::Counter;
pub(super) type Fast = fastmetrics::metrics::counter::Counter<u64>;

pub(super) fn vec(labels: &[&str]) -> prometheus::IntCounterVec {
    prometheus::IntCounterVec::new(prometheus::Opts::new("a", "Counted."), labels)
        .expect("valid names")
}

pub(super) fn vec_total(vec: &prometheus::IntCounterVec) -> u64 {
    let families = prometheus::core::Collector::collect(vec);
    let series = families.iter().flat_map(prometheus::proto::MetricFamily::get_metric);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole")]
    series.map(|one| one.get_counter().value() as u64).sum()
}
