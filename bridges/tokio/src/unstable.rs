//! The metrics that tokio has with `--cfg tokio_unstable`.

use crate::runtime::Worker;
use crate::table::{self, Labels, Row, count, description, size};
use tickmetrics::{Added, ClassicHistogram, RegisterError, Snapshot};
use tokio::runtime::RuntimeMetrics;

const OF_RUNTIME: &[Row<RuntimeMetrics>] = &[
    Row {
        name: "tokio_spawned_tasks_total",
        help: "Tasks spawned.",
        value: |it| count(it.spawned_tasks_count()),
    },
    Row {
        name: "tokio_remote_schedules_total",
        help: "Tasks scheduled from outside of the runtime.",
        value: |it| count(it.remote_schedule_count()),
    },
    Row {
        name: "tokio_budget_forced_yields_total",
        help: "Tasks that yielded since their budget was used up.",
        value: |it| count(it.budget_forced_yield_count()),
    },
    Row {
        name: "tokio_blocking_threads",
        help: "Threads for blocking calls.",
        value: |it| size(it.num_blocking_threads()),
    },
    Row {
        name: "tokio_idle_blocking_threads",
        help: "Threads that wait for blocking calls.",
        value: |it| size(it.num_idle_blocking_threads()),
    },
    Row {
        name: "tokio_blocking_queue_depth",
        help: "Blocking calls that wait for a thread.",
        value: |it| size(it.blocking_queue_depth()),
    },
];

const OF_WORKER: &[Row<Worker>] = &[
    Row {
        name: "tokio_worker_local_queue_depth",
        help: "Tasks in the worker's own queue.",
        value: |it| size(it.runtime.worker_local_queue_depth(it.number)),
    },
    Row {
        name: "tokio_worker_polls_total",
        help: "Polls of tasks.",
        value: |it| count(it.runtime.worker_poll_count(it.number)),
    },
    Row {
        name: "tokio_worker_noops_total",
        help: "Wake-ups that found no work.",
        value: |it| count(it.runtime.worker_noop_count(it.number)),
    },
    Row {
        name: "tokio_worker_steals_total",
        help: "Tasks stolen from other workers.",
        value: |it| count(it.runtime.worker_steal_count(it.number)),
    },
    Row {
        name: "tokio_worker_steal_operations_total",
        help: "How often the worker stole tasks.",
        value: |it| count(it.runtime.worker_steal_operations(it.number)),
    },
    Row {
        name: "tokio_worker_local_schedules_total",
        help: "Tasks scheduled by the worker itself.",
        value: |it| count(it.runtime.worker_local_schedule_count(it.number)),
    },
    Row {
        name: "tokio_worker_overflows_total",
        help: "How often the worker's own queue was full.",
        value: |it| count(it.runtime.worker_overflow_count(it.number)),
    },
];

/// Adds what is not stable of all runtimes.
pub(crate) fn add(
    snapshot: &mut Snapshot,
    runtimes: &[(Labels, RuntimeMetrics)],
    workers: &[(Labels, Worker)],
) -> Result<(), RegisterError> {
    table::add(snapshot, OF_RUNTIME, runtimes)?;
    table::add(snapshot, OF_WORKER, workers)?;
    let with = runtimes.iter().filter(|(_, runtime)| runtime.poll_time_histogram_enabled());
    let series = with.map(|(labels, runtime)| (labels.clone(), poll_durations(runtime)));
    let help = "Duration of polls, without their sum.";
    snapshot.add_family(&description("tokio_poll_duration_seconds", help), series)
}

/// Of all workers. The sum is not known.
fn poll_durations(runtime: &RuntimeMetrics) -> Added {
    let mut count = 0_u64;
    let bucket = |bucket: usize| {
        let of_worker = |worker| runtime.poll_time_histogram_bucket_count(worker, bucket);
        count += (0..runtime.num_workers()).map(of_worker).sum::<u64>();
        (runtime.poll_time_histogram_bucket_range(bucket).end.as_secs_f64(), count)
    };
    let buckets = runtime.poll_time_histogram_num_buckets();
    let mut buckets: Vec<_> = (0..buckets).map(bucket).collect();
    // Its range ends with the largest duration.
    buckets.pop();
    Added::Histogram(ClassicHistogram::new(buckets, count, f64::NAN))
}
