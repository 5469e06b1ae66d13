//! The database that the writer and the readers share.

use super::connection::{Connection, Database};
use super::{allowed, fault};
use crate::store::StoreError;
use crate::store::query::{Answer, Limits, QueryError};
use adbc_core::Statement as _;
use adbc_core::error::Error;
use arrow_array::RecordBatchReader as _;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{PoisonError, RwLock};
use std::thread;

/// A database that may be closed and opened again.
pub(in crate::store) struct Shared {
    file: PathBuf,
    /// A query holds it for reading, so that the database is only closed between queries: a file
    /// must not be open twice in a process.
    database: RwLock<Option<Database>>,
}

impl Shared {
    pub(super) fn new(file: PathBuf, database: Database) -> Self {
        Self { file, database: RwLock::new(Some(database)) }
    }

    /// Another connection to the database.
    pub(super) fn replace(&self, database: Option<Database>) {
        // The old one is dropped while nobody holds the lock for reading.
        *self.database.write().unwrap_or_else(PoisonError::into_inner) = database;
    }

    pub(in crate::store) fn query(&self, sql: &str, limits: &Limits) -> Result<Answer, QueryError> {
        let database = self.database.read().unwrap_or_else(PoisonError::into_inner);
        let Some(database) = &*database else {
            return Err(QueryError::Store(StoreError::passing(format!(
                "{} is closed just now. Try again",
                self.file.display()
            ))));
        };
        let unreadable = |error: Error| QueryError::Store(fault::explain(&self.file, &error));
        let mut connection = database.connect().map_err(unreadable)?;
        connection.execute("BEGIN TRANSACTION READ ONLY").map_err(unreadable)?;
        allowed::check(&mut connection, sql)?;
        run(&mut connection, sql, limits)
        // The transaction ends with the connection.
    }
}

fn run(connection: &mut Connection, sql: &str, limits: &Limits) -> Result<Answer, QueryError> {
    // The function `query` takes one SELECT, and nothing else.
    let quoted = sql.replace('\'', "''");
    let limit = limits.rows.saturating_add(1);
    let sql = format!("FROM query('{quoted}') LIMIT {limit}");
    let mut statement = connection.statement(&sql).map_err(|error| fault::refused(&error))?;
    let cancel = statement.get_cancel_handle();
    thread::scope(|scope| {
        let (done, is_done) = channel::<()>();
        let watch = scope.spawn(move || {
            let late = is_done.recv_timeout(limits.time) == Err(RecvTimeoutError::Timeout);
            late && cancel.try_cancel().is_ok()
        });
        let answer = collect(&mut statement, limits);
        drop(done);
        let was_late = watch.join().unwrap_or(false);
        answer.map_err(|error| {
            if was_late { QueryError::TooSlow(limits.time) } else { fault::refused(&error) }
        })
    })
}

fn collect(
    statement: &mut adbc_driver_manager::ManagedStatement,
    limits: &Limits,
) -> Result<Answer, Error> {
    let reader = statement.execute()?;
    let mut answer = Answer { schema: reader.schema(), rows: Vec::new(), is_cut_off: false };
    let (mut rows, mut bytes) = (0, 0);
    for batch in reader {
        let batch = batch?;
        bytes += batch.get_array_memory_size();
        if bytes > limits.bytes {
            answer.is_cut_off = true;
            break;
        }
        let left = limits.rows - rows;
        if batch.num_rows() > left {
            answer.is_cut_off = true;
            answer.rows.push(batch.slice(0, left));
            break;
        }
        rows += batch.num_rows();
        answer.rows.push(batch);
    }
    Ok(answer)
}
