//! What the threads of a collector share.

use crate::metrics::CollectorMetrics;
use crate::queue::Queue;
use crate::recent::Recent;
use crate::status::{SourceStatus, Status, Written};
use crate::sync::lock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};
use tickmetrics::Registry;
use tokio::sync::Notify;

/// What the threads share.
pub(crate) struct Shared {
    pub(crate) queue: Queue,
    pub(crate) registry: Registry,
    pub(crate) metrics: Arc<CollectorMetrics>,
    pub(crate) started: (SystemTime, Instant),
    /// Relaxed: `wake` is notified after it is set, and brings it along.
    pub(crate) is_stopping: AtomicBool,
    pub(crate) wake: Arc<Notify>,
    pub(crate) state: Mutex<State>,
    pub(crate) changed: Condvar,
    pub(crate) written: Written,
    /// Cycles that were left out lately.
    pub(crate) missed: Recent,
    /// Batches that were lost lately.
    pub(crate) lost: Recent,
    /// Between two cycles, and the longest one of a source.
    pub(crate) intervals: (Duration, Duration),
    /// The most batches that wait.
    pub(crate) most: usize,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) last_cycle: Option<SystemTime>,
    pub(crate) took: Duration,
    pub(crate) sources: Vec<SourceStatus>,
    pub(crate) failure: Option<String>,
    /// Whether no cycle comes any more.
    pub(crate) is_over: bool,
}

impl Shared {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn status(&self) -> Status {
        let Self { queue, registry, metrics, started, .. } = self;
        let snapshot = registry.snapshot();
        let count = |counter: &tickmetrics::Counter| snapshot.get(counter).unwrap_or_default();
        let written = self.written.get();
        let now = Instant::now();
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
            recent_missed_cycles: self.missed.count(now),
            lost: queue.lost(),
            recent_lost: self.lost.count(now),
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

    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Relaxed);
        self.wake.notify_one();
    }
}
