//! Counting by an interned label and an enum label.

use super::counters::{
    BY_HAND, Client, Fast, by_hand, by_hand_total, family_total, one, ours_total, unlabelled, vec,
    vec_total,
};
use super::orders::{SYMBOLS, Symbol, sum_over_orders};
use crate::candidate::{Candidate, kept};
use crate::groups::names::OURS;
use crate::groups::peers::{Metrics, Otel, shards};
use crate::groups::side::Side;
use opentelemetry::KeyValue;
use std::sync::atomic::Ordering::Relaxed;
use tickmetrics::prelude::*;

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
#[label(set = SymbolSet)]
struct SymbolGroup<'a> {
    #[label(dynamic_with = measured::lasso::ThreadedRodeo, default)]
    symbol: &'a str,
    side: Side,
}

/// All series; `other` comes before the symbols.
const SERIES: usize = (SYMBOLS + 1) * Side::ALL.len();

pub(super) fn all() -> Vec<Candidate> {
    vec![
        ours(),
        unlabelled(),
        one(
            BY_HAND,
            by_hand(SERIES),
            |(_, counters), order| counters[order.index()].inc(),
            by_hand_total,
        ),
        metriken(),
        ours_from_strings(),
        prometheus(),
        prometheus_client(),
        metrics(),
        opentelemetry(),
        fastmetrics(),
        measured(),
        fast_telemetry(),
    ]
}

/// A counter of ours, and its registry.
fn registered() -> (Counter<(Symbol, Side)>, Registry) {
    let registry = Registry::new();
    let description = Description::new("a_total", "Counted.");
    (registry.register(&description).expect("the name is new"), registry)
}

fn ours() -> Candidate {
    let (ours, registry) = registered();
    one(
        OURS,
        ours,
        |ours, order| ours.with((order.symbol, order.side)).inc(),
        move |_| ours_total(&registry, "a_total"),
    )
}

fn ours_from_strings() -> Candidate {
    let (ours, registry) = registered();
    one(
        "tickmetrics, from strings",
        ours,
        |ours, order| ours.with((Symbol::intern(order.name), order.side)).inc(),
        move |_| ours_total(&registry, "a_total"),
    )
}

fn metriken() -> Candidate {
    one(
        "metriken, sharded, by index",
        metriken::ShardedCounterGroup::new(SERIES),
        |group, order| {
            group.increment(order.index());
        },
        |group| group.load().map_or(0, |all| all.iter().sum()),
    )
}

fn prometheus() -> Candidate {
    one(
        "prometheus",
        vec(&["symbol", "side"]),
        |vec, order| vec.with_label_values(&[order.name, order.side.as_str()]).inc(),
        vec_total,
    )
}

fn prometheus_client() -> Candidate {
    one(
        "prometheus-client",
        prometheus_client::metrics::family::Family::<BySymbol, Client>::default(),
        |family, order| {
            family.get_or_create(&BySymbol { symbol: order.name, side: order.side }).inc();
        },
        family_total,
    )
}

fn metrics() -> Candidate {
    let metrics = kept(Metrics::new());
    one(
        "metrics, by label",
        (),
        |(), order| {
            metrics::counter!("a", "symbol" => order.name, "side" => order.side.as_str())
                .increment(1);
        },
        |()| metrics.total("a"),
    )
    .inside(|run| metrics.as_recorder(run))
}

fn opentelemetry() -> Candidate {
    let otel = Otel::new();
    one(
        "opentelemetry_sdk",
        otel.meter.u64_counter("a").build(),
        |counter, order| {
            let (symbol, side) = (order.name, order.side.as_str());
            counter.add(1, &[KeyValue::new("symbol", symbol), KeyValue::new("side", side)]);
        },
        move |_| otel.total("a"),
    )
}

fn fastmetrics() -> Candidate {
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
    )
}

fn measured() -> Candidate {
    one(
        "measured",
        measured::CounterVec::<SymbolSet>::with_label_set(SymbolSet::new()),
        |vec, order| vec.inc(SymbolGroup { symbol: order.name, side: order.side }),
        |vec| {
            sum_over_orders(|symbol, side| {
                vec.get_metric(vec.with_labels(SymbolGroup { symbol, side })).count.load(Relaxed)
            })
        },
    )
}

fn fast_telemetry() -> Candidate {
    one(
        "fast-telemetry, dynamic",
        fast_telemetry::DynamicCounter::new(shards()),
        |counter, order| counter.inc(&[("symbol", order.name), ("side", order.side.as_str())]),
        |counter| u64::try_from(counter.sum_all()).unwrap_or(0),
    )
}
