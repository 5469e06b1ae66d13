use super::formats::{Library, Scrape};
use super::series::{Symbol500, Symbol5000, Symbol50000, symbols};
use crate::groups::inputs::{EDGES, durations, edges};
use crate::groups::names::OURS;
use crate::groups::peers::{self, ClientHistogram, Metrics};
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
    (OURS, |series| ours_with(series, Buckets::Classic(Description::DEFAULT_SIGFIGS))),
    ("prometheus", prometheus),
    ("prometheus-client", prometheus_client),
    ("metrics", metrics),
    ("fastmetrics", fastmetrics),
    ("measured", measured),
    ("fast-telemetry", fast_telemetry),
];

/// Those that have native buckets, with these and no others: 9 % from one to the next.
pub(crate) const NATIVE: &[Library] = &[
    (OURS, |series| ours_with(series, Buckets::Native)),
    ("prometheus-client", prometheus_client_native),
    ("metrics", metrics_native),
];

/// The buckets of ours.
#[derive(Clone, Copy)]
pub(crate) enum Buckets {
    /// 15 of them, with so many significant digits.
    Classic(u8),
    /// Of schema 3.
    Native,
}

pub(crate) fn ours_with(series: usize, buckets: Buckets) -> Scrape {
    match series {
        1_000 => ours(series, buckets, Symbol500::intern),
        10_000 => ours(series, buckets, Symbol5000::intern),
        _ => ours(series, buckets, Symbol50000::intern),
    }
}

/// Values for each series.
const VALUES: usize = 100;

/// All label pairs, each with its values.
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
    buckets: Buckets,
    intern: impl Fn(&str) -> S + Send + Sync + 'static,
) -> Scrape {
    let registry = Registry::new();
    let description = Description::new("a", "Waited.").unit("seconds");
    let description = match buckets {
        Buckets::Classic(sigfigs) => description.sigfigs(sigfigs).buckets(EDGES),
        Buckets::Native => description.buckets([]).native(3),
    };
    let histogram: Histogram<(S, bool)> = registry.register(&description).expect("the name is new");
    Scrape::ours(registry, move || {
        each(series, |symbol, flag, values| {
            let one = histogram.with((intern(symbol), flag));
            values.iter().for_each(|&value| one.record(value));
        });
    })
}

fn prometheus(series: usize) -> Scrape {
    let registry = prometheus::Registry::new();
    let options = prometheus::HistogramOpts::new("a", "Waited.").buckets(edges().to_vec());
    let vec = prometheus::HistogramVec::new(options, &["symbol", "flag"]).expect("valid names");
    registry.register(Box::new(vec.clone())).expect("the name is new");
    Scrape::prometheus(registry, move || {
        each(series, |symbol, flag, values| {
            let one = vec.with_label_values(&[symbol, text(flag)]);
            values.iter().for_each(|&value| one.observe(value as f64 * 1e-9));
        });
    })
}

fn prometheus_client(series: usize) -> Scrape {
    prometheus_client_with(series, || ClientHistogram::new(edges()))
}

fn prometheus_client_native(series: usize) -> Scrape {
    use prometheus_client::metrics::histogram::NativeHistogramConfig;
    prometheus_client_with(series, || {
        ClientHistogram::new_native(NativeHistogramConfig::with_schema(3))
    })
}

fn prometheus_client_with(series: usize, make: fn() -> ClientHistogram) -> Scrape {
    use prometheus_client::metrics::family::Family;
    let family =
        Family::<Labels, ClientHistogram, fn() -> ClientHistogram>::new_with_constructor(make);
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register("a", "Waited", family.clone());
    Scrape::prometheus_client(registry, move || {
        each(series, |symbol, flag, values| {
            let one = family.get_or_create(&Labels { symbol, flag: text(flag) });
            values.iter().for_each(|&value| one.observe(value as f64 * 1e-9));
        });
    })
}

fn metrics(series: usize) -> Scrape {
    metrics_with(series, Metrics::new())
}

fn metrics_native(series: usize) -> Scrape {
    metrics_with(series, Metrics::native())
}

fn metrics_with(series: usize, recorder: Metrics) -> Scrape {
    let observe = |symbol, flag, values: &[u64]| {
        let one = metrics::histogram!("a", "symbol" => symbol, "flag" => text(flag));
        values.iter().for_each(|&value| one.record(value as f64 * 1e-9));
    };
    let handle = recorder.handle.clone();
    Scrape::metrics(handle, move || {
        recorder.as_recorder(|| each(series, observe));
        // The upkeep sorts queued values into buckets, or else the first scrape does.
        recorder.handle.run_upkeep();
    })
}

fn fastmetrics(series: usize) -> Scrape {
    use fastmetrics::metrics::{family::Family, histogram::Histogram};
    let family = Family::<Labels, Histogram>::new(|| Histogram::new(edges()));
    let mut registry = fastmetrics::registry::Registry::default();
    registry.register("a", "Waited", family.clone()).expect("the name is new");
    Scrape::fastmetrics(registry, move || {
        each(series, |symbol, flag, values| {
            family.with_or_new(&Labels { symbol, flag: text(flag) }, |one| {
                values.iter().for_each(|&value| one.observe(value as f64 * 1e-9));
            });
        });
    })
}

fn measured(series: usize) -> Scrape {
    use measured::metric::histogram::Thresholds;
    let thresholds = Thresholds::with_buckets(edges());
    let vec =
        measured::HistogramVec::<Set, 15>::with_label_set_and_metadata(Set::new(), thresholds);
    let vec = Arc::new(vec);
    let observed = vec.clone();
    let observe = move || {
        each(series, |symbol, flag, values| {
            for &value in values {
                vec.observe(Group { symbol, flag: text(flag) }, value as f64 * 1e-9);
            }
        });
    };
    Scrape::new(observe).text(move |out| {
        let mut encoder = measured::text::BufferedTextEncoder::new();
        let name = measured::metric::name::MetricName::from_str("a");
        observed.collect_family_into(name, &mut encoder).expect("it is text");
        *out = String::from_utf8(encoder.finish().to_vec()).expect("it is text");
    })
}

fn fast_telemetry(series: usize) -> Scrape {
    let histogram = fast_telemetry::DynamicHistogram::with_limits(&EDGES, peers::shards(), series);
    let histogram = Arc::new(histogram);
    let observed = histogram.clone();
    let observe = move || {
        each(series, |symbol, flag, values| {
            for &value in values {
                histogram.record(&[("symbol", symbol), ("flag", text(flag))], value);
            }
        });
    };
    Scrape::new(observe).text(move |out| observed.export_prometheus(out, "a", "Waited."))
}
