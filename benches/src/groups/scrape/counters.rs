use super::formats::{Library, Scrape};
use super::series::{Symbol500, Symbol5000, Symbol50000, symbols};
use crate::groups::names::OURS;
use crate::groups::peers::{self, Metrics};
use crate::groups::side::Side;
use fast_telemetry::PrometheusExport as _;
use measured::metric::MetricFamilyEncoding as _;
use std::sync::Arc;
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
struct Labels {
    symbol: &'static str,
    side: Side,
}

#[derive(measured::LabelGroup)]
#[label(set = Set)]
struct Group<'a> {
    #[label(dynamic_with = measured::lasso::ThreadedRodeo, default)]
    symbol: &'a str,
    side: Side,
}

pub(crate) const LIBRARIES: &[Library] = &[
    (OURS, any_ours),
    ("prometheus", prometheus),
    ("prometheus-client", prometheus_client),
    ("metrics", metrics),
    ("fastmetrics", fastmetrics),
    ("measured", measured),
    ("fast-telemetry", fast_telemetry),
];

fn any_ours(series: usize) -> Scrape {
    match series {
        1_000 => ours(series, Symbol500::intern),
        10_000 => ours(series, Symbol5000::intern),
        _ => ours(series, Symbol50000::intern),
    }
}

/// All label pairs, and a count of seven digits for each.
fn each(series: usize, mut count: impl FnMut(&'static str, Side, u64)) {
    let pairs = symbols(series).flat_map(|symbol| Side::ALL.map(|side| (symbol, side)));
    for ((symbol, side), n) in pairs.zip(1_000_000..) {
        count(symbol, side, n);
    }
}

fn ours<S: Label>(series: usize, intern: impl Fn(&str) -> S + Send + Sync + 'static) -> Scrape {
    let registry = Registry::new();
    let counter: Counter<(S, Side)> =
        registry.register(&Description::new("a_total", "Counted.")).expect("the name is new");
    Scrape::ours(registry, move || {
        each(series, |symbol, side, n| counter.with((intern(symbol), side)).add(n));
    })
}

fn prometheus(series: usize) -> Scrape {
    let registry = prometheus::Registry::new();
    let options = prometheus::Opts::new("a", "Counted.");
    let vec = prometheus::IntCounterVec::new(options, &["symbol", "side"]).expect("valid names");
    registry.register(Box::new(vec.clone())).expect("the name is new");
    Scrape::prometheus(registry, move || {
        each(series, |symbol, side, n| {
            vec.with_label_values(&[symbol, side.as_str()]).inc_by(n);
        });
    })
}

fn prometheus_client(series: usize) -> Scrape {
    use prometheus_client::metrics::{counter::Counter, family::Family};
    let family = Family::<Labels, Counter>::default();
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register("a", "Counted", family.clone());
    Scrape::prometheus_client(registry, move || {
        each(series, |symbol, side, n| {
            family.get_or_create(&Labels { symbol, side }).inc_by(n);
        });
    })
}

fn metrics(series: usize) -> Scrape {
    let recorder = Arc::new(Metrics::new());
    let count = |symbol, side: Side, n| {
        metrics::counter!("a", "symbol" => symbol, "side" => side.as_str()).increment(n);
    };
    let handle = recorder.handle.clone();
    Scrape::metrics(handle, move || recorder.as_recorder(|| each(series, count)))
}

fn fastmetrics(series: usize) -> Scrape {
    use fastmetrics::metrics::{counter::Counter, family::Family};
    let family = Family::<Labels, Counter<u64>>::default();
    let mut registry = fastmetrics::registry::Registry::default();
    registry.register("a", "Counted", family.clone()).expect("the name is new");
    Scrape::fastmetrics(registry, move || {
        each(series, |symbol, side, n| {
            family.with_or_new(&Labels { symbol, side }, |one| one.inc_by(n));
        });
    })
}

fn measured(series: usize) -> Scrape {
    let vec = Arc::new(measured::CounterVec::<Set>::with_label_set(Set::new()));
    let counted = vec.clone();
    let count = move || each(series, |symbol, side, n| vec.inc_by(Group { symbol, side }, n));
    Scrape::new(count).text(move |out| {
        let mut encoder = measured::text::BufferedTextEncoder::new();
        let name = measured::metric::name::MetricName::from_str("a");
        counted.collect_family_into(name, &mut encoder).expect("it is text");
        *out = String::from_utf8(encoder.finish().to_vec()).expect("it is text");
    })
}

fn fast_telemetry(series: usize) -> Scrape {
    let counter =
        Arc::new(fast_telemetry::DynamicCounter::with_max_series(peers::shards(), series));
    let exported = counter.clone();
    let count = move || {
        each(series, |symbol, side, n| {
            let n = isize::try_from(n).unwrap_or(0);
            counter.add(&[("symbol", symbol), ("side", side.as_str())], n);
        });
    };
    Scrape::new(count).text(move |out| exported.export_prometheus(out, "a", "Counted."))
}
