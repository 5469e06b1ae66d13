//! Metrics of real runtimes, alive and ended.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;
use tests::http::Client;
use tests::programs::promtool;
use tickmetrics::{Snapshot, Value};
use tickmetrics_exporter::Exporter;
use tickmetrics_tokio::{Tokio, WatchError};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

fn multi_thread(workers: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(workers).build().unwrap()
}

fn snapshot(tokio: &Tokio) -> Snapshot {
    let mut snapshot = Snapshot::default();
    tokio.add_to(&mut snapshot).unwrap();
    snapshot
}

fn value(snapshot: &Snapshot, name: &str, labels: &[(&str, &str)]) -> f64 {
    match snapshot.value(name, labels) {
        Some(Value::Quantity(value) | Value::Gauge(value)) => value,
        other => panic!("{name} {labels:?}: {other:?}"),
    }
}

/// All counters.
fn counters(snapshot: &Snapshot) -> BTreeMap<String, f64> {
    let series = snapshot
        .families()
        .flat_map(|family| family.series().map(move |one| (family.name().to_owned(), one)));
    let counters = series.filter_map(|(name, one)| match one.value() {
        Value::Quantity(value) => {
            Some((format!("{name} {:?}", one.labels().collect::<Vec<_>>()), value))
        }
        _ => None,
    });
    counters.collect()
}

#[test]
fn runtimes_are_told_apart() {
    let tokio = Tokio::new();
    let (many, one) = (multi_thread(3), Builder::new_current_thread().build().unwrap());
    let many_watch = tokio.runtime("many", many.handle()).unwrap();
    let _one_watch = tokio.runtime("one", one.handle()).unwrap();
    let taken = tokio.runtime("many", one.handle()).unwrap_err();
    assert_eq!(taken, WatchError::Taken("many".into()));
    assert_eq!(tokio.runtime("x".repeat(1025), one.handle()).unwrap_err(), WatchError::TooLong);

    let now = snapshot(&tokio);
    assert_eq!(value(&now, "tokio_workers", &[("runtime", "many")]), 3.0);
    assert_eq!(value(&now, "tokio_workers", &[("runtime", "one")]), 1.0);
    assert_eq!(now.family("tokio_worker_parks_total").unwrap().series_count(), 4);
    drop(many_watch);
    let now = snapshot(&tokio);
    assert_eq!(now.family("tokio_workers").unwrap().series_count(), 1);
    let again = tokio.runtime("many", one.handle()).unwrap();
    again.forget();
    assert_eq!(value(&snapshot(&tokio), "tokio_workers", &[("runtime", "many")]), 1.0);
}

/// Two tasks that wait, one of them on the only worker.
#[test]
fn tasks_that_wait_are_seen() {
    let tokio = Tokio::new();
    let runtime = multi_thread(1);
    let _watch = tokio.runtime("main", runtime.handle()).unwrap();
    let main = [("runtime", "main")];
    let worker = [("runtime", "main"), ("worker", "0")];
    let (holds, held) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let holder = runtime.spawn(async move {
        holds.send(()).unwrap();
        // It blocks the worker.
        released.recv().unwrap();
    });
    held.recv().unwrap();
    let (wake, woken) = oneshot::channel::<()>();
    let waiter = runtime.spawn(async { woken.await.unwrap() });
    let now = snapshot(&tokio);
    assert_eq!(value(&now, "tokio_alive_tasks", &main), 2.0);
    assert_eq!(value(&now, "tokio_global_queue_depth", &main), 1.0);
    assert_eq!(value(&now, "tokio_worker_parked", &worker), 0.0);
    let before = counters(&now);

    release.send(()).unwrap();
    wake.send(()).unwrap();
    runtime.block_on(async { (holder.await.unwrap(), waiter.await.unwrap()) });
    // A task is gone after its handle knows that it is done.
    while value(&snapshot(&tokio), "tokio_alive_tasks", &main) > 0.0 {
        thread::yield_now();
    }
    let after = counters(&snapshot(&tokio));
    assert_eq!(before.len(), after.len());
    for (name, then) in before {
        assert!(after[&name] >= then, "{name}: {then} and then {}", after[&name]);
    }
}

#[test]
fn a_runtime_that_has_ended_keeps_its_counts() {
    let tokio = Tokio::new();
    let runtime = multi_thread(2);
    let watch = tokio.runtime("main", runtime.handle()).unwrap();
    runtime.block_on(async {
        for _ in 0..100 {
            tokio::spawn(tokio::task::yield_now()).await.unwrap();
        }
    });
    let alive = counters(&snapshot(&tokio));
    drop(runtime);
    let ended = snapshot(&tokio);
    assert_eq!(value(&ended, "tokio_alive_tasks", &[("runtime", "main")]), 0.0);
    let ended = counters(&ended);
    assert!(alive.iter().all(|(name, then)| ended[name] >= *then), "{alive:?} {ended:?}");
    assert_eq!(counters(&snapshot(&tokio)), ended);
    drop(watch);
    assert!(!counters(&snapshot(&tokio)).keys().any(|name| name.contains("worker")));
}

#[cfg(feature = "tasks")]
#[test]
fn instrumented_tasks_are_counted() {
    let tokio = Tokio::new();
    let runtime = Builder::new_current_thread().build().unwrap();
    let monitor = tokio_metrics::TaskMonitor::new();
    let _watch = tokio.tasks("jobs", &monitor).unwrap();
    assert!(tokio.tasks("jobs", &monitor).is_err());
    let jobs = [("task", "jobs")];
    let yields = |times: u32| {
        monitor.instrument(async move {
            for _ in 0..times {
                tokio::task::yield_now().await;
            }
        })
    };
    runtime.block_on(async {
        let [first, second] = [3, 5].map(|times| tokio::spawn(yields(times)));
        (first.await.unwrap(), second.await.unwrap())
    });
    let never = yields(1);
    let now = snapshot(&tokio);
    for (name, expected) in [
        ("tokio_task_instrumented_total", 3.0),
        ("tokio_task_dropped_total", 2.0),
        ("tokio_task_first_polls_total", 2.0),
        ("tokio_task_polls_total", 4.0 + 6.0),
        ("tokio_task_schedules_total", 3.0 + 5.0),
    ] {
        assert_eq!(value(&now, name, &jobs), expected, "{name}");
    }
    assert!(value(&now, "tokio_task_poll_seconds_total", &jobs) > 0.0);
    drop(never);
    assert_eq!(value(&snapshot(&tokio), "tokio_task_dropped_total", &jobs), 3.0);
}

/// All of it, in a scrape.
#[test]
fn promtool_accepts_a_scrape() {
    let tokio = Tokio::new();
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2);
    #[cfg(tokio_unstable)]
    builder.enable_metrics_poll_time_histogram();
    let runtime = builder.build().unwrap();
    let _watch = tokio.runtime("a \"b\"", runtime.handle()).unwrap();
    #[cfg(feature = "tasks")]
    let _tasks = tokio.tasks("all", &tokio_metrics::TaskMonitor::new()).unwrap();
    let exporter = Exporter::builder().source(tokio).listen("127.0.0.1:0").start().unwrap();
    let text = Client::new(exporter.local_addr().unwrap()).request("GET", "/metrics").body;
    assert!(text.contains("\ntokio_workers{runtime=\"a \\\"b\\\"\"} 2\n"), "{text}");
    // The tables of the README name all of them.
    let readme = include_str!("../README.md");
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE tokio_"));
    for name in types.filter_map(|line| line.split(' ').next()) {
        assert!(readme.contains(&format!("`tokio_{name}")), "{name}");
    }
    promtool(&text);
    exporter.shutdown();
}

#[cfg(tokio_unstable)]
#[test]
fn polls_are_in_the_histogram() {
    let tokio = Tokio::new();
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_metrics_poll_time_histogram();
    let (with, without) = (builder.build().unwrap(), multi_thread(1));
    let _with = tokio.runtime("with", with.handle()).unwrap();
    let _without = tokio.runtime("without", without.handle()).unwrap();
    with.block_on(async {
        for _ in 0..50 {
            tokio::spawn(tokio::task::yield_now()).await.unwrap();
        }
    });
    drop(with);
    let now = snapshot(&tokio);
    let family = now.family("tokio_poll_duration_seconds").unwrap();
    assert_eq!(family.series_count(), 1);
    let Some(Value::Classic(polls)) = now.value(family.name(), &[("runtime", "with")]) else {
        panic!("{now:?}")
    };
    let of_worker = |number| {
        value(&now, "tokio_worker_polls_total", &[("runtime", "with"), ("worker", number)])
    };
    let polled: f64 = ["0", "1"].into_iter().map(of_worker).sum();
    assert!(polled >= 100.0);
    assert_eq!(polls.count() as f64, polled);
    assert_eq!(value(&now, "tokio_spawned_tasks_total", &[("runtime", "with")]), 50.0);
}
