//! The metrics of a runtime.

use crate::table::{self, Labels, Row, count, size};
use tickmetrics::{Added, RegisterError, Snapshot};
use tokio::runtime::{Handle, RuntimeMetrics};

/// A worker of a runtime.
pub(crate) struct Worker {
    pub(crate) runtime: RuntimeMetrics,
    pub(crate) number: usize,
}

const OF_RUNTIME: &[Row<RuntimeMetrics>] = &[
    Row { name: "tokio_workers", help: "Worker threads.", value: |it| size(it.num_workers()) },
    Row {
        name: "tokio_alive_tasks",
        help: "Tasks that are not done.",
        value: |it| size(it.num_alive_tasks()),
    },
    Row {
        name: "tokio_global_queue_depth",
        help: "Tasks in the queue that all workers share.",
        value: |it| size(it.global_queue_depth()),
    },
];

const OF_WORKER: &[Row<Worker>] = &[
    Row {
        name: "tokio_worker_busy_seconds_total",
        help: "Time for which the worker was not parked.",
        value: |it| Added::Counter(it.runtime.worker_total_busy_duration(it.number).as_secs_f64()),
    },
    Row {
        name: "tokio_worker_parks_total",
        help: "How often the worker parked, to wait for work.",
        value: |it| count(it.runtime.worker_park_count(it.number)),
    },
    Row {
        name: "tokio_worker_parked",
        help: "1 while the worker is parked, else 0.",
        // Parks and unparks: it is parked after an odd number of them.
        value: |it| Added::Gauge((it.runtime.worker_park_unpark_count(it.number) % 2) as f64),
    },
];

/// Adds the metrics of all runtimes.
pub(crate) fn add(
    snapshot: &mut Snapshot,
    runtimes: &[(String, Handle)],
) -> Result<(), RegisterError> {
    let (mut all, mut workers) = (Vec::new(), Vec::new());
    for (name, handle) in runtimes {
        let labels: Labels = vec![("runtime".to_owned(), name.clone())];
        let runtime = handle.metrics();
        for number in 0..runtime.num_workers() {
            let mut labels = labels.clone();
            labels.push(("worker".to_owned(), number.to_string()));
            workers.push((labels, Worker { runtime: runtime.clone(), number }));
        }
        all.push((labels, runtime));
    }
    table::add(snapshot, OF_RUNTIME, &all)?;
    table::add(snapshot, OF_WORKER, &workers)?;
    #[cfg(tokio_unstable)]
    crate::unstable::add(snapshot, &all, &workers)?;
    Ok(())
}
