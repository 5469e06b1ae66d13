//! A running collector: one thread runs the cycles, and one writes.

use crate::ask::server::Server;
use crate::builder::{Builder, Parts, StartError};
use crate::counted::counted;
use crate::cycles;
use crate::metrics::CollectorMetrics;
use crate::queue::Queue;
use crate::recent::Recent;
use crate::shared::Shared;
use crate::status::{Status, Written};
use crate::writer;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};
use tickmetrics::__text::report;
use tickmetrics::Registry;
use tickmetrics_exporter::{Exporter, LocalAddr};
use tokio::sync::Notify;

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

impl Builder {
    /// Starts the collector: one thread that reads, and one that writes.
    ///
    /// # Errors
    /// The fault of a setting, in one line.
    pub fn start(self) -> Result<Collector, StartError> {
        Collector::start(self.checked()?)
    }
}

impl Collector {
    /// The settings of a new collector.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn start(parts: Parts) -> Result<Self, StartError> {
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
        let exporter = exporter.transpose()?;
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
            missed: Recent::default(),
            lost: Recent::default(),
            intervals: (builder.interval, builder.slowest()),
            most: builder.queue.batches,
        });
        let unstarted = |error| StartError::from(format!("a thread can't be started: {error}"));
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
            let _end = cycles::End { shared: &cycling, grace };
            if let Err(error) = cycles::run(&cycling, builder, tasks) {
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
                    "the store has not finished within {:?}: {} lost",
                    self.grace,
                    counted(lost, "batch is", "batches are")
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
