//! Prometheus itself scrapes, and answers queries.

mod custom;
mod exemplars;
mod queries;

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::mpsc;
use tests::prometheus::{Prometheus, serve};
use tickmetrics::prelude::*;
use tickmetrics_exporter::encode::Format;

/// Native histograms have to be asked for, and are asked for in protobuf alone.
const NATIVE: &[&str] = &["--enable-feature=native-histograms"];

const FORMATS: [(&str, Format); 3] =
    [("text", Format::Text), ("openmetrics", Format::OpenMetrics), ("protobuf", Format::Protobuf)];

/// A snapshot in a fixed format, also for clients that ask for another one.
fn render(registry: &Registry, format: Format) -> (&'static str, Vec<u8>) {
    tickmetrics_exporter::encode::render(&registry.snapshot(), Some(format.content_type()))
}

/// A name and labels, without those of the scraped target.
type Series = BTreeMap<String, String>;

/// All simple series of a job, and their values.
fn values(prometheus: &Prometheus, job: &str) -> BTreeMap<Series, f64> {
    let of_prometheus = |name: &str| name == "up" || name.starts_with("scrape_");
    let series = prometheus.series(job).into_iter().filter(|one| one["value"].is_array());
    series
        .filter_map(|one| {
            let mut labels: Series = serde_json::from_value(one["metric"].clone()).unwrap();
            if of_prometheus(&labels["__name__"]) {
                return None;
            }
            labels.retain(|name, _| !matches!(&**name, "job" | "instance"));
            Some((labels, number(&one["value"][1])))
        })
        .collect()
}

fn number(of: &Value) -> f64 {
    of.as_str().unwrap().parse().unwrap()
}

fn series(name: &str, labels: &[(&str, &str)]) -> Series {
    let labels = labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
    labels.chain([("__name__".to_owned(), name.to_owned())]).collect()
}

/// A registry of every kind of metric, and its expected content in Prometheus.
fn known() -> (Registry, BTreeMap<Series, f64>) {
    let registry = Registry::new();
    let mut truth = BTreeMap::new();
    let described = |name: &str| Description::new(name, "Help, \"quoted\",\nin \\ lines.");
    let register = |description: Description| registry.register::<Counter<bool>>(&description);

    let odd = ("odd", "a\"b\\c\nd→😀} 5");
    let orders = register(described("orders_total").constant(odd.0, odd.1)).unwrap();
    orders.with(true).add(12_345_678_901);
    truth.insert(series("orders_total", &[odd, ("flag", "true")]), 12_345_678_901.0);
    truth.insert(series("orders_total", &[odd, ("flag", "false")]), 0.0);

    let waited = described("waited_seconds_total").unit("seconds");
    registry.register::<Counter>(&waited).unwrap().add(1_500_000_001);
    truth.insert(series("waited_seconds_total", &[]), 1.500_000_001);
    // Names that a format could want to be others.
    for (at, name) in
        ["clicks", "sent_created_total", "sent_total", "sent_total_total"].iter().enumerate()
    {
        registry.register::<Counter>(&described(name)).unwrap().add(at as u64);
        truth.insert(series(name, &[]), at as f64);
    }
    for name in ["target_info", "clicks_info", "clicks_created", "gauge_total", "gauge"] {
        registry.register::<Gauge>(&described(name)).unwrap().set(1.0);
        truth.insert(series(name, &[]), 1.0);
    }
    registry.register::<Gauge>(&described("limit").unit("bytes")).unwrap().set(-0.1);
    truth.insert(series("limit", &[]), -0.1);
    registry.register::<UpDownCounter>(&described("depth")).unwrap().sub(3);
    truth.insert(series("depth", &[]), -3.0);

    let wait = described("wait_seconds").unit("seconds").max(10_000_000_000);
    let edges = [100, 25_000, 500_000_000, 1_000_000_000, 10_000_000_000];
    let wait: Histogram = registry.register(&wait.buckets(edges)).unwrap();
    [50, 100, 20_000, 3_000_000, 999_000_000, 7_000_000_000, 60_000_000_000]
        .into_iter()
        .for_each(|nanos| wait.record(nanos));
    for (le, count) in
        [("1e-07", 2), ("2.5e-05", 3), ("0.5", 4), ("1.0", 5), ("10.0", 6), ("+Inf", 7)]
    {
        truth.insert(series("wait_seconds_bucket", &[("le", le)]), f64::from(count));
    }
    truth.insert(series("wait_seconds_count", &[]), 7.0);
    truth.insert(series("wait_seconds_sum", &[]), 68.002_020_15);
    truth.insert(series("wait_seconds_saturated_total", &[]), 1.0);

    let size = described("size").buckets([10, 2_000_000]);
    registry.register::<Histogram>(&size).unwrap().record(11);
    for (le, count) in [("10.0", 0), ("2e+06", 1), ("+Inf", 1)] {
        truth.insert(series("size_bucket", &[("le", le)]), f64::from(count));
    }
    truth.insert(series("size_count", &[]), 1.0);
    truth.insert(series("size_sum", &[]), 11.0);
    (registry, truth)
}

fn has_all(values: &BTreeMap<Series, f64>, truth: &BTreeMap<Series, f64>) {
    for (series, value) in truth {
        assert_eq!(values.get(series), Some(value), "{series:?} in {values:?}");
    }
}

/// The same series, by name, labels and value; and from an exporter, which compresses them, since
/// Prometheus always accepts that.
#[test]
fn every_format_has_the_same_series() {
    let (registry, truth) = known();
    let jobs = FORMATS.map(|(name, format)| {
        let registry = registry.clone();
        (name, serve(move |_| render(&registry, format)))
    });
    let builder =
        tickmetrics_exporter::Exporter::builder().registry(&registry).listen("127.0.0.1:0");
    let exporter = builder.compress(true).start().unwrap();
    let all = [&jobs[..], &[("exporter", exporter.local_addr().unwrap())]].concat();
    let Some(prometheus) = Prometheus::start("formats", &all, NATIVE) else { return };
    for (job, _) in jobs {
        let values = values(&prometheus, job);
        has_all(&values, &truth);
        assert_eq!(values.len(), truth.len(), "{job}: {values:?}");
    }
    let values = values(&prometheus, "exporter");
    has_all(&values, &truth);
    assert!(values.contains_key(&series("tickmetrics_exporter_scrapes_total", &[])));
}

/// It gets the format that it requests.
#[test]
fn the_format_is_negotiated() {
    for (name, arguments, format) in
        [("negotiated", &[][..], Format::OpenMetrics), ("native", NATIVE, Format::Protobuf)]
    {
        let (registry, truth) = known();
        let (tell, told) = mpsc::channel();
        let target = serve(move |accept| {
            let answer = tickmetrics_exporter::encode::render(&registry.snapshot(), accept);
            let _ = tell.send(answer.0);
            answer
        });
        let job = [("negotiated", target)];
        let Some(prometheus) = Prometheus::start(name, &job, arguments) else { return };
        has_all(&values(&prometheus, "negotiated"), &truth);
        // Prometheus 3 names an escaping, too.
        let told = told.try_recv().unwrap();
        assert!(told.starts_with(format.content_type()), "{told}");
    }
}

/// Its buckets are Prometheus' own, and their contents are counted here.
#[test]
fn prometheus_has_native_histograms() {
    let registry = Registry::new();
    let wait = Description::new("wait_seconds", "Waited.").unit("seconds").native(3);
    let wait: Histogram<bool> = registry.register(&wait).unwrap();
    // Each in a cell of its own; powers of two of seconds are the last ones of their buckets.
    let nanos = [0, 0, 1, 1, 2, 3, 7, 100, 101, 255, 250_000_000, 500_000_000, 1_000_000_000];
    nanos.into_iter().for_each(|nanos| wait.with(true).record(nanos));
    let target =
        serve(move |accept| tickmetrics_exporter::encode::render(&registry.snapshot(), accept));
    let job = [("buckets", target)];
    let Some(prometheus) = Prometheus::start("buckets", &job, NATIVE) else { return };
    let series = prometheus.series("buckets");
    let of = |flag: &str| {
        let one = series.iter().find(|one| {
            one["metric"]["__name__"] == "wait_seconds" && one["metric"]["flag"] == flag
        });
        one.unwrap_or_else(|| panic!("{flag} is not in {series:?}"))["histogram"][1].clone()
    };
    assert_eq!((&of("false")["count"], &of("false")["buckets"]), (&"0".into(), &Value::Null));
    let histogram = of("true");
    assert_eq!(number(&histogram["count"]), nanos.len() as f64);
    assert_eq!(number(&histogram["sum"]), nanos.iter().sum::<u64>() as f64 / 1e9);
    let mut seen = 0;
    for bucket in histogram["buckets"].as_array().unwrap() {
        // 3 has both edges in it, 0 the upper one.
        let (closed, low, high) = (&bucket[0], number(&bucket[1]), number(&bucket[2]));
        let values = nanos.iter().map(|&nanos| nanos as f64 / 1e9);
        let inside = values
            .filter(|&value| value <= high && (value > low || *closed == 3 && value == low))
            .count();
        assert_eq!(number(&bucket[3]), inside as f64, "{bucket}");
        assert!(high < 0.0 || low <= 0.0 || high / low < 1.0906, "{bucket}");
        seen += inside;
    }
    assert_eq!(seen, nanos.len(), "{histogram}");
}
