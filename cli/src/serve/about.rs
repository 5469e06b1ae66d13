//! The metrics of `serve` about its work.

use super::Row;
use super::left_out::LeftOut;
use std::time::UNIX_EPOCH;
use tickmetrics::{Description, Snapshot};
use tickmetrics_collector::__cli::{LeftOut as Metrics, Watch};

/// The prefix of their names, which no process's metric may have.
pub(super) const PREFIX: &str = "tickmetrics_serve_";

/// All of them, with the label that distinguishes processes.
pub(super) fn snapshot(label: &str, rows: &[Row], watch: &Watch, left_out: &LeftOut) -> Snapshot {
    let mut gauges = Gauges(Snapshot::default());
    let segments = "Segments that are served.";
    gauges.add("segments", segments, &[], rows.len() as f64);
    let unreadable = "Files that should be served and are not.";
    gauges.add("unreadable_segments", unreadable, &[], watch.unreadable() as f64);
    let refused = "Segments that are not served for their owner, their folder or their number.";
    gauges.add("refused_segments", refused, &[], watch.refused() as f64);
    let families = "Families that would clash with another process's.";
    gauges.add("left_out_families", families, &[], left_out.count() as f64);
    for row in rows {
        let process = [(label, row.name.as_str())];
        let alive = f64::from(u8::from(row.alive));
        gauges.add("alive", "Whether the process lives.", &process, alive);
        let start = row.start.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        gauges.add("start_time_seconds", "When the process started, since 1970.", &process, start);
        let metrics = "Metrics of a name that another registry of the process registered first.";
        let count = row.left_out.map_or(0.0, |Metrics(count)| count.get() as f64);
        gauges.add("left_out_metrics", metrics, &process, count);
    }
    for (process, family, reason) in left_out.named() {
        let labels = [(label, process.as_str()), ("family", family), ("reason", reason.label())];
        gauges.add("left_out", "Which families these are, as far as they are few.", &labels, 1.0);
    }
    gauges.0
}

struct Gauges(Snapshot);

impl Gauges {
    fn add(&mut self, name: &str, help: &str, labels: &[(&str, &str)], value: f64) {
        let unit = if name.ends_with("_seconds") { "seconds" } else { "" };
        let gauge = Description::new(format!("{PREFIX}{name}"), help).unit(unit);
        let gauge = labels.iter().fold(gauge, |to, (name, value)| to.constant(*name, *value));
        // The name of a family can be longer than a label's value. It is counted and reported.
        let _ = self.0.add_gauge(&gauge, value);
    }
}
