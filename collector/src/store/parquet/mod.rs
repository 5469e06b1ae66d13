//! Stores rows in Parquet files: one a table, a day and a flush.
//!
//! ```text
//! DIR/version                      the version of the layout
//! DIR/lock                         locked by the process that writes
//! DIR/views.sql                    the tables and views, for DuckDB
//! DIR/journal/ID                   batches that are in no Parquet file yet
//! DIR/TABLE/day=2026-11-29/ID.parquet
//! ```
//!
//! A batch is in the journal on disk when [`Store::write`] returns. [`Store::maintain`] makes Parquet
//! files of the journal once it is old or long enough. They bear the journal's name, so a journal
//! that a crash left behind is made into the same files again, and no row is there twice. A process
//! that is killed loses nothing that was acknowledged; its last rows are seen by readers once the
//! store is open again.

mod days;
mod flush;
mod journal;

use super::columns;
use super::error::StoreError;
use super::interface::{Store, event};
use super::keep::Keep;
use crate::batch::{Batch, Event, EventKind};
pub(super) use flush::sql;
use journal::{Journal, Rows};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

const VERSION: &str = "1";

/// A journal becomes files when it is so old, or has so many rows.
const FLUSH_AGE: Duration = Duration::from_secs(60);
const FLUSH_ROWS: usize = 100_000;
/// Rows that are kept in memory and in the journal while no file can be written.
const MAX_ROWS: usize = 1_000_000;
const RETENTION_PAUSE: Duration = Duration::from_secs(60);

/// A folder of Parquet files.
pub struct Parquet {
    folder: PathBuf,
    keep: Keep,
    _lock: File,
    journal: Option<Journal>,
    /// The rows of the journal.
    rows: Vec<Rows>,
    row_count: usize,
    since: Instant,
    retained: Option<Instant>,
    events: Vec<Event>,
}

impl Parquet {
    /// Opens the folder, or creates it. What a killed process left in its journal becomes files.
    ///
    /// # Errors
    /// - Another process writes there.
    /// - A newer version of this library wrote it.
    /// - It can't be written.
    pub fn open(folder: &Path, keep: Keep) -> Result<Self, StoreError> {
        let explain = |error: &io::Error| explain(folder, error);
        fs::create_dir_all(folder.join("journal")).map_err(|error| explain(&error))?;
        let folder = folder.canonicalize().map_err(|error| explain(&error))?;
        let lock = lock(&folder)?;
        check_version(&folder)?;
        let mut store = Self {
            folder,
            keep,
            _lock: lock,
            journal: None,
            rows: Vec::new(),
            row_count: 0,
            since: Instant::now(),
            retained: None,
            events: Vec::new(),
        };
        store
            .recover()
            .and_then(|()| flush::views(&store.folder))
            .map_err(|error| explain(&error))?;
        Ok(store)
    }

    /// The file with the tables and views, for DuckDB.
    pub fn views(&self) -> PathBuf {
        self.folder.join("views.sql")
    }

    fn recover(&mut self) -> io::Result<()> {
        flush::remove_unfinished(&self.folder)?;
        for entry in fs::read_dir(self.folder.join("journal"))? {
            let path = entry?.path();
            let (rows, cut_off) = journal::read(&path)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            flush::write(&self.folder, &name, &rows)?;
            fs::remove_file(&path)?;
            let count: usize = rows.iter().map(|(_, rows)| rows.num_rows()).sum();
            let torn = if cut_off { ", and the batch that was being written is lost" } else { "" };
            let message = format!("{count} rows of a process that was killed became files{torn}.");
            self.events.push(event(EventKind::Checkpoint, message));
        }
        Ok(())
    }

    /// The journal, a new one if there is none.
    fn journal(&mut self) -> io::Result<&mut Journal> {
        let journal = match self.journal.take() {
            Some(journal) => journal,
            None => self.new_journal()?,
        };
        Ok(self.journal.insert(journal))
    }

    fn new_journal(&mut self) -> io::Result<Journal> {
        self.since = Instant::now();
        let mut time = columns::micros(SystemTime::now());
        loop {
            // Twenty digits, so that names sort by time.
            let path = self.folder.join(format!("journal/{time:020}"));
            match Journal::create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => time += 1,
                Ok(journal) => {
                    File::open(self.folder.join("journal"))?.sync_all()?;
                    return Ok(journal);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Makes files of the journal.
    fn flush(&mut self) -> io::Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        if !journal.is_empty() {
            let name = journal.path().file_name().unwrap_or_default().to_string_lossy();
            flush::write(&self.folder, &name, &self.rows)?;
        }
        fs::remove_file(journal.path())?;
        self.journal = None;
        self.rows.clear();
        self.row_count = 0;
        Ok(())
    }
}

impl Store for Parquet {
    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let tables = columns::tables(batch)
            .map_err(|error| StoreError::lasting(format!("A batch has no columns: {error}")))?;
        if tables.is_empty() {
            return Ok(());
        }
        if self.row_count >= MAX_ROWS {
            self.flush().map_err(|error| explain(&self.folder, &error))?;
        }
        let written = self.journal().and_then(|journal| journal.append(&tables));
        written.map_err(|error| explain(&self.folder, &error))?;
        self.row_count += tables.iter().map(|(_, rows)| rows.num_rows()).sum::<usize>();
        self.rows.extend(tables.into_iter().map(|(table, rows)| (table.to_owned(), rows)));
        Ok(())
    }

    fn maintain(&mut self) -> Result<Vec<Event>, StoreError> {
        let mut events = std::mem::take(&mut self.events);
        if self.row_count >= FLUSH_ROWS || self.since.elapsed() >= FLUSH_AGE {
            self.flush().map_err(|error| explain(&self.folder, &error))?;
        }
        if self.retained.is_none_or(|time| time.elapsed() >= RETENTION_PAUSE) {
            self.retained = Some(Instant::now());
            let removed = days::retain(&self.folder, &self.keep, SystemTime::now())
                .map_err(|error| explain(&self.folder, &error))?;
            events.extend(removed.map(|message| event(EventKind::Retention, message)));
        }
        Ok(events)
    }

    fn close(mut self: Box<Self>) -> Result<(), StoreError> {
        self.flush().map_err(|error| explain(&self.folder, &error))
    }
}

fn explain(folder: &Path, error: &io::Error) -> StoreError {
    let folder = folder.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::passing(format!(
                "The disk of {folder} is full, and nothing of the batch was written. Free some \
                 space, or limit the store's size: {error}"
            ))
        }
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::AlreadyExists => StoreError::lasting(format!(
            "{folder} can't be written: {error}. Name a folder that this user may write"
        )),
        io::ErrorKind::InvalidData => StoreError::lasting(format!(
            "{folder}/journal is damaged: {error}. Move the file of the journal away"
        )),
        _ => StoreError::passing(format!("{folder}: {error}")),
    }
}

/// Locks the folder for this process. The lock ends with it.
fn lock(folder: &Path) -> Result<File, StoreError> {
    let explain = |error: io::Error| explain(folder, &error);
    let path = folder.join("lock");
    let mut options = fs::OpenOptions::new();
    let mut file =
        options.read(true).write(true).create(true).truncate(false).open(&path).map_err(explain)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).map_err(explain)?;
            writeln!(file, "{}", std::process::id()).map_err(explain)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            Err(StoreError::passing(format!(
                "{} is in use by process {}. Stop that process, or name another folder",
                folder.display(),
                holder.trim()
            )))
        }
        Err(TryLockError::Error(error)) => Err(explain(error)),
    }
}

fn check_version(folder: &Path) -> Result<(), StoreError> {
    let path = folder.join("version");
    let explain = |error: io::Error| explain(folder, &error);
    match fs::read_to_string(&path) {
        Ok(version) if version.trim() == VERSION => Ok(()),
        Ok(version) => Err(StoreError::lasting(format!(
            "{} has files of version {}, and this program knows version {VERSION}. Use a newer \
             program, or name another folder",
            folder.display(),
            version.trim()
        ))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::write(&path, format!("{VERSION}\n")).map_err(explain)
        }
        Err(error) => Err(explain(error)),
    }
}
