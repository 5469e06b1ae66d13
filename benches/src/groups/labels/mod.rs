//! Counting by labels whose values are known at run time only.

mod intern;

use super::peers::{Metrics, Otel, shards, total};
use super::{INPUTS, OURS, Side};
use crate::candidate::{Candidate, kept};
use crate::run::{self, Effort};
use crate::table::Report;
use opentelemetry::KeyValue;
use std::sync::atomic::Ordering::Relaxed;
use tickmetrics::prelude::*;

/// Symbols in turn: as many as a busy feed has.
const SYMBOLS: usize = 64;

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let measured = run::interleaved(&by_side(), effort)?;
    let note = "Sides at random, read from a table. The second row reads them, too, and adds to \
                one cell. The third does by hand what labels do: a table of unlabelled handles, of \
                which the side picks one.";
    report.push_measured("enum label", "Enum label chosen at run time", note, &measured);

    let measured = run::interleaved(&by_symbol(), effort)?;
    let note = "64 symbols and two sides at random. tickmetrics, and the handles kept in a table, \
                have interned the symbol before; the libraries that take strings look them up. \
                \"From strings\" does both: `intern`, then count.";
    report.push_measured("interned label", "Interned label and enum label", note, &measured);

    let measured = run::interleaved(&intern::all(), effort.divided_by(2))?;
    report.push_measured("intern", "A known value's number", "64 symbols at random.", &measured);
    Ok(())
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 4096)]
struct Symbol(LabelId);

#[derive(
    Clone,
    PartialEq,
    Eq,
    Hash,
    Debug,
    fastmetrics::derive::LabelSet,
    prometheus_client::encoding::EncodeLabelSet,
)]
struct BySide {
    side: Side,
}

#[derive(
    Clone,
    PartialEq,
    Eq,
    Hash,
    Debug,
    fastmetrics::derive::LabelSet,
    prometheus_client::encoding::EncodeLabelSet,
)]
struct BySymbol {
    symbol: &'static str,
    side: Side,
}

#[derive(measured::LabelGroup)]
#[label(set = SideSet)]
struct SideGroup {
    side: Side,
}

#[derive(measured::LabelGroup)]
#[label(set = SymbolSet)]
struct SymbolGroup<'a> {
    #[label(dynamic_with = measured::lasso::ThreadedRodeo, default)]
    symbol: &'a str,
    side: Side,
}

/// The labels of one count.
#[derive(Clone, Copy)]
struct Order {
    name: &'static str,
    symbol: Symbol,
    side: Side,
}

impl Order {
    fn index(self) -> usize {
        tickmetrics::Label::index(self.symbol) * Side::ALL.len() + self.side as usize
    }
}

/// Orders at random; all symbols are interned.
fn orders() -> &'static [Order; INPUTS] {
    let mut random = fastrand::Rng::with_seed(2);
    let names: Vec<&'static str> =
        (0..SYMBOLS).map(|at| &**kept(format!("COIN{at:02}USDT"))).collect();
    kept(std::array::from_fn(|_| {
        let name = names[random.usize(..SYMBOLS)];
        Order {
            name,
            symbol: Symbol::intern(name),
            side: random.choice(Side::ALL).unwrap_or(Side::Buy),
        }
    }))
}

/// One library. `inc` is given its metric and an order.
fn one<H: Send + Sync + 'static>(
    name: &str,
    metric: H,
    inc: impl Fn(&H, Order) + Send + Sync + 'static,
    count: impl Fn(&H) -> u64 + Send + Sync + 'static,
) -> Candidate {
    let (metric, orders) = (kept(metric), orders());
    Candidate::new(name, move |turn| inc(metric, orders[turn % INPUTS]), move || count(metric))
}

/// The total of a counter of ours.
fn ours_total(registry: &Registry, name: &str) -> u64 {
    let snapshot = registry.snapshot();
    let Some(family) = snapshot.family(name) else { return 0 };
    let value = |value| if let tickmetrics::Value::Counter(value) = value { value } else { 0 };
    family.series().map(|one| value(one.value())).sum()
}

/// A table of unlabelled counters of ours, and their registry.
fn by_hand(counters: usize) -> (Registry, Vec<Counter>) {
    let registry = Registry::new();
    let make = |at| {
        let description = Description::new(format!("a{at}_total"), "Counted.");
        registry.register(&description).expect("the name is new")
    };
    let counters = (0..counters).map(make).collect();
    (registry, counters)
}

/// The reference for the goals: one counter without labels, in a loop that reads the order too.
fn unlabelled() -> Candidate {
    let registry = Registry::new();
    let counter: Counter =
        registry.register(&Description::new("a_total", "Counted.")).expect("the name is new");
    one(
        "tickmetrics, unlabelled",
        counter,
        // The shifted bits are 0, but the compiler does not know that: the number is 1.
        |counter, order| counter.add(1 + (order.index() as u64 >> 32)),
        move |_| ours_total(&registry, "a_total"),
    )
}

fn by_hand_total((registry, counters): &(Registry, Vec<Counter>)) -> u64 {
    (0..counters.len()).map(|at| ours_total(registry, &format!("a{at}_total"))).sum()
}

fn family_total<S>(family: &prometheus_client::metrics::family::Family<S, Client>) -> u64
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

type Client = prometheus_client::metrics::counter::Counter;
type Fast = fastmetrics::metrics::counter::Counter<u64>;

fn vec(labels: &[&str]) -> prometheus::IntCounterVec {
    prometheus::IntCounterVec::new(prometheus::Opts::new("a", "Counted."), labels)
        .expect("valid names")
}

fn vec_total(vec: &prometheus::IntCounterVec) -> u64 {
    let families = prometheus::core::Collector::collect(vec);
    let series = families.iter().flat_map(prometheus::proto::MetricFamily::get_metric);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole")]
    series.map(|one| one.get_counter().value() as u64).sum()
}

fn by_side() -> Vec<Candidate> {
    let registry = Registry::new();
    let ours: Counter<Side> =
        registry.register(&Description::new("a_total", "Counted.")).expect("the name is new");
    let (unbound, bound) = (Otel::new(), Otel::new());
    let counter = unbound.meter.u64_counter("a").build();
    let bound_counter = bound.meter.u64_counter("a").build();
    let handles = Side::ALL.map(|side| bound_counter.bind(&[KeyValue::new("side", side.as_str())]));
    let metrics = kept(Metrics::new());
    vec![
        one(
            OURS,
            ours,
            |ours, order| ours.with(order.side).inc(),
            move |_| ours_total(&registry, "a_total"),
        ),
        unlabelled(),
        one(
            "tickmetrics, unlabelled handles chosen alike",
            by_hand(Side::ALL.len()),
            |(_, counters), order| counters[order.side as usize].inc(),
            by_hand_total,
        ),
        one(
            "prometheus",
            vec(&["side"]),
            |vec, order| vec.with_label_values(&[order.side.as_str()]).inc(),
            vec_total,
        ),
        one(
            "prometheus-client",
            prometheus_client::metrics::family::Family::<BySide, Client>::default(),
            |family, order| {
                family.get_or_create(&BySide { side: order.side }).inc();
            },
            family_total,
        ),
        one(
            "metrics, by label",
            (),
            |(), order| metrics::counter!("a", "side" => order.side.as_str()).increment(1),
            |()| metrics.total("a"),
        )
        .under(metrics),
        one(
            "opentelemetry_sdk",
            counter,
            |counter, order| counter.add(1, &[KeyValue::new("side", order.side.as_str())]),
            move |_| unbound.total("a"),
        ),
        one(
            "opentelemetry_sdk, bound, chosen from a table",
            handles,
            |handles, order| handles[order.side as usize].add(1),
            move |_| bound.total("a"),
        ),
        one(
            "metriken, sharded, by index",
            metriken::ShardedCounterGroup::new(Side::ALL.len()),
            |group, order| {
                group.increment(order.side as usize);
            },
            |group| group.load().map_or(0, |all| all.iter().sum()),
        ),
        one(
            "fastmetrics",
            fastmetrics::metrics::family::Family::<BySide, Fast>::default(),
            |family, order| family.with_or_new(&BySide { side: order.side }, Fast::inc),
            |family| {
                let get = |side| family.with(&BySide { side }, Fast::total).unwrap_or(0);
                Side::ALL.map(get).iter().sum()
            },
        ),
        one(
            "measured",
            measured::CounterVec::<SideSet>::new(),
            |vec, order| vec.inc(SideGroup { side: order.side }),
            |vec| {
                let get =
                    |side| vec.get_metric(vec.with_labels(SideGroup { side })).count.load(Relaxed);
                Side::ALL.map(get).iter().sum()
            },
        ),
        one(
            "fast-telemetry",
            fast_telemetry::LabeledCounter::<Side>::new(shards()),
            |counter, order| counter.inc(order.side),
            |counter| u64::try_from(counter.sum_all()).unwrap_or(0),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "it is a table")]
fn by_symbol() -> Vec<Candidate> {
    let registry = Registry::new();
    let register = |name: &str| -> Counter<(Symbol, Side)> {
        registry.register(&Description::new(name, "Counted.")).expect("the name is new")
    };
    let (ours, from_strings) = (register("a_total"), register("b_total"));
    let of_ours = registry.clone();
    let otel = Otel::new();
    let counter = otel.meter.u64_counter("a").build();
    let metrics = kept(Metrics::new());
    // `other` comes before the symbols.
    let series = (SYMBOLS + 1) * Side::ALL.len();
    vec![
        one(
            OURS,
            ours,
            |ours, order| ours.with((order.symbol, order.side)).inc(),
            move |_| ours_total(&of_ours, "a_total"),
        ),
        unlabelled(),
        one(
            "tickmetrics, unlabelled handles chosen alike",
            by_hand(series),
            |(_, counters), order| counters[order.index()].inc(),
            by_hand_total,
        ),
        one(
            "metriken, sharded, by index",
            metriken::ShardedCounterGroup::new(series),
            |group, order| {
                group.increment(order.index());
            },
            |group| group.load().map_or(0, |all| all.iter().sum()),
        ),
        one(
            "tickmetrics, from strings",
            from_strings,
            |counter, order| counter.with((Symbol::intern(order.name), order.side)).inc(),
            move |_| ours_total(&registry, "b_total"),
        ),
        one(
            "prometheus",
            vec(&["symbol", "side"]),
            |vec, order| vec.with_label_values(&[order.name, order.side.as_str()]).inc(),
            vec_total,
        ),
        one(
            "prometheus-client",
            prometheus_client::metrics::family::Family::<BySymbol, Client>::default(),
            |family, order| {
                family.get_or_create(&BySymbol { symbol: order.name, side: order.side }).inc();
            },
            family_total,
        ),
        one(
            "metrics, by label",
            (),
            |(), order| {
                metrics::counter!("a", "symbol" => order.name, "side" => order.side.as_str())
                    .increment(1);
            },
            |()| metrics.total("a"),
        )
        .under(metrics),
        one(
            "opentelemetry_sdk",
            counter,
            |counter, order| {
                let (symbol, side) = (order.name, order.side.as_str());
                counter.add(1, &[KeyValue::new("symbol", symbol), KeyValue::new("side", side)]);
            },
            move |_| otel.total("a"),
        ),
        one(
            "fastmetrics",
            fastmetrics::metrics::family::Family::<BySymbol, Fast>::default(),
            |family, order| {
                family.with_or_new(&BySymbol { symbol: order.name, side: order.side }, Fast::inc);
            },
            |family| {
                sum_over_orders(|symbol, side| {
                    family.with(&BySymbol { symbol, side }, Fast::total).unwrap_or(0)
                })
            },
        ),
        one(
            "measured",
            measured::CounterVec::<SymbolSet>::with_label_set(SymbolSet::new()),
            |vec, order| vec.inc(SymbolGroup { symbol: order.name, side: order.side }),
            |vec| {
                sum_over_orders(|symbol, side| {
                    vec.get_metric(vec.with_labels(SymbolGroup { symbol, side }))
                        .count
                        .load(Relaxed)
                })
            },
        ),
        one(
            "fast-telemetry, dynamic",
            fast_telemetry::DynamicCounter::new(shards()),
            |counter, order| counter.inc(&[("symbol", order.name), ("side", order.side.as_str())]),
            |counter| u64::try_from(counter.sum_all()).unwrap_or(0),
        ),
    ]
}

/// The sum over all series that orders can have.
fn sum_over_orders(count: impl Fn(&'static str, Side) -> u64) -> u64 {
    let mut series: Vec<_> =
        orders().iter().map(|order| (order.name, order.side as usize)).collect();
    series.sort_unstable();
    series.dedup();
    series.iter().map(|&(name, side)| count(name, Side::ALL[side])).sum()
}
