//! What the tests of this crate share.

use std::time::Duration;
use tickmetrics::{Registry, Snapshot};
use tickmetrics_exporter::Exporter;

/// Far longer than anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Waits for what another thread or task does.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn counter(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> u64 {
    registry.snapshot().counter(name, labels).unwrap_or(0)
}

pub(crate) fn up_down(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> f64 {
    registry.snapshot().gauge(name, labels).unwrap_or(0.0)
}

/// The number of values of a histogram.
pub(crate) fn count(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> u64 {
    registry.snapshot().histogram(name, labels).map_or(0, tickmetrics::HistogramSnapshot::count)
}

/// The number of series of a family.
pub(crate) fn series(snapshot: &Snapshot, name: &str) -> usize {
    let families = snapshot.families().filter(|family| family.name() == name);
    families.map(|family| family.series().count()).sum()
}

/// The exposition as a scrape gets it.
pub(crate) fn scrape(registry: &Registry) -> String {
    let exporter = Exporter::builder().registry(registry).listen("127.0.0.1:0").start().unwrap();
    let answer = tests::http::Client::new(exporter.local_addrs()[0].to_string().parse().unwrap())
        .request("GET", "/metrics");
    assert_eq!(answer.status, 200);
    answer.body
}

/// promtool has nothing to say about the exposition.
pub(crate) fn check(registry: &Registry) {
    let text = scrape(registry);
    let promtool = std::env::var("PROMTOOL").unwrap_or_else(|_| "promtool".to_owned());
    let Some(output) = tests::programs::feed(&promtool, &["check", "metrics"], &text) else {
        return tests::programs::skip("promtool is not installed (apt-get install prometheus)");
    };
    let findings = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && findings.is_empty(), "{findings}\n{text}");
}
