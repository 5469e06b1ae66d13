//! Native histograms with custom buckets: no exposition format has them, but Prometheus makes them
//! from classic buckets.

use super::{FORMATS, NATIVE, number, render};
use tests::programs::skip;
use tests::prometheus::{Prometheus, serve};
use tickmetrics::prelude::*;

/// The last values of cells, so that no edge divides one.
const EDGES: [u64; 5] = [255, 511, 2047, 65_535, 1_048_575];
const NANOS: [u64; 9] = [0, 1, 255, 256, 511, 512, 60_000, 1_048_575, 5_000_000];

#[test]
fn declared_buckets_become_custom_ones() {
    match Prometheus::version() {
        Some(3..) => {}
        Some(version) => {
            return skip(&format!("custom buckets, which Prometheus {version} has not"));
        }
        None => return,
    }
    let registry = Registry::new();
    let wait = Description::new("wait_seconds", "Waited.").unit("seconds").buckets(EDGES);
    let wait: Histogram<bool> = registry.register(&wait).unwrap();
    NANOS.into_iter().for_each(|nanos| wait.with(true).record(nanos));
    let jobs = FORMATS.map(|(name, format)| {
        let registry = registry.clone();
        (name, serve(move |_| render(&registry, format)))
    });
    let settings = ", convert_classic_histograms_to_nhcb: true";
    let Some(prometheus) = Prometheus::start_with("custom", &jobs, settings, NATIVE) else {
        return;
    };
    for (job, _) in jobs {
        let series = prometheus.series(job);
        let of_metric = |one: &&serde_json::Value| {
            one["metric"]["__name__"].as_str().is_some_and(|name| name.starts_with("wait_seconds"))
        };
        let all: Vec<_> = series.iter().filter(of_metric).collect();
        assert_eq!(all.len(), 2, "{job}: one for each label, and nothing else: {all:?}");
        let histogram = all.iter().find(|one| one["metric"]["flag"] == "true").unwrap();
        let histogram = &histogram["histogram"][1];
        assert_eq!(number(&histogram["count"]), NANOS.len() as f64);
        assert_eq!(number(&histogram["sum"]), NANOS.iter().sum::<u64>() as f64 / 1e9);
        let edge = |nanos: u64| nanos as f64 / 1e9;
        let mut edges = EDGES.map(edge).to_vec();
        edges.push(f64::INFINITY);
        let mut seen = 0;
        for bucket in histogram["buckets"].as_array().unwrap() {
            let (low, high) = (number(&bucket[1]), number(&bucket[2]));
            assert!(edges.contains(&high), "{job}: {histogram}");
            let inside = NANOS.into_iter().map(edge).filter(|&value| {
                // The first one is closed below.
                value <= high && (value > low || low == 0.0 && value == 0.0)
            });
            let inside = inside.count();
            assert_eq!(number(&bucket[3]), inside as f64, "{job}: {bucket}");
            seen += inside;
        }
        assert_eq!(seen, NANOS.len(), "{job}: {histogram}");
    }
}
