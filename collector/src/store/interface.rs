//! What every store does.

use super::error::StoreError;
use super::reader::Reader;
use crate::batch::{Batch, Event, EventKind};
use std::time::SystemTime;

/// A store. One thread uses it.
pub trait Store: Send {
    /// Writes a batch as a whole, or nothing of it.
    ///
    /// # Errors
    /// Why it could not be written. The caller keeps the batch, and tries again if
    /// [`StoreError::is_final`] is `false`.
    fn write(&mut self, batch: &Batch) -> Result<(), StoreError>;

    /// Does what can wait, between two cycles: checkpoints, retention, new files. Returns what
    /// happened.
    ///
    /// # Errors
    /// Why it could not be done.
    fn maintain(&mut self) -> Result<Vec<Event>, StoreError>;

    /// What queries the store while it is written; `None` if it has no queries.
    fn reader(&self) -> Option<Reader> {
        None
    }

    /// Writes everything that is not on disk yet, and releases the store.
    ///
    /// # Errors
    /// Why it could not be written.
    fn close(self: Box<Self>) -> Result<(), StoreError>;
}

/// An event of the store, now.
pub(super) fn event(kind: EventKind, message: String) -> Event {
    Event { time: SystemTime::now(), service: None, kind, message }
}
