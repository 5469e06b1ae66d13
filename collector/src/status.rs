//! What a collector reports about itself.

use crate::batch::Batch;
use crate::counted::counted;
use crate::recent::RECENT;
use crate::sync::lock;
use crate::task::{Key, Report};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A cycle that has ended, for [`Builder::on_cycle`](crate::Builder::on_cycle).
#[derive(Debug)]
#[non_exhaustive]
pub struct Cycle<'a> {
    /// The number, from 1.
    pub number: u64,
    /// When it ended.
    pub end: SystemTime,
    /// Time to scrape and parse the slowest source.
    pub took: Duration,
    /// What is stored of it.
    pub batch: &'a Batch,
    /// The state of each source.
    pub sources: &'a [SourceStatus],
}

/// The state of a collector.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Status {
    /// When it began.
    pub started: SystemTime,
    /// The time since then.
    pub uptime: Duration,
    /// Cycles that ended.
    pub cycles: u64,
    /// Cycles that were left out, because another one took too long.
    pub missed_cycles: u64,
    /// Those of the last five minutes.
    pub recent_missed_cycles: u64,
    /// When the last cycle ended.
    pub last_cycle: Option<SystemTime>,
    /// Time to scrape and parse the slowest source of the last cycle.
    pub took: Duration,
    /// Batches written.
    pub batches: u64,
    /// Samples written.
    pub samples: u64,
    /// Candles written.
    pub candles: u64,
    /// Events written.
    pub events: u64,
    /// Batches that wait to be written.
    pub queued: usize,
    /// Batches lost.
    pub lost: u64,
    /// Those of the last five minutes.
    pub recent_lost: u64,
    /// Scrapes without a usable answer.
    pub failed_scrapes: u64,
    /// Tries to write that failed.
    pub write_errors: u64,
    /// The time between two cycles.
    pub interval: Duration,
    /// The longest time between two readings of a source.
    pub slowest: Duration,
    /// The most batches that wait.
    pub queue: usize,
    /// When a batch was last written.
    pub last_write: Option<SystemTime>,
    /// When the store's log was last merged into its file, or its journal into files.
    pub last_checkpoint: Option<SystemTime>,
    /// The lasting error of the store, which ended the collector.
    pub failure: Option<String>,
    /// The state of each source.
    pub sources: Vec<SourceStatus>,
}

/// Nothing was written for so many intervals: something is wrong.
const SILENCE: u32 = 5;

impl Status {
    /// What somebody should look at now, one line each: sources that are down, a store that failed or
    /// gets nothing, and what was missed or lost in the last five minutes. What was before is in the
    /// totals, and is no warning.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(failure) = &self.failure {
            warnings.push(format!("the store has failed for good: {failure}"));
        }
        for source in self.sources.iter().filter(|it| !it.is_up()) {
            let SourceStatus { service, target, error, .. } = source;
            let error = error.as_deref().unwrap_or_default();
            warnings.push(format!("{service} is down: {target}: {error}"));
        }
        let minutes = RECENT.as_secs() / 60;
        for (count, one, many) in [
            (self.recent_missed_cycles, "cycle was missed", "cycles were missed"),
            (self.recent_lost, "batch was lost", "batches were lost"),
        ] {
            if count > 0 {
                let what = counted(count, one, many);
                warnings.push(format!("{what} in the last {minutes} minutes"));
            }
        }
        let most = self.slowest.max(self.interval) * SILENCE;
        let last = self.last_write.unwrap_or(self.started);
        let silence = SystemTime::now().duration_since(last).unwrap_or_default().min(self.uptime);
        if silence > most {
            warnings.push(format!("nothing was written for {} s", silence.as_secs()));
        }
        warnings
    }

    /// All of it, as JSON. Times are seconds, and moments are seconds since 1970.
    pub(crate) fn json(&self) -> Value {
        let moment =
            |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0.0, |it| it.as_secs_f64());
        let sources: Vec<_> = self
            .sources
            .iter()
            .map(|source| {
                json!({
                    "service": &*source.service,
                    "target": source.target,
                    "is_up": source.is_up(),
                    "error": source.error,
                    "series": source.series,
                    "seconds": source.took.as_secs_f64(),
                })
            })
            .collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "started": moment(self.started),
            "uptime_seconds": self.uptime.as_secs_f64(),
            "interval_seconds": self.interval.as_secs_f64(),
            "cycles": self.cycles,
            "missed_cycles": self.missed_cycles,
            "recent_missed_cycles": self.recent_missed_cycles,
            "last_cycle": self.last_cycle.map(moment),
            "cycle_seconds": self.took.as_secs_f64(),
            "batches": self.batches,
            "samples": self.samples,
            "candles": self.candles,
            "events": self.events,
            "queued": self.queued,
            "queue": self.queue,
            "lost": self.lost,
            "recent_lost": self.recent_lost,
            "failed_scrapes": self.failed_scrapes,
            "write_errors": self.write_errors,
            "failure": self.failure,
            "last_write": self.last_write.map(moment),
            "last_checkpoint": self.last_checkpoint.map(moment),
            "sources": sources,
            "warnings": self.warnings(),
        })
    }
}

/// When the writer last did something.
#[derive(Debug, Default)]
pub(crate) struct Written(Mutex<Moments>);

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moments {
    pub(crate) batch: Option<SystemTime>,
    pub(crate) checkpoint: Option<SystemTime>,
}

impl Written {
    pub(crate) fn get(&self) -> Moments {
        *self.lock()
    }

    pub(crate) fn set_batch(&self, time: SystemTime) {
        self.lock().batch = Some(time);
    }

    pub(crate) fn set_checkpoint(&self, time: SystemTime) {
        self.lock().checkpoint = Some(time);
    }

    fn lock(&self) -> MutexGuard<'_, Moments> {
        lock(&self.0)
    }
}

/// The state of an exporter or a process.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceStatus {
    /// The service.
    pub service: Arc<str>,
    /// The URL, the socket or the file.
    pub target: String,
    /// Why the last answer could not be used; `None` if it could.
    pub error: Option<String>,
    /// Series of the last answer.
    pub series: usize,
    /// Time to scrape and parse the last answer.
    pub took: Duration,
}

impl SourceStatus {
    /// Whether the last answer could be used.
    pub fn is_up(&self) -> bool {
        self.error.is_none()
    }
}

/// The last reports of all sources.
#[derive(Debug, Default)]
pub(crate) struct Reports(BTreeMap<Key, Report>);

impl Reports {
    pub(crate) fn set(&mut self, key: Key, report: Option<Report>) {
        match report {
            Some(report) => {
                self.0.insert(key, report);
            }
            None => {
                self.0.remove(&key);
            }
        }
    }

    pub(crate) fn all(&self) -> Vec<SourceStatus> {
        let status = |report: &Report| SourceStatus {
            service: report.service.clone(),
            target: report.target.clone(),
            error: report.trouble.as_ref().map(|trouble| trouble.reason().into()),
            series: report.series,
            took: report.took,
        };
        self.0.values().map(status).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::batch::{Batch, Event};
    use crate::store::{Store, StoreError};
    use crate::{Collector, Source};

    struct Nowhere;

    impl Store for Nowhere {
        fn write(&mut self, _: &Batch) -> Result<(), StoreError> {
            Ok(())
        }

        fn maintain(&mut self) -> Result<Vec<Event>, StoreError> {
            Ok(Vec::new())
        }

        fn close(self: Box<Self>) -> Result<(), StoreError> {
            Ok(())
        }
    }

    #[test]
    fn what_was_missed_or_lost_long_ago_is_no_warning() {
        let source = Source::new("127.0.0.1:1");
        let store = Box::new(Nowhere);
        let collector = Collector::builder().source(source).store(store).start().unwrap();
        let mut status = collector.status();
        status.sources.clear();
        (status.missed_cycles, status.lost) = (3, 2);
        assert!(status.warnings().is_empty(), "{:?}", status.warnings());
        (status.recent_missed_cycles, status.recent_lost) = (2, 1);
        let warnings = status.warnings();
        let expected = [
            "2 cycles were missed in the last 5 minutes",
            "1 batch was lost in the last 5 minutes",
        ];
        assert_eq!(warnings, expected);
        // The totals are there all the same.
        let json = status.json();
        assert_eq!((json["missed_cycles"].as_u64(), json["lost"].as_u64()), (Some(3), Some(2)));
    }
}
