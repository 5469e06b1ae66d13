//! Batches between the cycles and the writer: bounded, so that a store that hangs takes no memory.

use crate::batch::{Batch, Event, EventKind};
use crate::counted::counted;
use crate::sync::lock;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The most events that wait for the next batch.
const MOST_EVENTS: usize = 1_000;

/// The queue.
pub(crate) struct Queue {
    most: Most,
    inner: Mutex<Inner>,
    changed: Condvar,
}

/// What a queue holds at most. The newest batch is always there, whatever its size is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    pub(crate) batches: usize,
    pub(crate) bytes: usize,
}

/// A batch, and when the work on it began: so long before the end of its cycle as its slowest source
/// took.
pub(crate) struct Waiting {
    pub(crate) batch: Arc<Batch>,
    pub(crate) since: Instant,
}

#[derive(Default)]
struct Inner {
    batches: VecDeque<Waiting>,
    /// The memory of all batches.
    bytes: usize,
    events: Vec<Event>,
    lost: u64,
    /// Whether no batch comes any more, and until when those that are there are written.
    end: Option<Instant>,
    /// Whether nobody takes batches any more.
    is_abandoned: bool,
}

impl Queue {
    pub(crate) fn new(most: Most) -> Self {
        Self { most, inner: Mutex::default(), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Adds a batch. A full queue loses its oldest one.
    pub(crate) fn push(&self, batch: Arc<Batch>, since: Instant) {
        let mut inner = self.lock();
        if inner.is_abandoned {
            inner.lost += 1;
            return;
        }
        let Most { batches, bytes } = self.most;
        let size = batch.bytes();
        loop {
            let full = if inner.batches.len() >= batches {
                counted(batches as u64, "batch", "batches")
            } else if inner.bytes.saturating_add(size) > bytes {
                format!("{bytes} bytes")
            } else {
                break;
            };
            let Some(Waiting { batch: lost, .. }) = inner.pop() else { break };
            inner.lost += 1;
            let message = format!(
                "the queue of {full} was full: {}, {} and {} are lost",
                counted(lost.samples.len() as u64, "sample", "samples"),
                counted(lost.candles.len() as u64, "candle", "candles"),
                counted(lost.events.len() as u64, "event", "events")
            );
            inner.note(EventKind::BatchLost, message);
        }
        inner.bytes += size;
        inner.batches.push_back(Waiting { batch, since });
        drop(inner);
        self.changed.notify_all();
    }

    /// The oldest batch, once there is one. `None` at the end.
    pub(crate) fn take(&self) -> Option<Waiting> {
        let mut inner = self.lock();
        loop {
            if let Some(waiting) = inner.pop() {
                return Some(waiting);
            }
            if inner.end.is_some() {
                return None;
            }
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits, but not longer than until the end comes. Returns `false` if no time is left.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        let mut inner = self.lock();
        loop {
            let now = Instant::now();
            let until = match inner.end {
                Some(end) if now >= end => return false,
                Some(end) => until.min(end),
                None => until,
            };
            if now >= until {
                return true;
            }
            let (next, _) = self
                .changed
                .wait_timeout(inner, until - now)
                .unwrap_or_else(PoisonError::into_inner);
            inner = next;
        }
    }

    /// Adds an event to the next batch.
    pub(crate) fn note(&self, kind: EventKind, message: impl Into<String>) {
        self.lock().note(kind, message.into());
    }

    /// Adds events to the next batch.
    pub(crate) fn note_all(&self, events: Vec<Event>) {
        let mut inner = self.lock();
        let room = MOST_EVENTS.saturating_sub(inner.events.len());
        inner.events.extend(events.into_iter().take(room));
    }

    /// The events for the next batch.
    pub(crate) fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.lock().events)
    }

    /// No batch comes after this. Those that are there are written until `end`.
    pub(crate) fn close(&self, end: Instant) {
        self.lock().end.get_or_insert(end);
        self.changed.notify_all();
    }

    /// Nobody takes batches any more: those that are there are lost, and so many that were taken.
    pub(crate) fn abandon(&self, taken: u64) {
        let mut inner = self.lock();
        inner.is_abandoned = true;
        inner.lost += inner.batches.len() as u64 + taken;
        inner.batches.clear();
        inner.bytes = 0;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().batches.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().batches.len()
    }

    /// The memory of the batches that wait.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lock().lost
    }
}

impl Inner {
    fn pop(&mut self) -> Option<Waiting> {
        let waiting = self.batches.pop_front()?;
        self.bytes -= waiting.batch.bytes();
        Some(waiting)
    }

    fn note(&mut self, kind: EventKind, message: String) {
        if self.events.len() < MOST_EVENTS {
            self.events.push(Event { time: SystemTime::now(), service: None, kind, message });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_EVENTS, Most, Queue};
    use crate::batch::{Batch, Event, EventKind};
    use std::sync::Arc;
    use std::time::{Duration, Instant, SystemTime};

    #[test]
    fn a_full_queue_loses_its_oldest_batch_and_tells() {
        let queue = Queue::new(Most { batches: 2, bytes: usize::MAX });
        let batches: Vec<_> = (0..3).map(|_| Arc::new(Batch::default())).collect();
        batches.iter().for_each(|batch| queue.push(batch.clone(), Instant::now()));
        assert_eq!((queue.len(), queue.lost()), (2, 1));
        let events = queue.events();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].kind, EventKind::BatchLost);
        for batch in &batches[1..] {
            assert!(Arc::ptr_eq(batch, &queue.take().unwrap().batch));
        }
        queue.close(Instant::now());
        assert!(queue.take().is_none() && !queue.wait(Duration::from_secs(60)));
        queue.push(batches[0].clone(), Instant::now());
        queue.abandon(0);
        queue.push(batches[0].clone(), Instant::now());
        assert_eq!((queue.len(), queue.lost()), (0, 3));
    }

    #[test]
    fn the_memory_of_batches_is_bounded_and_the_newest_stays() {
        let queue = Queue::new(Most { batches: 60, bytes: 10_000 });
        let batch = |bytes: usize| {
            let (time, message) = (SystemTime::now(), "x".repeat(bytes));
            let event = Event { time, service: None, kind: EventKind::Start, message };
            Arc::new(Batch { events: vec![event], ..Batch::default() })
        };
        let lost = |bytes| {
            let before = queue.lost();
            queue.push(batch(bytes), Instant::now());
            queue.lost() - before
        };
        assert_eq!([lost(3_000), lost(3_000), lost(3_000)], [0, 0, 0]);
        assert_eq!([lost(3_000), lost(5_000), lost(50_000)], [1, 2, 2]);
        assert_eq!((queue.len(), lost(1)), (1, 1));
        assert_eq!(
            queue.events()[0].message.split(':').next().unwrap(),
            "the queue of 10000 bytes was full"
        );
        // What was taken does not count.
        queue.take().unwrap();
        assert_eq!((queue.bytes(), lost(9_000)), (0, 0));
    }

    #[test]
    fn events_that_wait_for_a_batch_are_bounded() {
        let queue = Queue::new(Most { batches: 1, bytes: usize::MAX });
        let event = Event {
            time: SystemTime::now(),
            service: None,
            kind: EventKind::Start,
            message: String::new(),
        };
        queue.note_all(vec![event; MOST_EVENTS + 5]);
        assert_eq!(queue.events().len(), MOST_EVENTS);
        (0..MOST_EVENTS + 5).for_each(|_| queue.note(EventKind::WriteError, ""));
        assert_eq!(queue.events().len(), MOST_EVENTS);
    }

    #[test]
    fn the_first_end_counts_and_what_was_taken_is_lost() {
        let queue = Queue::new(Most { batches: 3, bytes: usize::MAX });
        (0..3).for_each(|_| queue.push(Arc::default(), Instant::now()));
        queue.close(Instant::now());
        queue.close(Instant::now() + Duration::from_secs(3600));
        // No time is left.
        assert!(!queue.wait(Duration::from_millis(1)));
        queue.take().unwrap();
        queue.abandon(1);
        assert_eq!((queue.len(), queue.lost()), (0, 3));
    }
}
