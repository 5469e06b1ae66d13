//! Read-only queries of an open store.

use super::error::StoreError;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use std::fmt;
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
