//! What the tasks share, and what comes of them.

use crate::batch::{Event, Sample};
use crate::metrics::CollectorMetrics;
use crate::reading::Trouble;
use crate::source::Budget;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What all tasks share.
pub(crate) struct Context {
    /// What came since the last cycle: of each target at most once, since none is scraped more often
    /// than a cycle ends.
    pub(crate) inbox: RefCell<Vec<Reading>>,
    pub(crate) budget: Budget,
    pub(crate) metrics: Arc<CollectorMetrics>,
    /// The number of tasks that go on, and a notice that it changed.
    pub(crate) running: RefCell<usize>,
    pub(crate) wake: Arc<Notify>,
    /// Whether each target is scraped once only.
    pub(crate) once: bool,
}

/// An answer of an exporter or a process, or the lack of one.
#[derive(Debug)]
pub(crate) struct Reading {
    /// The number of the target, and the process among those of a pattern.
    pub(crate) key: Key,
    /// `None` if the process is gone.
    pub(crate) report: Option<Report>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) events: Vec<Event>,
    /// Time to scrape and parse.
    pub(crate) took: Duration,
}

/// The number of a target, and the process among those of a pattern.
pub(crate) type Key = (usize, String);

/// The state of an exporter or a process.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) service: Arc<str>,
    pub(crate) target: String,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) series: usize,
    pub(crate) took: Duration,
}
