//! The threads of a collector: one runs the cycles, and one writes.

use crate::ask::server::Server;
use crate::batch::{Batch, Event, EventKind};
use crate::builder::{Builder, OnCycle, StartError};
use crate::candles::Forming;
use crate::metrics::CollectorMetrics;
use crate::queue::Queue;
use crate::source::Budget;
use crate::status::{Cycle, Reports, SourceStatus, Status, Written};
use crate::store::Store;
use crate::task::{Context, Reading, Task, whole};
use crate::writer;
use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};
use tickmetrics::__text::report;
use tickmetrics::Registry;
use tickmetrics_exporter::{Exporter, LocalAddr};
use tokio::runtime;
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::{Instant as TokioInstant, timeout_at};

/// The longest wait for readings of files at the end.
const GRACE_OF_FILES: Duration = Duration::from_millis(200);

/// Reads sources in cycles, and stores what they answer.
///
/// All sources are read concurrently, and a cycle ends when its interval is over, with what has come
/// until then: a source that hangs, fails or lies delays no other one. A late answer belongs to the
/// next cycle. The end of the value, or [`stop`](Self::stop), writes what is there.
///
/// ```
/// use std::time::Duration;
/// use tickmetrics_collector::batch::{Batch, Event};
/// use tickmetrics_collector::store::{Store, StoreError};
/// use tickmetrics_collector::{Collector, Source};
///
/// struct Printed;
///
/// impl Store for Printed {
///     fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
///         println!("{} samples", batch.samples.len());
///         Ok(())
///     }
///
///     fn maintain(&mut self) -> Result<Vec<Event>, StoreError> {
///         Ok(Vec::new())
///     }
///
///     fn close(self: Box<Self>) -> Result<(), StoreError> {
///         Ok(())
///     }
/// }
///
/// let collector = Collector::builder()
///     .source(Source::new("127.0.0.1:9464").service("gateway"))
///     .interval(Duration::from_millis(100))
///     .store(Box::new(Printed))
///     .on_cycle(|cycle| println!("cycle {} took {:?}", cycle.number, cycle.took))
///     .start()?;
/// println!("{:?}", collector.status());
/// collector.stop()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Collector {
    shared: Arc<Shared>,
    cycles: Option<JoinHandle<()>>,
    written: Receiver<Result<(), String>>,
    exporter: Option<Exporter>,
    answers: Option<Server>,
    grace: Duration,
}

/// The reason why a collector ended, or could not write everything, in one line.
#[derive(Debug)]
pub struct CollectError(String);

impl fmt::Display for CollectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for CollectError {}

/// What a collector is made of.
pub(crate) struct Parts {
    pub(crate) builder: Builder,
    pub(crate) store: Box<dyn Store>,
    pub(crate) tasks: Vec<Task>,
}

/// What the threads share.
struct Shared {
    queue: Queue,
    registry: Registry,
    metrics: Arc<CollectorMetrics>,
    started: (SystemTime, Instant),
    /// Relaxed: `wake` is notified after it is set, and brings it along.
    is_stopping: AtomicBool,
    wake: Arc<Notify>,
    state: Mutex<State>,
    changed: Condvar,
    written: Written,
    /// Between two cycles, and the longest one of a source.
    intervals: (Duration, Duration),
    /// The most batches that wait.
    most: usize,
}

#[derive(Default)]
struct State {
    last_cycle: Option<SystemTime>,
    took: Duration,
    sources: Vec<SourceStatus>,
    failure: Option<String>,
    /// Whether no cycle comes any more.
    is_over: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self) -> Status {
        let Self { queue, registry, metrics, started, .. } = self;
        let snapshot = registry.snapshot();
        let count = |counter: &tickmetrics::Counter| snapshot.get(counter).unwrap_or_default();
        let written = self.written.get();
        let state = self.state();
        Status {
            started: started.0,
            uptime: started.1.elapsed(),
            cycles: count(&metrics.cycles),
            missed_cycles: count(&metrics.missed_cycles),
            last_cycle: state.last_cycle,
            took: state.took,
            batches: count(&metrics.batches),
            samples: count(&metrics.samples),
            candles: count(&metrics.candles),
            events: count(&metrics.events),
            queued: queue.len(),
            lost: queue.lost(),
            failed_scrapes: count(&metrics.failed_scrapes),
            write_errors: count(&metrics.write_errors),
            interval: self.intervals.0,
            slowest: self.intervals.1,
            queue: self.most,
            last_write: written.batch,
            last_checkpoint: written.checkpoint,
            failure: state.failure.clone(),
            sources: state.sources.clone(),
        }
    }

    fn stop(&self) {
        self.is_stopping.store(true, Relaxed);
        self.wake.notify_one();
    }
}

impl Collector {
    /// The settings of a new collector.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn start(parts: Parts) -> Result<Self, StartError> {
        let Parts { builder, store, tasks } = parts;
        let grace = builder.grace;
        let registry = Registry::new();
        let metrics = CollectorMetrics::register(&registry).map_err(|it| it.to_string())?;
        let metrics = Arc::new(metrics);
        metrics.sources.set(tasks.len() as f64);
        let start = Instant::now();
        let (name, help) = ("tickmetrics_collector_uptime_seconds", "Time since the start.");
        let uptime = move || start.elapsed().as_secs_f64();
        registry.gauge_fn(name, help, uptime).map_err(|it| it.to_string())?;
        let exporter = builder
            .listen
            .as_ref()
            .map(|address| Exporter::builder().registry(&registry).listen(address).start());
        let exporter = exporter.transpose().map_err(|it| it.to_string())?;
        let shared = Arc::new(Shared {
            queue: Queue::new(builder.queue),
            registry,
            metrics,
            started: (SystemTime::now(), start),
            is_stopping: AtomicBool::new(false),
            wake: Arc::new(Notify::new()),
            state: Mutex::default(),
            changed: Condvar::new(),
            written: Written::default(),
            intervals: (builder.interval, builder.slowest()),
            most: builder.queue,
        });
        let unstarted = |error| StartError(format!("a thread can't be started: {error}"));
        let asked = shared.clone();
        let status = move || asked.status().json();
        let answer = |path: &PathBuf| Server::start(path, store.reader(), Box::new(status));
        let answers = match (&builder.socket, &builder.own_socket) {
            (Some(path), _) => Some(answer(path)?),
            // A long path, or a file system without sockets, is no reason not to collect.
            (None, Some(path)) => {
                answer(path).map_err(|error| report(format_args!("warning: {error}"))).ok()
            }
            (None, None) => None,
        };
        let (done, written) = mpsc::sync_channel(1);
        let writing = shared.clone();
        thread::Builder::new()
            .name("collector-write".into())
            .spawn(move || {
                let end = writer::run(store, &writing.queue, &writing.metrics, &writing.written);
                let end = end.map_err(|error| error.to_string());
                if let Err(message) = &end {
                    writing.state().failure.get_or_insert_with(|| message.clone());
                    writing.stop();
                }
                // Nobody may wait any more.
                let _ = done.send(end);
            })
            .map_err(unstarted)?;
        let cycling = shared.clone();
        let cycles = thread::Builder::new().name("collector".into()).spawn(move || {
            // Also after a panic of the callback.
            let _end = End { shared: &cycling, grace };
            if let Err(error) = run(&cycling, builder, tasks) {
                cycling.state().failure.get_or_insert(error);
            }
        });
        let cycles = cycles.map_err(|error| {
            shared.queue.close(Instant::now());
            unstarted(error)
        })?;
        Ok(Self { shared, cycles: Some(cycles), written, exporter, answers, grace })
    }

    /// The present state.
    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// The registry of the collector's metrics about itself.
    pub fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    /// The addresses at which the collector's metrics about itself are served.
    pub fn local_addrs(&self) -> &[LocalAddr] {
        self.exporter.as_ref().map_or(&[], Exporter::local_addrs)
    }

    /// Waits until the collector has ended by itself, since it reads only [once](Builder::once), or
    /// since the store has failed for good; but not longer than a time. Returns whether it has ended.
    pub fn wait(&self, time: Duration) -> bool {
        let state = self.shared.state();
        let waited = self.shared.changed.wait_timeout_while(state, time, |it| !it.is_over);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_over
    }

    /// Ends the present cycle, and writes what is there.
    ///
    /// # Errors
    /// The lasting error of the store, or that it has not written everything within the
    /// [grace](Builder::grace).
    pub fn stop(mut self) -> Result<Status, CollectError> {
        self.end().map_err(CollectError)?;
        Ok(self.status())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(cycles) = self.cycles.take() else { return Ok(()) };
        self.shared.stop();
        // Its queries end before the store is closed.
        self.answers = None;
        let joined = cycles.join();
        // One more second: the last try may begin at the very end.
        let written = match self.written.recv_timeout(self.grace + Duration::from_secs(1)) {
            Ok(written) => written,
            Err(RecvTimeoutError::Timeout) => {
                self.shared.queue.abandon(1);
                let lost = self.shared.queue.lost();
                Err(format!(
                    "the store has not finished within {:?}: {lost} batches are lost",
                    self.grace
                ))
            }
            Err(RecvTimeoutError::Disconnected) => Err("the thread that writes panicked".into()),
        };
        written?;
        joined.map_err(|_| "the thread of the cycles panicked".to_owned())?;
        match &self.shared.state().failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(()),
        }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            report(format_args!("the collector ended with an error: {error}"));
        }
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("status", &self.status()).finish_non_exhaustive()
    }
}

/// The end of the cycles: the writer finishes, and waiting threads go on.
struct End<'a> {
    shared: &'a Shared,
    grace: Duration,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.shared.queue.close(Instant::now() + self.grace);
        self.shared.state().is_over = true;
        self.shared.changed.notify_all();
    }
}

fn run(shared: &Shared, builder: Builder, tasks: Vec<Task>) -> Result<(), String> {
    // A thread for each target that reads files, and two for long answers.
    let files = tasks.iter().filter(|task| matches!(task, Task::Segments(_))).count();
    let runtime = runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(files + 2)
        .build()
        .map_err(|error| format!("the collector can't run: {error}"))?;
    let context = Rc::new(Context {
        inbox: RefCell::default(),
        budget: Budget::new(builder.limits.bytes),
        metrics: shared.metrics.clone(),
        running: RefCell::new(tasks.len()),
        wake: shared.wake.clone(),
        once: builder.once,
    });
    let targets = tasks.len();
    let local = LocalSet::new();
    for task in tasks {
        local.spawn_local(task.run(context.clone()));
    }
    let forming = builder.candles.into_iter().map(Forming::new).collect();
    let mut cycles = Cycles {
        shared,
        interval: builder.interval,
        on_cycle: builder.on_cycle,
        forming,
        reports: Reports::default(),
        number: 0,
        lost: 0,
        events: Vec::new(),
    };
    let (version, interval) = (env!("CARGO_PKG_VERSION"), builder.interval);
    let message =
        format!("tickmetrics-collector {version} reads {targets} targets each {interval:?}");
    cycles.note(EventKind::Start, message);
    local.block_on(&runtime, cycles.run(&context));
    drop(local);
    runtime.shutdown_timeout(GRACE_OF_FILES);
    Ok(())
}

/// The cycles.
struct Cycles<'a> {
    shared: &'a Shared,
    interval: Duration,
    on_cycle: Option<OnCycle>,
    forming: Vec<Forming>,
    reports: Reports,
    number: u64,
    /// Lost batches that are counted.
    lost: u64,
    /// For the next batch.
    events: Vec<Event>,
}

impl Cycles<'_> {
    async fn run(&mut self, context: &Context) {
        let mut end = TokioInstant::now() + self.interval;
        loop {
            let is_last = self.wait(context, end).await;
            self.close(context.inbox.take(), is_last);
            if is_last {
                return;
            }
            let late = TokioInstant::now().saturating_duration_since(end);
            let missed = whole(late, self.interval);
            if missed > 0 {
                self.shared.metrics.missed_cycles.add(missed.into());
                let message =
                    format!("{missed} cycles were left out: the last one was {late:?} late");
                self.note(EventKind::CycleMissed, message);
            }
            end += self.interval * (missed + 1);
        }
    }

    /// Waits for the end of a cycle. Returns whether it is the last one.
    async fn wait(&self, context: &Context, end: TokioInstant) -> bool {
        loop {
            if self.shared.is_stopping.load(Relaxed) {
                return true;
            }
            let is_done = context.once && *context.running.borrow() == 0;
            if is_done {
                return true;
            }
            let notified = timeout_at(end, self.shared.wake.notified()).await;
            if notified.is_err() {
                if !context.once {
                    return false;
                }
                // Each target has a timeout of its own.
                self.shared.wake.notified().await;
            }
        }
    }

    fn note(&mut self, kind: EventKind, message: String) {
        self.events.push(Event { time: SystemTime::now(), service: None, kind, message });
    }

    /// Ends a cycle: its batch goes to the queue.
    fn close(&mut self, readings: Vec<Reading>, is_last: bool) {
        let (start, end) = (Instant::now(), SystemTime::now());
        let Shared { queue, metrics, .. } = self.shared;
        let took = readings.iter().map(|reading| reading.took).max().unwrap_or_default();
        let mut batch = Batch::default();
        batch.samples.reserve(readings.iter().map(|it| it.samples.len()).sum());
        batch.events.append(&mut self.events);
        batch.events.append(&mut queue.events());
        for Reading { key, report, samples, events, .. } in readings {
            let is_failed = report.as_ref().is_some_and(|it| it.trouble.is_some());
            metrics.failed_scrapes.add(u64::from(is_failed));
            self.reports.set(key, report);
            self.forming.iter_mut().for_each(|it| it.add(&samples));
            batch.samples.extend(samples);
            batch.events.extend(events);
        }
        for forming in &mut self.forming {
            batch.candles.extend(if is_last { forming.rest() } else { forming.over(end) });
        }
        if is_last {
            let message = "the collector ended in good order".into();
            batch.events.push(Event { time: end, service: None, kind: EventKind::Stop, message });
        }
        self.number += 1;
        let batch = Arc::new(batch);
        if !(batch.samples.is_empty() && batch.candles.is_empty() && batch.events.is_empty()) {
            queue.push(batch.clone());
        }
        let sources = self.reports.all();
        let lost = queue.lost();
        metrics.lost_batches.add(lost - self.lost);
        self.lost = lost;
        metrics.cycles.inc();
        metrics.queued_batches.set(queue.len() as f64);
        metrics.sources_up.set(sources.iter().filter(|source| source.is_up()).count() as f64);
        metrics.cycle.record_duration(took);
        metrics.assemble.record_duration(start.elapsed());
        {
            let mut state = self.shared.state();
            (state.last_cycle, state.took) = (Some(end), took);
            state.sources.clone_from(&sources);
        }
        if let Some(call) = &mut self.on_cycle {
            call(&Cycle { number: self.number, end, took, batch: &batch, sources: &sources });
        }
    }
}
