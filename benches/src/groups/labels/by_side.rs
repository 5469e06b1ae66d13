//! Counting by an enum label.

use super::counters::{
    BY_HAND, Client, Fast, by_hand, by_hand_total, family_total, one, ours_total, unlabelled, vec,
    vec_total,
};
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
struct BySide {
    side: Side,
}

#[derive(measured::LabelGroup)]
#[label(set = SideSet)]
struct SideGroup {
    side: Side,
}

pub(super) fn all() -> Vec<Candidate> {
    vec![
        ours(),
        unlabelled(),
        one(
            BY_HAND,
            by_hand(Side::ALL.len()),
            |(_, counters), order| counters[order.side as usize].inc(),
            by_hand_total,
        ),
        prometheus(),
        prometheus_client(),
        metrics(),
        opentelemetry(),
        opentelemetry_bound(),
        metriken(),
        fastmetrics(),
        measured(),
        fast_telemetry(),
    ]
}

fn ours() -> Candidate {
    let registry = Registry::new();
    let ours: Counter<Side> =
        registry.register(&Description::new("a_total", "Counted.")).expect("the name is new");
    one(
        OURS,
        ours,
        |ours, order| ours.with(order.side).inc(),
        move |_| ours_total(&registry, "a_total"),
    )
}

fn prometheus() -> Candidate {
    one(
        "prometheus",
        vec(&["side"]),
        |vec, order| vec.with_label_values(&[order.side.as_str()]).inc(),
        vec_total,
    )
}

fn prometheus_client() -> Candidate {
    one(
        "prometheus-client",
        prometheus_client::metrics::family::Family::<BySide, Client>::default(),
        |family, order| {
            family.get_or_create(&BySide { side: order.side }).inc();
        },
        family_total,
    )
}

fn metrics() -> Candidate {
    let metrics = kept(Metrics::new());
    one(
        "metrics, by label",
        (),
        |(), order| metrics::counter!("a", "side" => order.side.as_str()).increment(1),
        |()| metrics.total("a"),
    )
    .inside(|run| metrics.as_recorder(run))
}

fn opentelemetry() -> Candidate {
    let otel = Otel::new();
    one(
        "opentelemetry_sdk",
        otel.meter.u64_counter("a").build(),
        |counter, order| counter.add(1, &[KeyValue::new("side", order.side.as_str())]),
        move |_| otel.total("a"),
    )
}

fn opentelemetry_bound() -> Candidate {
    let otel = Otel::new();
    let counter = otel.meter.u64_counter("a").build();
    one(
        "opentelemetry_sdk, bound, chosen from a table",
        Side::ALL.map(|side| counter.bind(&[KeyValue::new("side", side.as_str())])),
        |handles, order| handles[order.side as usize].add(1),
        move |_| otel.total("a"),
    )
}

fn metriken() -> Candidate {
    one(
        "metriken, sharded, by index",
        metriken::ShardedCounterGroup::new(Side::ALL.len()),
        |group, order| {
            group.increment(order.side as usize);
        },
        |group| group.load().map_or(0, |all| all.iter().sum()),
    )
}

fn fastmetrics() -> Candidate {
    one(
        "fastmetrics",
        fastmetrics::metrics::family::Family::<BySide, Fast>::default(),
        |family, order| family.with_or_new(&BySide { side: order.side }, Fast::inc),
        |family| {
            let get = |side| family.with(&BySide { side }, Fast::total).unwrap_or(0);
            Side::ALL.map(get).iter().sum()
        },
    )
}

fn measured() -> Candidate {
    one(
        "measured",
        measured::CounterVec::<SideSet>::new(),
        |vec, order| vec.inc(SideGroup { side: order.side }),
        |vec| {
            let get =
                |side| vec.get_metric(vec.with_labels(SideGroup { side })).count.load(Relaxed);
            Side::ALL.map(get).iter().sum()
        },
    )
}

fn fast_telemetry() -> Candidate {
    one(
        "fast-telemetry",
        fast_telemetry::LabeledCounter::<Side>::new(shards()),
        |counter, order| counter.inc(order.side),
        |counter| u64::try_from(counter.sum_all()).unwrap_or(0),
    )
}
