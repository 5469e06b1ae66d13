//! Rules select a bucket in Prometheus, whatever form of its edge is stored.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use tests::prometheus::{Prometheus, serve};
use tickmetrics::prelude::*;
use tickmetrics_exporter::Exporter;
use tickmetrics_rules::Catalogue;
use tickmetrics_rules::generate::Generator;

/// In nanoseconds: 1e-07 s to 1e+06 s.
const EDGES: [u64; 6] =
    [100, 10_000, 2_500_000, 1_000_000_000, 90_000_000_000, 1_000_000_000_000_000];

#[test]
fn each_edge_is_one_series() {
    let registry = Registry::new();
    let wait = Description::new("wait_seconds", "Waited.").unit("seconds").buckets(EDGES);
    registry.register::<Histogram>(&wait.max(2_000_000_000_000_000)).unwrap().record(7);
    let exporter = Exporter::builder().registry(&registry).listen("127.0.0.1:0").start().unwrap();
    let ours: SocketAddr = exporter.local_addr().unwrap().to_string().parse().unwrap();
    let catalogue = Catalogue::of_registry(&registry).service("feed");
    let edges = catalogue.family("wait_seconds").unwrap().buckets.clone();
    assert_eq!(edges.len(), EDGES.len());
    // As exporters of other languages write them.
    let digits = edges.iter().map(f64::to_string).collect::<Vec<_>>();
    let short = ["1e-07", "1e-05", "0.0025", "1", "90", "1e+06"].map(str::to_owned).to_vec();
    let jobs = [("ours", ours), ("digits", text(&digits)), ("short", text(&short))];
    let Some(prometheus) = Prometheus::start("edges", &jobs, &[]) else { return };
    for (job, _) in jobs {
        prometheus.series(job);
    }
    for edge in edges {
        let json = catalogue.to_json();
        let objective = format!(
            r#""objectives": [{{"name": "wait", "objective": 0.99, "indicator": {{"under": {edge}}}}}],
               "buckets""#
        );
        let declared = Catalogue::from_json(&json.replace("\"buckets\"", &objective)).unwrap();
        let outputs = Generator::new().outputs(&[declared]).unwrap();
        let rules = &outputs[0].text;
        let (_, behind) = rules.split_once("wait_seconds_bucket").unwrap();
        let selector = format!("wait_seconds_bucket{}", behind.split_once('[').unwrap().0);
        let found = prometheus.query(&selector, None).unwrap();
        let jobs: BTreeSet<_> = found.iter().map(|it| it["metric"]["job"].as_str()).collect();
        assert_eq!((found.len(), jobs.len()), (3, 3), "{selector}: {found:?}");
    }
    exporter.shutdown();
}

/// A server of a histogram with these edges.
fn text(edges: &[String]) -> SocketAddr {
    let mut text = "# TYPE wait_seconds histogram\n".to_owned();
    for edge in edges.iter().map(String::as_str).chain(["+Inf"]) {
        writeln!(text, "wait_seconds_bucket{{le=\"{edge}\"}} 1").unwrap();
    }
    text += "wait_seconds_sum 1\nwait_seconds_count 1\n";
    serve(move |_| ("text/plain; version=0.0.4", text.clone().into_bytes()))
}
