//! Queries of a folder by the process that writes it.

use super::folder::Folder;
use super::{closed, flush};
use crate::store::duckdb::{Library, reading};
use crate::store::error::StoreError;
use crate::store::query::{Answer, Limits, QueryError};
use crate::store::reader::{Queries, Reader};
use crate::sync::lock;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// Makes files of the journal before a query, so that the query sees its rows.
pub(super) struct Fresh {
    root: PathBuf,
    folder: Arc<Mutex<Option<Folder>>>,
    library: Option<PathBuf>,
    /// The files. `None` until the library is loaded.
    files: Mutex<Option<Reader>>,
}

impl Fresh {
    pub(super) fn new(
        root: PathBuf,
        folder: Arc<Mutex<Option<Folder>>>,
        library: Option<PathBuf>,
    ) -> Self {
        Self { root, folder, library, files: Mutex::default() }
    }

    /// The library may come after the collector has started.
    fn files(&self) -> Result<Reader, StoreError> {
        let mut files = lock(&self.files);
        let reader = if let Some(reader) = files.take() {
            reader
        } else {
            let library = Library::load(self.library.as_deref())?;
            reading::folder(&library, &self.root, flush::sql)?
        };
        Ok(files.insert(reader).clone())
    }
}

impl Queries for Fresh {
    fn query(
        &self,
        sql: &str,
        limits: &Limits,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Answer, QueryError> {
        let files = self.files().map_err(QueryError::Store)?;
        let mut folder = lock(&self.folder);
        let refreshed = folder.as_mut().map_or_else(|| Err(closed(&self.root)), Folder::refresh);
        drop(folder);
        refreshed.map_err(QueryError::Store)?;
        files.query_while(sql, limits, is_wanted)
    }
}
