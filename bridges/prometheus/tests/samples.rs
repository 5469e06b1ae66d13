//! The same registry through the encoder of `prometheus` and through this exporter: the parsed
//! families are equal.

mod support;

use prometheus::core::Collector;
use prometheus::{Counter, Registry};
use prometheus::{
    Encoder, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge,
    Opts, TextEncoder,
};
use serde_json::Value as Json;
use support::{Family, Given, flat, quantiles, summary};
use tests::http::Client;
use tests::programs::{CHECK_OPENMETRICS, CHECK_TEXT, PROMETHEUS_CLIENT, promtool, python};
use tests::prometheus::{Prometheus, serve};
use tickmetrics_exporter::parse::{self, Limits};
use tickmetrics_exporter::{Exporter, Source, encode};
use tickmetrics_prometheus::PrometheusRegistry;

/// All types, with and without labels, and hostile label values.
fn registry() -> Registry {
    let registry = Registry::new_custom(
        Some("shop".into()),
        Some([("zone".to_owned(), "eu \"1\"".to_owned())].into()),
    )
    .unwrap();
    let register = |collector: Box<dyn Collector>| registry.register(collector).unwrap();
    let orders =
        IntCounterVec::new(Opts::new("orders_total", "Orders \"sent\" \\."), &["by", "of"]);
    let orders = orders.unwrap();
    for (count, by) in (1..).zip(["", "a\"b", "line\nfeed", "back\\slash", "→ü", "a,b=\"c\"} 1"])
    {
        orders.with_label_values(&[by, "x"]).inc_by(count << 40);
    }
    register(Box::new(orders.clone()));
    let paid = Counter::new("paid_euros_total", "Paid.").unwrap();
    paid.inc_by(0.1 + 0.2);
    register(Box::new(paid.clone()));
    let depth = Gauge::new("depth", "Depth.").unwrap();
    depth.set(-1.5e-9);
    register(Box::new(depth.clone()));
    let open = IntGauge::new("open", "Open.").unwrap();
    open.set(-3);
    register(Box::new(open.clone()));
    let wide = GaugeVec::new(Opts::new("wide", "Wide.").const_label("side", "left"), &["at"]);
    let wide = wide.unwrap();
    for at in [f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 1e15] {
        wide.with_label_values(&[&at.to_string()]).set(at);
    }
    register(Box::new(wide.clone()));
    let wait = HistogramOpts::new("wait_seconds", "Waited.").buckets(vec![0.001, 0.25, 1.0, 1e6]);
    let wait = HistogramVec::new(wait, &["queue"]).unwrap();
    for value in [0.001, 0.0011, 0.3, 7.0, 2e6] {
        wait.with_label_values(&["fast"]).observe(value);
    }
    wait.with_label_values(&["empty"]);
    register(Box::new(wait.clone()));
    let default = Histogram::with_opts(HistogramOpts::new("size_bytes", "Size.")).unwrap();
    default.observe(0.1);
    register(Box::new(default.clone()));
    let latency = summary("latency", &[(0.5, 1.25), (0.99, f64::NAN)], 7, 9.75);
    register(Box::new(Given(vec![latency.clone()])));
    registry
}

/// As `prometheus` encodes it.
fn there(registry: &Registry) -> String {
    let mut text = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn here(registry: &Registry) -> tickmetrics::Snapshot {
    let mut source = PrometheusRegistry::new(registry.clone());
    let snapshot = source.snapshot().unwrap();
    assert_eq!(source.left_out(), []);
    snapshot
}

#[test]
fn every_format_has_the_same_samples() {
    let registry = registry();
    let (there, snapshot, limits) = (there(&registry), here(&registry), Limits::default());
    let expected: Vec<Family> = flat(&parse::text(there.as_bytes(), &limits).unwrap());
    assert_eq!(expected.len(), 8, "{expected:#?}");
    let mut text = String::new();
    encode::text(&snapshot, &mut text);
    assert_eq!(flat(&parse::text(text.as_bytes(), &limits).unwrap()), expected);
    let mut openmetrics = String::new();
    encode::openmetrics(&snapshot, &mut openmetrics);
    assert_eq!(flat(&parse::openmetrics(openmetrics.as_bytes(), &limits).unwrap()), expected);
    assert!(openmetrics.contains("\n# UNIT shop_wait_seconds seconds\n"), "{openmetrics}");
    let mut protobuf = Vec::new();
    encode::protobuf(&snapshot, &mut protobuf);
    assert_eq!(flat(&parse::protobuf(&protobuf, &limits).unwrap()), expected);
    let mut json = String::new();
    encode::json(&snapshot, None, &mut json);
    let json: Json = serde_json::from_str(&json).unwrap();
    let kinds = json["metrics"].as_array().unwrap().iter();
    let kinds = kinds.map(|family| (family["name"].as_str(), family["kind"].as_str()));
    let types = expected.iter().map(|it| (Some(&*it.name), Some(&*it.kind)));
    assert!(kinds.eq(types), "{json:#}");
}

/// Prometheus' own parser for Python knows nothing of this library.
#[test]
fn pythons_parser_reads_the_same() {
    let registry = registry();
    let (there, snapshot) = (there(&registry), here(&registry));
    let (mut text, mut openmetrics) = (String::new(), String::new());
    encode::text(&snapshot, &mut text);
    encode::openmetrics(&snapshot, &mut openmetrics);
    let Some(expected) = read(&[CHECK_TEXT], &there) else { return };
    let text = read(&[CHECK_TEXT], &text).unwrap();
    assert_eq!(text["families"], expected["families"]);
    assert_eq!(samples(&text), samples(&expected));
    let openmetrics = read(&CHECK_OPENMETRICS, &openmetrics).unwrap();
    assert_eq!(samples(&openmetrics), samples(&expected));
}

fn read(script: &[&str], text: &str) -> Option<Json> {
    let (module, install) = PROMETHEUS_CLIENT;
    Some(serde_json::from_slice(&python(module, install, script, text)?).unwrap())
}

/// In any order.
fn samples(read: &Json) -> Vec<String> {
    let sample = |sample: &Json| {
        let labels = sample[1].as_object().unwrap().iter();
        let labels = labels.map(|(name, value)| label(name, value.as_str().unwrap()));
        format!("{} {:?} {}", sample[0], labels.collect::<Vec<_>>(), sample[2])
    };
    let mut samples: Vec<_> = read["samples"].as_array().unwrap().iter().map(sample).collect();
    samples.sort();
    samples
}

/// Beside the metrics of a program and of the exporter itself.
#[test]
fn a_scrape_has_both() {
    let own = tickmetrics::Registry::new();
    let ticks = tickmetrics::Description::new("ticks_total", "Ticks.");
    own.register::<tickmetrics::Counter>(&ticks).unwrap().add(5);
    let registry = registry();
    let source = PrometheusRegistry::new(registry.clone());
    let exporter =
        Exporter::builder().registry(&own).source(source).listen("127.0.0.1:0").start().unwrap();
    let text = Client::new(exporter.local_addr().unwrap()).request("GET", "/metrics").body;
    assert!(text.contains("\nticks_total 5\n"));
    assert!(text.contains("\ntickmetrics_exporter_left_out_families 0\n"), "{text}");
    let limits = Limits::default();
    let served = flat(&parse::text(text.as_bytes(), &limits).unwrap());
    for family in flat(&parse::text(there(&registry).as_bytes(), &limits).unwrap()) {
        assert!(served.contains(&family), "{family:?}");
    }
    promtool(&text);
    exporter.shutdown();
}

/// As a program migrates: its targets before and after have the same series in Prometheus.
#[test]
fn prometheus_stores_the_same() {
    let registry = registry();
    let text = there(&registry);
    let before = serve(move |_| (prometheus::TEXT_FORMAT, text.clone().into_bytes()));
    let builder = Exporter::builder().source(PrometheusRegistry::new(registry));
    let exporter = builder.listen("127.0.0.1:0").start().unwrap();
    let after = exporter.local_addr().unwrap();
    let jobs = [("before", before), ("after", after)];
    let Some(prometheus) = Prometheus::start("registry", &jobs, &[]) else { return };
    let [before, after] = ["before", "after"].map(|job| stored(&prometheus.series(job)));
    assert!(before.len() > 40, "{before:#?}");
    assert_eq!(before, after);
    exporter.shutdown();
}

/// The samples of the registry, without the labels that differ by job.
fn stored(series: &[Json]) -> Vec<String> {
    let one = |series: &Json| {
        let labels = series["metric"].as_object().unwrap();
        let own = labels.iter().filter(|(name, _)| !["job", "instance"].contains(&&***name));
        let own: Vec<_> = own.map(|(name, value)| label(name, value.as_str().unwrap())).collect();
        let is_of_registry = labels["__name__"].as_str().unwrap().starts_with("shop_");
        is_of_registry.then(|| format!("{own:?} {}", series["value"][1]))
    };
    let mut samples: Vec<_> = series.iter().filter_map(one).collect();
    samples.sort();
    samples
}

/// With numbers as such: `le="1"` is `le="1.0"`.
fn label(name: &str, value: &str) -> String {
    match (name, value.parse::<f64>()) {
        ("le" | "quantile", Ok(number)) => format!("{name}={number}"),
        _ => format!("{name}={value:?}"),
    }
}

#[test]
fn quantiles_are_kept() {
    let snapshot = here(&registry());
    let value = snapshot.value("shop_latency", &[("zone", "eu \"1\"")]);
    let Some(tickmetrics::Value::Summary(latency)) = value else { panic!("{value:?}") };
    assert_eq!(quantiles(latency)[0], (0.5, 1.25));
}
