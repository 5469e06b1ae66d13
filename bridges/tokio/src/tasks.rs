//! The metrics of instrumented tasks.

use crate::table::{self, Row, count};
use std::time::Duration;
use tickmetrics::{Added, RegisterError, Snapshot};
use tokio_metrics::{TaskMetrics, TaskMonitor};

const OF_TASKS: &[Row<TaskMetrics>] = &[
    Row {
        name: "tokio_task_instrumented_total",
        help: "Tasks that were instrumented.",
        value: |it| count(it.instrumented_count),
    },
    Row {
        name: "tokio_task_dropped_total",
        help: "Instrumented tasks that ended.",
        value: |it| count(it.dropped_count),
    },
    Row {
        name: "tokio_task_first_polls_total",
        help: "Tasks that were polled at all.",
        value: |it| count(it.first_poll_count),
    },
    Row {
        name: "tokio_task_first_poll_delay_seconds_total",
        help: "Time from instrumenting to the first poll.",
        value: |it| time(it.total_first_poll_delay),
    },
    Row {
        name: "tokio_task_idles_total",
        help: "How often tasks waited for an event.",
        value: |it| count(it.total_idled_count),
    },
    Row {
        name: "tokio_task_idle_seconds_total",
        help: "Time for which tasks waited for events.",
        value: |it| time(it.total_idle_duration),
    },
    Row {
        name: "tokio_task_schedules_total",
        help: "How often tasks waited for a worker.",
        value: |it| count(it.total_scheduled_count),
    },
    Row {
        name: "tokio_task_scheduled_seconds_total",
        help: "Time for which tasks waited for a worker.",
        value: |it| time(it.total_scheduled_duration),
    },
    Row {
        name: "tokio_task_long_delays_total",
        help: "Waits for a worker above the monitor's threshold.",
        value: |it| count(it.total_long_delay_count),
    },
    Row {
        name: "tokio_task_long_delay_seconds_total",
        help: "Time of waits for a worker above the monitor's threshold.",
        value: |it| time(it.total_long_delay_duration),
    },
    Row {
        name: "tokio_task_polls_total",
        help: "Polls of tasks.",
        value: |it| count(it.total_poll_count),
    },
    Row {
        name: "tokio_task_poll_seconds_total",
        help: "Time of polls.",
        value: |it| time(it.total_poll_duration),
    },
    Row {
        name: "tokio_task_slow_polls_total",
        help: "Polls above the monitor's threshold.",
        value: |it| count(it.total_slow_poll_count),
    },
    Row {
        name: "tokio_task_slow_poll_seconds_total",
        help: "Time of polls above the monitor's threshold.",
        value: |it| time(it.total_slow_poll_duration),
    },
];

/// Adds the metrics of all monitors.
pub(crate) fn add(
    snapshot: &mut Snapshot,
    monitors: &[(String, TaskMonitor)],
) -> Result<(), RegisterError> {
    let labels = |name: &String| vec![("task".to_owned(), name.clone())];
    let all = monitors.iter().map(|(name, monitor)| (labels(name), monitor.cumulative()));
    table::add(snapshot, OF_TASKS, &all.collect::<Vec<_>>())
}

fn time(time: Duration) -> Added {
    Added::Counter(time.as_secs_f64())
}
