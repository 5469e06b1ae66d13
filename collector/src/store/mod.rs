//! Where batches are stored.

mod columns;
pub mod duckdb;

use crate::batch::{Batch, Event};
use std::error::Error;
use std::fmt;

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

    /// Writes everything that is not on disk yet, and releases the store.
    ///
    /// # Errors
    /// Why it could not be written.
    fn close(self: Box<Self>) -> Result<(), StoreError>;
}

/// The reason why a store can't be opened or written.
#[derive(Debug)]
pub struct StoreError {
    message: String,
    is_final: bool,
}

impl StoreError {
    /// An error that may be over when the same is tried again: a full disk, a lock.
    pub fn passing(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_final: false }
    }

    /// An error that stays: a file of a newer version, a damaged file.
    pub fn lasting(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_final: true }
    }

    /// Whether it is useless to try again.
    pub fn is_final(&self) -> bool {
        self.is_final
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for StoreError {}
