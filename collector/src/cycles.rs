//! The cycles: what the targets answered becomes a batch.

use crate::batch::{Batch, Event, EventKind};
use crate::builder::{Builder, OnCycle};
use crate::candles::Forming;
use crate::counted::counted;
use crate::metrics::Stage;
use crate::shared::Shared;
use crate::source::Budget;
use crate::status::{Cycle, Reports};
use crate::task::{Context, Reading, Task, whole};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime};
use tokio::runtime;
use tokio::task::LocalSet;
use tokio::time::{Instant as TokioInstant, timeout_at};

/// The longest wait for readings of files at the end.
const GRACE_OF_FILES: Duration = Duration::from_millis(200);

/// The end of the cycles: the writer finishes, and waiting threads go on.
pub(crate) struct End<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) grace: Duration,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.shared.queue.close(Instant::now() + self.grace);
        self.shared.state().is_over = true;
        self.shared.changed.notify_all();
    }
}

/// Runs the cycles until the collector is stopped.
pub(crate) fn run(shared: &Shared, builder: Builder, tasks: Vec<Task>) -> Result<(), String> {
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
    let targets = counted(targets as u64, "target", "targets");
    let message = format!("tickmetrics-collector {version} reads {targets} each {interval:?}");
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
                self.shared.missed.add(missed.into(), Instant::now());
                let what = counted(missed.into(), "cycle was", "cycles were");
                let message = format!("{what} left out: the last one was {late:?} late");
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
            queue.push(batch.clone(), start.checked_sub(took).unwrap_or(start));
        }
        let sources = self.reports.all();
        let lost = queue.lost();
        metrics.lost_batches.add(lost - self.lost);
        self.shared.lost.add(lost - self.lost, Instant::now());
        self.lost = lost;
        metrics.cycles.inc();
        metrics.queued_batches.set(queue.len() as f64);
        metrics.queued.set(queue.bytes() as f64);
        metrics.sources_up.set(sources.iter().filter(|source| source.is_up()).count() as f64);
        metrics.stage.with(Stage::Slowest).record_duration(took);
        metrics.stage.with(Stage::Assemble).record_duration(start.elapsed());
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
