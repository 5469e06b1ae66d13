//! Where batches are stored: in a file of DuckDB or in Parquet files, with the same tables and views.
//!
//! | module | what it is |
//! |---|---|
//! | [`duckdb`] | a file of DuckDB, whose library is loaded at run time |
//! | [`parquet`] | Parquet files by day, for which no library is needed |
//! | [`query`] | reads a store while it is written |
//! | `place` | the name of a store, and which one is opened |
//! | `columns` | a batch as columns of Arrow |

mod columns;
pub mod duckdb;
pub mod parquet;
mod place;
pub mod query;

use crate::batch::{Batch, Event, EventKind};
pub use place::{Opened, Place, Settings, open, read};
use query::Reader;
use std::error::Error;
use std::fmt;
use std::time::{Duration, SystemTime};

/// The views and functions of all stores.
const VIEWS: &str = include_str!("sql/views.sql");

/// What a store keeps. Both limits hold; without one, everything stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keep {
    /// Older rows are removed.
    pub age: Option<Duration>,
    /// The oldest rows are removed while the store has more bytes on disk.
    pub bytes: Option<u64>,
}

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

/// An event of the store, now.
fn event(kind: EventKind, message: String) -> Event {
    Event { time: SystemTime::now(), service: None, kind, message }
}
