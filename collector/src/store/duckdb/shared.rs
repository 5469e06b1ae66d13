//! The database that the writer and the readers share.

use super::connection::{Connection, Database};
use super::resident::resident;
use super::{Claim, allowed, fault};
use crate::store::error::StoreError;
use crate::store::query::{Answer, Limits, QueryError};
use crate::store::reader::Queries;
use crate::sync::lock;
use adbc_core::Statement as _;
use adbc_core::error::Error;
use arrow_array::{Array as _, RecordBatch, RecordBatchReader as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError, RwLock, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

/// The time between two looks at whether a query is still wanted.
const LOOK: Duration = Duration::from_millis(20);

/// The growth of this process that ends a query, beside the bytes of its answer. DuckDB's own limit
/// counts neither the values of the rows that it has under way, nor those that it gives.
const GROWTH: u64 = 1 << 30;

/// The longest wait for queries at the end. DuckDB can't stop within one value.
const PATIENCE: Duration = Duration::from_secs(1);

/// A database that may be closed and opened again.
pub(in crate::store) struct Shared {
    file: PathBuf,
    growth: u64,
    /// A query holds it for reading, so that the database is only closed between queries: a file
    /// must not be open twice in a process.
    database: RwLock<Option<Database>>,
    /// Whether the writer waits for queries to end. Relaxed: queries look at it again and again.
    is_awaited: AtomicBool,
    /// Released when the database is closed.
    claim: Mutex<Option<Claim>>,
}

impl Shared {
    pub(super) fn new(file: PathBuf, database: Database) -> Self {
        Self {
            file,
            growth: GROWTH,
            database: RwLock::new(Some(database)),
            is_awaited: false.into(),
            claim: Mutex::default(),
        }
    }

    /// As [`new`](Self::new), for a file that no other database of this process may have open.
    pub(super) fn claimed(claim: Claim, file: PathBuf, database: Database) -> Self {
        Self { claim: Mutex::new(Some(claim)), ..Self::new(file, database) }
    }

    /// Closes the database for good, and ends its queries. A query that can't end now keeps it open,
    /// and claimed, until it ends.
    pub(super) fn close(&self) {
        self.is_awaited.store(true, Relaxed);
        let end = Instant::now() + PATIENCE;
        loop {
            match self.database.try_write() {
                Ok(mut present) => {
                    *present = None;
                    break;
                }
                Err(TryLockError::Poisoned(present)) => {
                    *present.into_inner() = None;
                    break;
                }
                Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(LOOK / 4),
                // `is_awaited` stays, and so no other query begins.
                Err(TryLockError::WouldBlock) => return,
            }
        }
        *lock(&self.claim) = None;
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
        let Some(database) = database.as_ref().filter(|_| !self.is_awaited.load(Relaxed)) else {
            return Err(QueryError::Store(StoreError::passing(format!(
                "{} is closed just now. Try again",
                self.file.display()
            ))));
        };
        let unreadable = |error: Error| QueryError::Store(fault::explain(&self.file, &error));
        let mut connection = database.connect().map_err(unreadable)?;
        connection.execute("BEGIN TRANSACTION READ ONLY").map_err(unreadable)?;
        allowed::check(&mut connection, sql)?;
        let is_wanted = || is_wanted() && !self.is_awaited.load(Relaxed);
        run(&mut connection, sql, limits, self.growth, &is_wanted)
        // The transaction ends with the connection.
    }
}

fn run(
    connection: &mut Connection,
    sql: &str,
    limits: &Limits,
    growth: u64,
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
            let most = resident().map(|before| before + growth + limits.bytes as u64);
            let mut reason = None;
            while is_done.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if begin.elapsed() >= limits.time {
                    reason.get_or_insert(QueryError::TooSlow(limits.time));
                } else if !is_wanted() {
                    reason.get_or_insert(QueryError::Ended);
                } else if most.zip(resident()).is_some_and(|(most, now)| now > most) {
                    reason.get_or_insert_with(too_large);
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

fn too_large() -> QueryError {
    QueryError::Refused(format!(
        "The query was ended, since this process took more than {} MiB of memory meanwhile. Ask for \
         fewer or shorter values",
        GROWTH >> 20
    ))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::duckdb::Library;
    use ::tests::programs::skip;
    use std::path::Path;

    const LIMITS: Limits = Limits { rows: 10, bytes: 1 << 20, time: Duration::from_secs(60) };

    fn shared() -> Option<Shared> {
        let library = Library::load(None).map_err(|error| skip(&error.to_string())).ok()?;
        let memory = Database::open(&library, Path::new(":memory:"), &[]).unwrap();
        Some(Shared::new(":memory:".into(), memory))
    }

    #[test]
    fn a_query_whose_values_take_memory_is_ended() {
        let Some(mut shared) = shared() else { return };
        shared.growth = 64 << 20;
        // Some 400 MB for each 2,048 rows, and more than an hour.
        let sql =
            "SELECT max(length(repeat('x', 200000 + (range % 9)::INT))) FROM range(1000000000)";
        let ended = shared.query(sql, &LIMITS, &|| true).unwrap_err().to_string();
        assert!(ended.contains("of memory meanwhile"), "{ended}");
        // It goes on.
        shared.growth = GROWTH;
        shared.query("SELECT 1", &LIMITS, &|| true).unwrap();
    }

    #[test]
    fn a_query_that_does_not_end_delays_no_end() {
        let Some(shared) = shared() else { return };
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            // As by a query within one value.
            let held = shared.database.read().unwrap();
            scope.spawn(|| {
                shared.close();
                is_over.store(true, Relaxed);
            });
            while !is_over.load(Relaxed) {
                thread::sleep(LOOK);
            }
            assert!(held.is_some());
        });
        let refused = shared.query("SELECT 1", &LIMITS, &|| true).unwrap_err().to_string();
        assert!(refused.contains("is closed"), "{refused}");
        shared.close();
        assert!(shared.database.read().unwrap().is_none());
    }
}
