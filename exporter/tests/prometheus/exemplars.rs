//! Exemplars, which Prometheus keeps and returns.

use super::{FORMATS, number, render};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::SystemTime;
use tests::exemplars::{ids, record_on_threads};
use tests::prometheus::{Prometheus, serve};
use tickmetrics::prelude::*;
use tickmetrics_exporter::encode::{Format, Protocol};

/// Nanoseconds, each in a bucket of its own, and the edges of the buckets.
const VALUES: [u64; 3] = [600, 450_000, 2_000_000_000];
const EDGES: [u64; 2] = [1_000, 1_000_000];
const LE: [&str; 3] = ["1e-06", "0.001", "+Inf"];

/// The expected exemplars in Prometheus, with the time in milliseconds.
fn known(registry: &Registry) -> Vec<(f64, Value, f64)> {
    let snapshot = registry.snapshot();
    let wait = snapshot.histogram("wait_seconds", &[]).unwrap();
    let expected = wait.exemplars().zip(VALUES).map(|(one, nanos)| {
        let (trace, span) = ids(nanos);
        let ids = serde_json::json!({
            "trace_id": format!("{trace:032x}"),
            "span_id": format!("{span:016x}"),
        });
        let time = one.time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        (nanos as f64 / 1e9, ids, time.as_millis() as f64 / 1e3)
    });
    expected.collect()
}

fn read(exemplar: &Value) -> (f64, Value, f64) {
    let time = exemplar["timestamp"].as_f64().unwrap();
    (number(&exemplar["value"]), exemplar["labels"].clone(), time)
}

fn recorded(native: bool) -> Registry {
    let registry = Registry::new();
    let wait = Description::new("wait_seconds", "Waited.").unit("seconds").buckets(EDGES);
    let wait = if native { wait.native(3) } else { wait };
    let wait: Histogram = registry.register(&wait).unwrap();
    record_on_threads(&wait, &VALUES);
    registry
}

#[test]
fn prometheus_has_the_exemplars_of_buckets() {
    let registry = recorded(false);
    let jobs = FORMATS.map(|(name, format)| {
        let registry = registry.clone();
        (name, serve(move |_| render(&registry, format)))
    });
    // Protobuf is read where native histograms are asked for. These have none.
    let arguments = ["--enable-feature=exemplar-storage,native-histograms"];
    let Some(prometheus) = Prometheus::start("exemplars", &jobs, &arguments) else { return };
    for (job, format) in FORMATS {
        prometheus.series(job);
        let of_job = || prometheus.exemplars(&format!("wait_seconds_bucket{{job={job:?}}}"));
        if format == Format::Text {
            assert_eq!(of_job(), Some(Vec::new()), "text has none");
            continue;
        }
        let series = prometheus.until(job, || of_job().filter(|series| series.len() == LE.len()));
        let found: BTreeMap<_, _> = series
            .iter()
            .map(|one| {
                let [exemplar] = &one["exemplars"].as_array().unwrap()[..] else {
                    panic!("{job}: {one}")
                };
                (one["seriesLabels"]["le"].as_str().unwrap(), read(exemplar))
            })
            .collect();
        for (le, expected) in LE.into_iter().zip(known(&registry)) {
            assert_eq!(found[le], expected, "{job}, {le}");
        }
    }
}

/// How many of them it takes depends on its version, and of which buckets: before 3 of classic ones.
#[test]
fn prometheus_has_exemplars_of_native_histograms() {
    let Some(version) = Prometheus::version() else { return };
    let mut protocol = Protocol::from(Format::Protobuf);
    protocol.classic_beside_native = version < 3;
    let registry = recorded(true);
    let known = known(&registry);
    let job = [(
        "native",
        serve(move |_| {
            (
                protocol.content_type(),
                tickmetrics_exporter::encode::render_as(&registry.snapshot(), protocol),
            )
        }),
    )];
    let arguments = ["--enable-feature=exemplar-storage,native-histograms"];
    let Some(prometheus) = Prometheus::start("native-exemplars", &job, &arguments) else { return };
    let series = prometheus.until("exemplars", || {
        prometheus.exemplars("wait_seconds").filter(|series| !series.is_empty())
    });
    for exemplar in series[0]["exemplars"].as_array().unwrap() {
        let exemplar = read(exemplar);
        assert!(known.contains(&exemplar), "{exemplar:?} is none of {known:?}");
    }
}
