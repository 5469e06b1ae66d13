//! The database that the writer and the readers share.

use super::connection::{Connection, Database};
use super::{allowed, fault};
use crate::store::error::StoreError;
use crate::store::query::{Answer, Limits, QueryError};
use crate::store::reader::Queries;
use adbc_core::Statement as _;
use adbc_core::error::Error;
use arrow_array::{Array as _, RecordBatch, RecordBatchReader as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

/// The time between two looks at whether a query is still wanted.
const LOOK: Duration = Duration::from_millis(20);

/// A database that may be closed and opened again.
pub(in crate::store) struct Shared {
    file: PathBuf,
    /// A query holds it for reading, so that the database is only closed between queries: a file
    /// must not be open twice in a process.
    database: RwLock<Option<Database>>,
    /// Whether the writer waits for queries to end. Relaxed: queries look at it again and again.
    is_awaited: AtomicBool,
}

impl Shared {
    pub(super) fn new(file: PathBuf, database: Database) -> Self {
        Self { file, database: RwLock::new(Some(database)), is_awaited: false.into() }
    }

    /// Another database, or none. Ends the queries of the old one.
    pub(super) fn replace(&self, database: Option<Database>) {
        self.is_awaited.store(true, Relaxed);
        let mut present = self.database.write().unwrap_or_else(PoisonError::into_inner);
        self.is_awaited.store(false, Relaxed);
        // The old one is dropped while nobody holds the lock for reading.
        *present = database;
    }
}

impl Queries for Shared {
    fn query(
        &self,
        sql: &str,
        limits: &Limits,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Answer, QueryError> {
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
        run(&mut connection, sql, limits, &|| is_wanted() && !self.is_awaited.load(Relaxed))
        // The transaction ends with the connection.
    }
}

fn run(
    connection: &mut Connection,
    sql: &str,
    limits: &Limits,
    is_wanted: &(dyn Fn() -> bool + Sync),
) -> Result<Answer, QueryError> {
    // The function `query` takes one SELECT, and nothing else.
    let quoted = sql.replace('\'', "''");
    let limit = limits.rows.saturating_add(1);
    let sql = format!("FROM query('{quoted}') LIMIT {limit}");
    let mut statement = connection.statement(&sql).map_err(|error| fault::refused(&error))?;
    let cancel = statement.get_cancel_handle();
    thread::scope(|scope| {
        let (done, is_done) = channel::<()>();
        let watch = scope.spawn(move || {
            let begin = Instant::now();
            let mut reason = None;
            while is_done.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if begin.elapsed() >= limits.time {
                    reason.get_or_insert(QueryError::TooSlow(limits.time));
                } else if !is_wanted() {
                    reason.get_or_insert(QueryError::Ended);
                }
                if reason.is_some() {
                    // Again each time: DuckDB forgets one that comes before the query begins.
                    let _ = cancel.try_cancel();
                }
            }
            reason
        });
        let answer = collect(&mut statement, limits);
        drop(done);
        let reason = watch.join().unwrap_or(None);
        let answer = answer.map_err(|error| reason.unwrap_or_else(|| fault::refused(&error)))?;
        if answer.rows.is_empty() && answer.is_cut_off && limits.rows > 0 {
            return Err(QueryError::Refused(format!(
                "The first row has more than the {} MiB that an answer may have. Select fewer \
                 columns, or parts of long values, as left(text, 1000) does",
                limits.bytes >> 20
            )));
        }
        Ok(answer)
    })
}

/// The number of rows, from the first one, that are not larger than a number of bytes.
fn fitting(batch: &RecordBatch, bytes: usize) -> usize {
    let (mut fits, mut is_too_large) = (0, batch.num_rows() + 1);
    while fits + 1 < is_too_large {
        let rows = fits.midpoint(is_too_large);
        if size(&batch.slice(0, rows)) <= bytes {
            fits = rows;
        } else {
            is_too_large = rows;
        }
    }
    fits
}

/// The bytes of the rows, without those of the batch that they are a slice of.
fn size(batch: &RecordBatch) -> usize {
    let sizes = batch.columns().iter().map(|column| {
        let data = column.to_data();
        data.get_slice_memory_size().unwrap_or_else(|_| data.get_array_memory_size())
    });
    sizes.sum()
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
        let mut left = limits.rows - rows;
        // Its buffers have room for more rows.
        bytes += batch.get_array_memory_size();
        if bytes > limits.bytes {
            let before = bytes - batch.get_array_memory_size();
            left = left.min(fitting(&batch, limits.bytes - before));
            bytes = before + size(&batch);
        }
        if batch.num_rows() > left {
            answer.is_cut_off = true;
            if left > 0 {
                answer.rows.push(batch.slice(0, left));
            }
            break;
        }
        rows += batch.num_rows();
        answer.rows.push(batch);
    }
    Ok(answer)
}
