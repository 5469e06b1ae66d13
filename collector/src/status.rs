//! What a collector reports about itself.

use crate::batch::Batch;
use crate::task::{Key, Report};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

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
    /// Scrapes without a usable answer.
    pub failed_scrapes: u64,
    /// Tries to write that failed.
    pub write_errors: u64,
    /// The lasting error of the store, which ended the collector.
    pub failure: Option<String>,
    /// The state of each source.
    pub sources: Vec<SourceStatus>,
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
