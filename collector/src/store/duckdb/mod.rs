//! Stores rows in a file of DuckDB, whose library is loaded at run time.
//!
//! A batch is one transaction: its rows are in the file's log on disk when [`Store::write`] returns.
//! The log is merged into the file by [`Store::maintain`] alone, so a write never waits for that.
//!
//! | module | what it is |
//! |---|---|
//! | `library` | where the library is looked for |
//! | `connection` | the few calls of ADBC that are used |
//! | `schema` | the version of the tables |
//! | `numbers` | the numbers of what a file holds once |
//! | `series`, `layouts` | the numbers of series, and of the edges of buckets |
//! | `histograms` | samples as rows, without lists |
//! | `fault` | errors, explained |
//! | `maintain` | checkpoints and the removal of old rows |
//! | `allowed` | which queries are allowed |
//! | `shared`, `resident` | the database, for the writer and for queries; their memory |
//! | `reading` | stores that are only read |

mod allowed;
mod connection;
mod fault;
mod histograms;
mod layouts;
mod library;
mod maintain;
mod numbers;
pub(super) mod reading;
mod resident;
mod schema;
mod series;
pub(super) mod shared;

use super::columns;
use super::error::StoreError;
use super::interface::{Store, event};
use super::keep::Keep;
use super::reader::Reader;
use crate::batch::{Batch, Event, EventKind};
use crate::file_id::FileId;
use crate::sync::lock;
use adbc_core::error::Error;
use connection::{Connection, Database};
use layouts::KnownLayouts;
pub use library::{Library, VARIABLE, fetch_command};
use schema::Found;
use series::KnownSeries;
use shared::Shared;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

/// The options of the database.
const OPTIONS: &[(&str, &str)] = &[
    // Older libraries, from 1.2.0 on, read the file, too.
    ("storage_compatibility_version", "v1.2.0"),
    // Checkpoints belong to `maintain`. One within a commit makes it last hundreds of milliseconds.
    ("wal_autocheckpoint", "1GB"),
    // The store is a guest beside a trading system: queries get a bounded share of the machine.
    ("threads", "2"),
    ("memory_limit", "512MB"),
    ("max_temp_directory_size", "1GB"),
    // Queries read this file and no other, and nothing is fetched from a network.
    ("autoinstall_known_extensions", "false"),
    ("autoload_known_extensions", "false"),
    ("enable_external_access", "false"),
];

/// The log is merged into the file when it is so long, or when it is so old and not empty.
const CHECKPOINT_BYTES: u64 = 64 << 20;
const CHECKPOINT_AGE: Duration = Duration::from_secs(600);
const RETENTION_PAUSE: Duration = Duration::from_secs(60);
/// Between two removals of series without samples, which read all samples.
const PRUNE_PAUSE: Duration = Duration::from_secs(3600);

/// A file of DuckDB.
pub struct DuckDb {
    library: Library,
    file: PathBuf,
    keep: Keep,
    /// `None` after a fault that ends the database, until it is open again.
    writer: Option<Writer>,
    // Closed after the writer is dropped.
    shared: Arc<Shared>,
    /// What is to be reported by the next `maintain`.
    events: Vec<Event>,
    checkpointed: Instant,
    retained: Option<Instant>,
    pruned: Instant,
}

impl DuckDb {
    /// Opens the file, or creates it with its folder and its tables.
    ///
    /// # Errors
    /// - Another process has it open, or this one has.
    /// - It is damaged, or no file of DuckDB.
    /// - A newer version of this library or of DuckDB wrote it. It stays as it is.
    /// - Its folder can't be written.
    pub fn open(library: Library, file: &Path, keep: Keep) -> Result<Self, StoreError> {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| {
                StoreError::lasting(format!(
                    "{} can't be created: {error}. Name another file, or make its folder",
                    folder.display()
                ))
            })?;
        }
        let claim = Claim::new(file)?;
        let (database, writer, events) = open(&library, file)?;
        Ok(Self {
            library,
            file: file.to_path_buf(),
            keep,
            writer: Some(writer),
            shared: Arc::new(Shared::claimed(claim, file.to_path_buf(), database)),
            events,
            checkpointed: Instant::now(),
            retained: None,
            pruned: Instant::now(),
        })
    }

    fn writer(&mut self) -> Result<&mut Writer, StoreError> {
        let writer = if let Some(writer) = self.writer.take() {
            // Its file is not opened: to close it would release DuckDB's lock.
            if writer.file != FileId::at(&self.file) {
                // DuckDB goes on in the file that nobody can open any more.
                self.shared.replace(None);
                return Err(StoreError::lasting(format!(
                    "{} was removed or replaced while it was written, and rows are lost with it. \
                     Start again; move a store only after its collector has ended",
                    self.file.display()
                )));
            }
            writer
        } else {
            let (database, writer, events) = open(&self.library, &self.file)?;
            self.events.extend(events);
            self.shared.replace(Some(database));
            writer
        };
        Ok(self.writer.insert(writer))
    }

    /// After a failure: ends the transaction, and the database if it is unusable.
    fn failed(&mut self, error: &Error) -> StoreError {
        if fault::is_fatal(error) {
            self.writer = None;
            self.shared.replace(None);
        } else if let Some(writer) = &mut self.writer {
            // The transaction may have ended with the error.
            let _ = writer.connection.execute("ROLLBACK");
        }
        fault::explain(&self.file, error)
    }

    fn checkpoint_if_due(&mut self) -> Result<(), StoreError> {
        let length = maintain::log_length(&self.file);
        let is_old = length > 0 && self.checkpointed.elapsed() >= CHECKPOINT_AGE;
        if length < CHECKPOINT_BYTES && !is_old {
            return Ok(());
        }
        let begin = Instant::now();
        self.writer()?.connection.execute("CHECKPOINT").map_err(|error| self.failed(&error))?;
        self.checkpointed = Instant::now();
        let took = begin.elapsed().as_millis();
        let message = format!("{length} bytes of the log were merged into the file in {took} ms.");
        self.events.push(event(EventKind::Checkpoint, message));
        Ok(())
    }

    fn retain_if_due(&mut self) -> Result<(), StoreError> {
        if self.retained.is_some_and(|time| time.elapsed() < RETENTION_PAUSE) {
            return Ok(());
        }
        self.retained = Some(Instant::now());
        let (file, keep) = (self.file.clone(), self.keep);
        let removed =
            maintain::retain(&mut self.writer()?.connection, &file, &keep, SystemTime::now())
                .map_err(|error| self.failed(&error))?;
        if !removed.is_empty() && self.pruned.elapsed() >= PRUNE_PAUSE {
            self.pruned = Instant::now();
            let Writer { connection, series, layouts, .. } = self.writer()?;
            // They are looked for again, also where the removal fails halfway.
            series.forget();
            layouts.forget();
            maintain::prune(connection).map_err(|error| self.failed(&error))?;
        }
        self.events.extend(removed.into_iter().map(|message| event(EventKind::Retention, message)));
        Ok(())
    }
}

/// Opens the file, and brings its tables up to date.
fn open(library: &Library, file: &Path) -> Result<(Database, Writer, Vec<Event>), StoreError> {
    let explain = |error: Error| fault::explain(file, &error);
    let database = Database::open(library, file, OPTIONS).map_err(explain)?;
    let mut connection = database.connect().map_err(explain)?;
    let shown = file.display();
    match schema::prepare(&mut connection).map_err(explain)? {
        Found::Ready(events) => {
            let series = KnownSeries::of(&mut connection).map_err(explain)?;
            let layouts = KnownLayouts::of(&mut connection).map_err(explain)?;
            let writer = Writer { connection, series, layouts, file: FileId::at(file) };
            Ok((database, writer, events))
        }
        Found::Newer(version) => Err(StoreError::lasting(format!(
            "{shown} has tables of version {version}, and this program knows versions up to {}. \
             Use a newer program, or name another file",
            schema::VERSION
        ))),
        Found::Foreign(table) => Err(StoreError::lasting(format!(
            "{shown} has a table {table} that this program did not make. Name another file"
        ))),
    }
}

/// What writes the file.
struct Writer {
    connection: Connection,
    series: KnownSeries,
    layouts: KnownLayouts,
    file: Option<FileId>,
}

impl Writer {
    /// Writes a batch as one transaction.
    fn write(&mut self, batch: &Batch) -> Result<(), Error> {
        let no_columns = |error| fault::no_columns(&error);
        let series = self.series.find(&mut self.connection, &batch.samples)?;
        let layouts = self.layouts.find(&mut self.connection, &batch.samples)?;
        let rows = histograms::rows(&batch.samples, &series.numbers, &layouts.numbers);
        let rows = rows.map_err(no_columns)?.into_iter();
        self.connection.execute("BEGIN")?;
        let new = [("metric_series", &series.rows), ("metric_layouts", &layouts.rows)];
        let new = new.into_iter().filter_map(|(table, rows)| Some((table, rows.clone()?)));
        for (table, rows) in new.chain(rows).chain(columns::others(batch).map_err(no_columns)?) {
            self.connection.append(table, rows)?;
        }
        self.connection.execute("COMMIT")?;
        self.series.keep(series);
        self.layouts.keep(layouts);
        Ok(())
    }
}

impl Store for DuckDb {
    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        self.writer()?.write(batch).map_err(|error| self.failed(&error))
    }

    fn maintain(&mut self) -> Result<Vec<Event>, StoreError> {
        self.checkpoint_if_due()?;
        self.retain_if_due()?;
        Ok(std::mem::take(&mut self.events))
    }

    fn reader(&self) -> Option<Reader> {
        Some(Reader::new(self.shared.clone()))
    }

    fn close(mut self: Box<Self>) -> Result<(), StoreError> {
        if self.writer.is_none() {
            return Ok(());
        }
        self.writer()?.connection.execute("CHECKPOINT").map_err(|error| self.failed(&error))
    }
}

impl Drop for DuckDb {
    fn drop(&mut self) {
        self.writer = None;
        // A reader may outlive the store; the file is released now.
        self.shared.close();
    }
}

/// The files that this process has open. DuckDB's lock keeps out other processes alone, and two
/// databases in one file would destroy it.
static CLAIMED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// That this process has a file open.
struct Claim(PathBuf);

impl Claim {
    fn new(file: &Path) -> Result<Self, StoreError> {
        // A file that is not there yet is named by its folder.
        let path = file.canonicalize().or_else(|error| {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new(".")).canonicalize()?;
            Ok(folder.join(file.file_name().ok_or(error)?))
        });
        let path = path.map_err(|error: io::Error| {
            StoreError::lasting(format!("{} can't be opened: {error}", file.display()))
        })?;
        let mut claimed = lock(&CLAIMED);
        if claimed.contains(&path) {
            let file = file.display();
            return Err(StoreError::passing(format!("This process has {file} open already")));
        }
        claimed.push(path.clone());
        Ok(Self(path))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&CLAIMED).retain(|path| *path != self.0);
    }
}
