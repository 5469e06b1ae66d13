//! One task for each target: scrapes it at its interval, whatever the others do.

mod exporter;
mod segments;

pub(crate) use exporter::OfExporter;
pub(crate) use segments::OfSegments;

use crate::batch::{Event, Sample};
use crate::metrics::CollectorMetrics;
use crate::reading::Trouble;
use crate::source::Budget;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// A target.
pub(crate) enum Task {
    Exporter(Box<OfExporter>),
    Segments(Box<OfSegments>),
}

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

impl Task {
    pub(crate) async fn run(self, context: Rc<Context>) {
        match self {
            Self::Exporter(mut task) => {
                let interval = task.interval;
                repeat(interval, &context, async || task.read(&context).await).await;
            }
            Self::Segments(task) => {
                let interval = task.interval;
                let mut task = Some(task);
                repeat(interval, &context, async || {
                    // Files are read on a thread of their own. It panics only if the code is wrong,
                    // and then this target ends.
                    let Some(mut moved) = task.take() else { return false };
                    let read = tokio::task::spawn_blocking(move || {
                        let readings = moved.read();
                        (moved, readings)
                    });
                    let Ok((moved, readings)) = read.await else { return false };
                    task = Some(moved);
                    for reading in &readings {
                        context.metrics.scrape.record_duration(reading.took);
                    }
                    context.inbox.borrow_mut().extend(readings);
                    true
                })
                .await;
            }
        }
        *context.running.borrow_mut() -= 1;
        context.wake.notify_one();
    }
}

/// Reads at each interval, as long as it returns `true`.
async fn repeat(interval: Duration, context: &Context, mut read: impl AsyncFnMut() -> bool) {
    let mut next = Instant::now();
    while read().await && !context.once {
        next += interval;
        let late = Instant::now().saturating_duration_since(next);
        let missed = whole(late, interval);
        context.metrics.missed_scrapes.add(missed.into());
        next += interval * missed;
        sleep_until(next).await;
    }
}

/// How often a time has a part, up to a million.
pub(crate) fn whole(time: Duration, part: Duration) -> u32 {
    let most = 1_000_000;
    u32::try_from(time.as_nanos() / part.as_nanos().max(1)).map_or(most, |it| it.min(most))
}
