//! Read-only queries of an open store.

use super::StoreError;
use super::duckdb::shared::Shared;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What a query may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// More rows are left out.
    pub rows: usize,
    /// More bytes of rows are left out.
    pub bytes: usize,
    /// A query that takes longer is ended.
    pub time: Duration,
}

/// The rows of a query.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub rows: Vec<RecordBatch>,
    /// Whether a limit has left rows out.
    pub is_cut_off: bool,
}

/// Why a query has no answer.
#[derive(Debug)]
pub enum QueryError {
    /// It took longer than its limit.
    TooSlow(Duration),
    /// It is wrong, or not of the kind that is allowed: one `SELECT`, in words of DuckDB.
    Refused(String),
    /// Nobody waits for the rows any more, or the store is being closed.
    Ended,
    /// The store can't be read.
    Store(StoreError),
}

/// Reads a store while another thread writes it. Each query has a connection of its own, so it sees
/// whole batches, and holds up no write.
#[derive(Clone)]
pub struct Reader {
    pub(super) shared: Arc<Shared>,
}

impl Reader {
    /// Runs one `SELECT` (or `FROM`, `WITH`, `DESCRIBE`, `SUMMARIZE`, `SHOW`). It can neither change
    /// the store nor read other files.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn query(&self, sql: &str, limits: &Limits) -> Result<Answer, QueryError> {
        self.shared.query(sql, limits, &|| true)
    }

    /// As [`query`](Self::query), for as long as somebody waits for the rows: `is_wanted` is called
    /// some times a second, and the query is ended when it returns `false`.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn query_while(
        &self,
        sql: &str,
        limits: &Limits,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Answer, QueryError> {
        self.shared.query(sql, limits, is_wanted)
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSlow(limit) => write!(
                f,
                "The query took longer than {limit:?}. Ask for a shorter time or fewer series"
            ),
            Self::Ended => f.write_str("The query was ended, since the store is being closed"),
            Self::Refused(reason) => f.write_str(reason),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for QueryError {}
