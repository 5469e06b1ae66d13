//! The folder: batches go to the journal, and the journal becomes files.

use super::fault::explain;
use super::journal::{self, Journal, Rows};
use super::merge::{self, Merges};
use super::{claim, days, flush};
use crate::batch::{Batch, Event, EventKind};
use crate::counted::counted;
use crate::store::columns;
use crate::store::error::StoreError;
use crate::store::interface::event;
use crate::store::keep::Keep;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// A journal becomes files when it is so old, or has so many rows.
const FLUSH_AGE: Duration = Duration::from_secs(60);
const FLUSH_ROWS: usize = 100_000;
/// Rows that are kept in memory and in the journal while no file can be written.
const MAX_ROWS: usize = 1_000_000;
const RETENTION_PAUSE: Duration = Duration::from_secs(60);
/// The shortest time between two journals that become files for queries.
const REFRESH_PAUSE: Duration = Duration::from_secs(1);

/// The folder, as its writer has it.
pub(super) struct Folder {
    root: PathBuf,
    keep: Keep,
    lock: File,
    journal: Option<Journal>,
    /// The rows of the journal.
    rows: Vec<Rows>,
    row_count: usize,
    since: Instant,
    retained: Option<Instant>,
    /// When files were last made for a query.
    refreshed: Option<Instant>,
    /// `None` before the folder is open, and after its end.
    merges: Option<Merges>,
    events: Vec<Event>,
}

impl Folder {
    /// Opens the folder, or creates it. What a killed process left in its journal becomes files.
    ///
    /// # Errors
    /// - Another process writes there.
    /// - A newer version of this library wrote it.
    /// - It can't be written.
    pub(super) fn open(folder: &Path, keep: Keep) -> Result<Self, StoreError> {
        let explain = |error: &io::Error| explain(folder, error);
        fs::create_dir_all(folder.join("journal")).map_err(|error| explain(&error))?;
        let folder = folder.canonicalize().map_err(|error| explain(&error))?;
        let lock = claim::lock(&folder)?;
        let migrated = claim::check_version(&folder)?;
        let mut store = Self {
            root: folder,
            keep,
            lock,
            journal: None,
            rows: Vec::new(),
            row_count: 0,
            since: Instant::now(),
            retained: None,
            refreshed: None,
            merges: None,
            events: migrated.into_iter().collect(),
        };
        store
            .recover()
            .and_then(|()| flush::views(&store.root))
            .and_then(|()| Merges::open(&store.root))
            .map(|merges| store.merges = Some(merges))
            .map_err(|error| explain(&error))?;
        Ok(store)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    fn recover(&mut self) -> io::Result<()> {
        merge::clean(&self.root)?;
        flush::remove_unfinished(&self.root)?;
        for entry in fs::read_dir(self.root.join("journal"))? {
            let path = entry?.path();
            let (rows, cut_off) = journal::read(&path)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            flush::write(&self.root, &name, &rows)?;
            fs::remove_file(&path)?;
            let count: usize = rows.iter().map(|(_, rows)| rows.num_rows()).sum();
            let count = counted(count as u64, "row", "rows");
            let torn = if cut_off { ", and the batch that was being written is lost" } else { "" };
            let message = format!("{count} of a process that was killed became files{torn}.");
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
            let path = self.root.join(format!("journal/{time:020}"));
            match Journal::create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => time += 1,
                Ok(journal) => {
                    File::open(self.root.join("journal"))?.sync_all()?;
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
            let days = flush::write(&self.root, &name, &self.rows)?;
            if let Some(merges) = &mut self.merges {
                days.into_iter().for_each(|day| merges.note(day));
            }
        }
        fs::remove_file(journal.path())?;
        self.journal = None;
        self.rows.clear();
        self.row_count = 0;
        // A merge must not take the files before the journal is gone for good.
        File::open(self.root.join("journal"))?.sync_all()
    }

    /// Explains an error. A full disk gets back what merges take there.
    fn failed(&mut self, error: &io::Error) -> StoreError {
        if let (io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded, Some(merges)) =
            (error.kind(), &mut self.merges)
        {
            merges.give_up();
        }
        explain(&self.root, error)
    }

    /// Goes on with merges. Their errors are events: no row depends on them.
    fn merge(&mut self) -> Option<Event> {
        let name = self.journal.as_ref().and_then(|journal| journal.path().file_name());
        let name = name.map(|name| name.to_string_lossy().into_owned());
        let error = self.merges.as_mut()?.step(name.as_deref()).err()?;
        let message = format!("small files of {} stay: {error}", self.root.display());
        Some(event(EventKind::WriteError, message))
    }

    pub(super) fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let tables = columns::tables(batch)
            .map_err(|error| StoreError::lasting(format!("A batch has no columns: {error}")))?;
        if tables.is_empty() {
            return Ok(());
        }
        if self.row_count >= MAX_ROWS {
            self.flush().map_err(|error| self.failed(&error))?;
        }
        let written = self.journal().and_then(|journal| journal.append(&tables));
        written.map_err(|error| self.failed(&error))?;
        self.row_count += tables.iter().map(|(_, rows)| rows.num_rows()).sum::<usize>();
        self.rows.extend(tables.into_iter().map(|(table, rows)| (table.to_owned(), rows)));
        Ok(())
    }

    pub(super) fn maintain(&mut self) -> Result<Vec<Event>, StoreError> {
        if self.row_count >= FLUSH_ROWS || self.since.elapsed() >= FLUSH_AGE {
            self.flush().map_err(|error| self.failed(&error))?;
        }
        if self.retained.is_none_or(|time| time.elapsed() >= RETENTION_PAUSE) {
            self.retained = Some(Instant::now());
            let removed = match days::retain(&self.root, &self.keep, SystemTime::now()) {
                // Somebody removed a day at the same time.
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                removed => removed.map_err(|error| explain(&self.root, &error))?,
            };
            self.events.extend(removed.map(|message| event(EventKind::Retention, message)));
        }
        let failed = self.merge();
        self.events.extend(failed);
        Ok(std::mem::take(&mut self.events))
    }

    pub(super) fn close(mut self) -> Result<(), StoreError> {
        if let Some(merges) = &mut self.merges {
            merges.give_up();
        }
        self.flush().map_err(|error| self.failed(&error))
    }

    /// Makes files of the journal for a query, but not more often than each second.
    pub(super) fn refresh(&mut self) -> Result<(), StoreError> {
        if self.refreshed.is_some_and(|time| time.elapsed() < REFRESH_PAUSE) {
            return Ok(());
        }
        self.flush().map_err(|error| self.failed(&error))?;
        self.refreshed = Some(Instant::now());
        Ok(())
    }
}

impl Drop for Folder {
    /// A child process that has not run its program yet shares the lock, and would keep it.
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}
