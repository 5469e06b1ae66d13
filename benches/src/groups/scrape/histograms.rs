use super::counters::Library;
use super::{OURS, Scrape, Symbol500, Symbol5000, symbols};
use crate::groups::{EDGES, Metrics, durations, edges, peers};
use fast_telemetry::PrometheusExport as _;
use measured::metric::MetricFamilyEncoding as _;
use metrics_core::prelude::*;
use std::sync::Arc;

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
    flag: &'static str,
}

#[derive(measured::LabelGroup)]
#[label(set = Set)]
struct Group<'a> {
    #[label(dynamic_with = measured::lasso::ThreadedRodeo, default)]
    symbol: &'a str,
    #[label(dynamic_with = measured::lasso::ThreadedRodeo, default)]
    flag: &'a str,
}

pub(crate) const LIBRARIES: &[Library] = &[
    (OURS, |series| ours_with(series, Description::DEFAULT_SIGFIGS)),
    ("prometheus", prometheus),
    ("prometheus-client", prometheus_client),
    ("metrics", metrics),
    ("fastmetrics", fastmetrics),
    ("measured", measured),
    ("fast-telemetry", fast_telemetry),
];

/// Ours, with so many significant digits.
pub(crate) fn ours_with(series: usize, sigfigs: u8) -> Scrape {
    match series {
        1_000 => ours(series, sigfigs, Symbol500::intern),
        _ => ours(series, sigfigs, Symbol5000::intern),
    }
}

/// Values for each series.
const VALUES: usize = 100;

/// All label pairs, with what each records.
pub(crate) fn each(series: usize, mut record: impl FnMut(&'static str, bool, &[u64])) {
    let durations = durations();
    for (at, symbol) in symbols(series).enumerate() {
        for (flag, start) in [(false, at), (true, at * 7)] {
            let start = start % (durations.len() - VALUES);
            record(symbol, flag, &durations[start..start + VALUES]);
        }
    }
}

fn text(flag: bool) -> &'static str {
    if flag { "true" } else { "false" }
}

fn ours<S: Label>(
    series: usize,
    sigfigs: u8,
    intern: impl Fn(&str) -> S + Send + Sync + 'static,
) -> Scrape {
    let registry = Registry::new();
    let description =
        Description::new("a", "Waited.").unit("seconds").sigfigs(sigfigs).buckets(EDGES);
    let histogram: Histogram<(S, bool)> = registry.register(&description).expect("the name is new");
    Scrape::new(
        move || {
            each(series, |symbol, flag, values| {
                let one = histogram.with((intern(symbol), flag));
                values.iter().for_each(|&value| one.record(value));
            });
        },
        move |out| exporter::encode::text(&registry.snapshot(), out),
    )
}

fn prometheus(series: usize) -> Scrape {
    let registry = prometheus::Registry::new();
    let options = prometheus::HistogramOpts::new("a", "Waited.").buckets(edges().to_vec());
    let vec = prometheus::HistogramVec::new(options, &["symbol", "flag"]).expect("valid names");
    registry.register(Box::new(vec.clone())).expect("the name is new");
    Scrape::new(
        move || {
            each(series, |symbol, flag, values| {
                let one = vec.with_label_values(&[symbol, text(flag)]);
                values.iter().for_each(|&value| one.observe(value as f64 * 1e-9));
            });
        },
        move |out| {
            let families = registry.gather();
            prometheus::TextEncoder::new().encode_utf8(&families, out).expect("it is text");
        },
    )
}

fn prometheus_client(series: usize) -> Scrape {
    use prometheus_client::metrics::{family::Family, histogram::Histogram};
    let family = Family::<Labels, Histogram, fn() -> Histogram>::new_with_constructor(|| {
        Histogram::new(edges())
    });
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register("a", "Waited", family.clone());
    Scrape::new(
        move || {
            each(series, |symbol, flag, values| {
                let one = family.get_or_create(&Labels { symbol, flag: text(flag) });
                values.iter().for_each(|&value| one.observe(value as f64 * 1e-9));
            });
        },
        move |out| prometheus_client::encoding::text::encode(out, &registry).expect("it is text"),
    )
}

fn metrics(series: usize) -> Scrape {
    let recorder = Arc::new(Metrics::new());
    let observe = |symbol, flag, values: &[u64]| {
        let one = metrics::histogram!("a", "symbol" => symbol, "flag" => text(flag));
        values.iter().for_each(|&value| one.record(value as f64 * 1e-9));
    };
    let handle = recorder.handle.clone();
    Scrape::new(
        move || {
            recorder.as_recorder(|| each(series, observe));
            // What is still queued is sorted into buckets by the upkeep, or else by the first scrape.
            recorder.handle.run_upkeep();
        },
        move |out| *out = handle.render(),
    )
}

fn fastmetrics(series: usize) -> Scrape {
    use fastmetrics::format::text::{TextProfile, encode};
    use fastmetrics::metrics::{family::Family, histogram::Histogram};
    let family = Family::<Labels, Histogram>::new(|| Histogram::new(edges()));
    let mut registry = fastmetrics::registry::Registry::default();
    registry.register("a", "Waited", family.clone()).expect("the name is new");
    Scrape::new(
        move || {
            each(series, |symbol, flag, values| {
                family.with_or_new(&Labels { symbol, flag: text(flag) }, |one| {
                    values.iter().for_each(|&value| one.observe(value as f64 * 1e-9));
                });
            });
        },
        move |out| encode(out, &registry, TextProfile::default()).expect("it is text"),
    )
}

fn measured(series: usize) -> Scrape {
    use measured::metric::histogram::Thresholds;
    let thresholds = Thresholds::with_buckets(edges());
    let vec =
        measured::HistogramVec::<Set, 15>::with_label_set_and_metadata(Set::new(), thresholds);
    let vec = Arc::new(vec);
    let observed = vec.clone();
    Scrape::new(
        move || {
            each(series, |symbol, flag, values| {
                for &value in values {
                    vec.observe(Group { symbol, flag: text(flag) }, value as f64 * 1e-9);
                }
            });
        },
        move |out| {
            let mut encoder = measured::text::BufferedTextEncoder::new();
            let name = measured::metric::name::MetricName::from_str("a");
            observed.collect_family_into(name, &mut encoder).expect("it is text");
            *out = String::from_utf8(encoder.finish().to_vec()).expect("it is text");
        },
    )
}

fn fast_telemetry(series: usize) -> Scrape {
    let histogram = fast_telemetry::DynamicHistogram::with_limits(&EDGES, peers::shards(), series);
    let histogram = Arc::new(histogram);
    let observed = histogram.clone();
    Scrape::new(
        move || {
            each(series, |symbol, flag, values| {
                for &value in values {
                    histogram.record(&[("symbol", symbol), ("flag", text(flag))], value);
                }
            });
        },
        move |out| observed.export_prometheus(out, "a", "Waited."),
    )
}
