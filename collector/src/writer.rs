//! The thread that writes batches to the store, each in one transaction.

use crate::batch::{Batch, EventKind};
use crate::metrics::{CollectorMetrics, Stage};
use crate::queue::{Queue, Waiting};
use crate::status::Written;
use crate::store::{Store, StoreError};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

/// The first wait before a batch is tried again, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Writes batches until the queue ends.
///
/// # Errors
/// A lasting error of the store, or one that lasts until the end.
pub(crate) fn run(
    mut store: Box<dyn Store>,
    queue: &Queue,
    metrics: &CollectorMetrics,
    written: &Written,
) -> Result<(), StoreError> {
    while let Some(Waiting { batch, since }) = queue.take() {
        if let Err(error) = write(&mut *store, &batch, queue, metrics, written) {
            queue.abandon(1);
            // What it wrote before stays; its error matters less than the one that came first.
            let _ = store.close();
            return Err(error);
        }
        metrics.stage.with(Stage::Whole).record_duration(since.elapsed());
        // The next batch comes at the end of the next cycle, so that there is time now.
        if queue.is_empty() {
            let start = Instant::now();
            match store.maintain() {
                Ok(events) => {
                    if let Some(event) =
                        events.iter().rev().find(|it| it.kind == EventKind::Checkpoint)
                    {
                        written.set_checkpoint(event.time);
                    }
                    queue.note_all(events);
                }
                Err(error) if error.is_final() => {
                    queue.abandon(0);
                    let _ = store.close();
                    return Err(error);
                }
                Err(error) => queue.note(EventKind::WriteError, format!("maintenance: {error}")),
            }
            metrics.stage.with(Stage::Maintain).record_duration(start.elapsed());
        }
    }
    store.close()
}

fn write(
    store: &mut dyn Store,
    batch: &Arc<Batch>,
    queue: &Queue,
    metrics: &CollectorMetrics,
    written: &Written,
) -> Result<(), StoreError> {
    let mut wait = WAITS.0;
    loop {
        let start = Instant::now();
        let written = store.write(batch);
        metrics.stage.with(Stage::Write).record_duration(start.elapsed());
        let error = match written {
            Ok(()) => break,
            Err(error) => error,
        };
        metrics.write_errors.inc();
        if error.is_final() {
            return Err(error);
        }
        if wait == WAITS.0 {
            queue.note(EventKind::WriteError, error.to_string());
        }
        if !queue.wait(wait) {
            return Err(error);
        }
        wait = (wait * 2).min(WAITS.1);
    }
    metrics.samples.add(batch.samples.len() as u64);
    metrics.candles.add(batch.candles.len() as u64);
    metrics.events.add(batch.events.len() as u64);
    metrics.batches.inc();
    written.set_batch(SystemTime::now());
    Ok(())
}
