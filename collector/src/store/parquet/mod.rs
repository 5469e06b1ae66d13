//! Stores rows in Parquet files: one a table, a day and a flush.
//!
//! ```text
//! DIR/version                      the version of the layout
//! DIR/lock                         locked by the process that writes
//! DIR/views.sql                    the tables and views, for DuckDB
//! DIR/journal/ID                   batches that are in no Parquet file yet
//! DIR/TABLE/day=2026-11-29/ID.parquet, and ID-ID.parquet for several that were merged
//! DIR/TABLE/_merging               what a merge has under way
//! ```
//!
//! A batch is in the journal on disk when [`Store::write`] returns. [`Store::maintain`] makes Parquet
//! files of the journal once it is old or long enough. They bear the journal's name, so a journal
//! that a crash left behind is made into the same files again, and no row is there twice. A process
//! that is killed loses nothing that was acknowledged; its last rows are seen by readers once the
//! store is open again.

mod claim;
mod days;
mod fault;
mod flush;
mod folder;
mod journal;
mod merge;
mod reading;

use super::error::StoreError;
use super::interface::Store;
use super::keep::Keep;
use super::reader::Reader;
use crate::batch::{Batch, Event};
use crate::sync::lock;
pub(super) use flush::sql;
use folder::Folder;
use reading::Fresh;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A folder of Parquet files.
pub struct Parquet {
    root: PathBuf,
    /// `None` once it is closed. A query holds it while it makes files of the journal.
    folder: Arc<Mutex<Option<Folder>>>,
    library: Option<PathBuf>,
}

impl Parquet {
    /// Opens the folder, or creates it. What a killed process left in its journal becomes files.
    ///
    /// # Errors
    /// - Another process writes there.
    /// - A newer version of this library wrote it.
    /// - It can't be written.
    pub fn open(folder: &Path, keep: Keep) -> Result<Self, StoreError> {
        let folder = Folder::open(folder, keep)?;
        let root = folder.root().to_path_buf();
        Ok(Self { root, folder: Arc::new(Mutex::new(Some(folder))), library: None })
    }

    /// The library of DuckDB, or its folder, for queries; see
    /// [`Library::load`](super::duckdb::Library::load). It is loaded by the first query.
    #[must_use]
    pub fn with_library(mut self, library: Option<PathBuf>) -> Self {
        self.library = library;
        self
    }

    /// The file with the tables and views, for DuckDB.
    pub fn views(&self) -> PathBuf {
        self.root.join("views.sql")
    }

    fn folder<T>(
        &self,
        act: impl FnOnce(&mut Folder) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        lock(&self.folder).as_mut().map_or_else(|| Err(closed(&self.root)), act)
    }
}

impl Store for Parquet {
    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.folder(|folder| folder.write(batch))
    }

    fn maintain(&mut self) -> Result<Vec<Event>, StoreError> {
        self.folder(Folder::maintain)
    }

    fn reader(&self) -> Option<Reader> {
        let (root, folder) = (self.root.clone(), self.folder.clone());
        Some(Reader::new(Arc::new(Fresh::new(root, folder, self.library.clone()))))
    }

    fn close(self: Box<Self>) -> Result<(), StoreError> {
        let folder = lock(&self.folder).take();
        folder.map_or(Ok(()), Folder::close)
    }
}

impl Drop for Parquet {
    /// Others may write the folder now, though a reader is still there.
    fn drop(&mut self) {
        *lock(&self.folder) = None;
    }
}

fn closed(folder: &Path) -> StoreError {
    StoreError::passing(format!("{} is closed", folder.display()))
}
