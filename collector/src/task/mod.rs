//! One task for each target: scrapes it at its interval, whatever the others do.

mod context;
mod exporter;
mod segments;

pub(crate) use context::{Context, Key, Reading, Report};
pub(crate) use exporter::OfExporter;
pub(crate) use segments::OfSegments;

use crate::metrics::Stage;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A target.
pub(crate) enum Task {
    Exporter(Box<OfExporter>),
    Segments(Box<OfSegments>),
}

impl Task {
    /// The service, and what distinguishes the target within it.
    pub(crate) fn identity(&self) -> (Option<Arc<str>>, String) {
        match self {
            Self::Exporter(task) => (Some(task.service.clone()), task.client.instance().into()),
            Self::Segments(task) => (task.service.clone(), task.target.clone()),
        }
    }

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
                        context.metrics.stage.with(Stage::Scrape).record_duration(reading.took);
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
