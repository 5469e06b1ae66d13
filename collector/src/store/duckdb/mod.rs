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
//! | `fault` | errors, explained |

mod connection;
mod fault;
mod library;
mod schema;

use super::{Store, StoreError, columns};
use crate::batch::{Batch, Event};
use adbc_core::error::Error;
use connection::{Connection, Database};
pub use library::{Library, VARIABLE, fetch_command};
use schema::Found;
use std::path::{Path, PathBuf};

/// The options of the database.
const OPTIONS: &[(&str, &str)] = &[
    // Older libraries, from 1.2.0 on, read the file, too.
    ("storage_compatibility_version", "v1.2.0"),
    // Checkpoints belong to `maintain`. One within a commit makes it last hundreds of milliseconds.
    ("wal_autocheckpoint", "1GB"),
    // The store is a guest beside a trading system: queries get a bounded share of the machine.
    ("threads", "2"),
    ("memory_limit", "1GB"),
    // Nothing is fetched from a network behind the user's back.
    ("autoinstall_known_extensions", "false"),
    ("autoload_known_extensions", "false"),
];

/// A file of DuckDB.
pub struct DuckDb {
    library: Library,
    file: PathBuf,
    /// `None` after a fault that ends the database, until it is open again.
    open: Option<Open>,
    /// What is to be reported by the next `maintain`.
    events: Vec<Event>,
}

struct Open {
    // Dropped before the database.
    writer: Connection,
    _database: Database,
}

impl DuckDb {
    /// Opens the file, or creates it with its tables.
    ///
    /// # Errors
    /// - Another process has it open.
    /// - It is damaged, or no file of DuckDB.
    /// - A newer version of this library or of DuckDB wrote it. It stays as it is.
    /// - Its folder does not exist or can't be written.
    pub fn open(library: Library, file: &Path) -> Result<Self, StoreError> {
        let (open, events) = Open::new(&library, file)?;
        Ok(Self { library, file: file.to_path_buf(), open: Some(open), events })
    }

    fn connection(&mut self) -> Result<&mut Open, StoreError> {
        let open = match self.open.take() {
            Some(open) => open,
            None => Open::new(&self.library, &self.file)?.0,
        };
        Ok(self.open.insert(open))
    }

    fn explain(&mut self, error: &Error) -> StoreError {
        if fault::is_fatal(error) {
            self.open = None;
        }
        fault::explain(&self.file, error)
    }
}

impl Open {
    fn new(library: &Library, file: &Path) -> Result<(Self, Vec<Event>), StoreError> {
        let explain = |error: Error| fault::explain(file, &error);
        let database = Database::open(library, file, OPTIONS).map_err(explain)?;
        let mut writer = database.connect().map_err(explain)?;
        let shown = file.display();
        match schema::prepare(&mut writer).map_err(explain)? {
            Found::Ready(events) => Ok((Self { writer, _database: database }, events)),
            Found::Newer(version) => Err(StoreError::lasting(format!(
                "{shown} has tables of version {version}, and this program knows versions up to \
                 {}. Use a newer program, or name another file",
                schema::VERSION
            ))),
            Found::Foreign(table) => Err(StoreError::lasting(format!(
                "{shown} has a table {table} that this program did not make. Name another file"
            ))),
        }
    }

    fn write(
        &mut self,
        tables: Vec<(&'static str, arrow_array::RecordBatch)>,
    ) -> Result<(), Error> {
        self.writer.execute("BEGIN")?;
        for (table, rows) in tables {
            self.writer.append(table, rows)?;
        }
        self.writer.execute("COMMIT")
    }
}

impl Store for DuckDb {
    fn write(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let tables = columns::tables(batch)
            .map_err(|error| StoreError::lasting(format!("A batch has no columns: {error}")))?;
        let open = self.connection()?;
        let Err(error) = open.write(tables) else { return Ok(()) };
        // The transaction may have ended with the error.
        let _ = open.writer.execute("ROLLBACK");
        Err(self.explain(&error))
    }

    fn maintain(&mut self) -> Result<Vec<Event>, StoreError> {
        Ok(std::mem::take(&mut self.events))
    }

    fn close(mut self: Box<Self>) -> Result<(), StoreError> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        open.writer.execute("CHECKPOINT").map_err(|error| self.explain(&error))
    }
}
