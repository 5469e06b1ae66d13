//! Queries of a store while it is written.

use super::query::{Answer, Limits, QueryError};
use std::sync::Arc;

/// What runs queries.
pub(super) trait Queries: Send + Sync {
    /// As [`Reader::query_while`].
    fn query(
        &self,
        sql: &str,
        limits: &Limits,
        is_wanted: &(dyn Fn() -> bool + Sync),
    ) -> Result<Answer, QueryError>;
}

/// Reads a store while another thread writes it. Each query has a connection of its own, so it sees
/// whole batches, and holds up no write.
#[derive(Clone)]
pub struct Reader {
    queries: Arc<dyn Queries>,
}

impl Reader {
    pub(super) fn new(queries: Arc<dyn Queries>) -> Self {
        Self { queries }
    }

    /// Runs one `SELECT` (or `FROM`, `WITH`, `DESCRIBE`, `SUMMARIZE`, `SHOW`). It can neither change
    /// the store nor read other files.
    ///
    /// # Errors
    /// See [`QueryError`].
    pub fn query(&self, sql: &str, limits: &Limits) -> Result<Answer, QueryError> {
        self.queries.query(sql, limits, &|| true)
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
        self.queries.query(sql, limits, is_wanted)
    }
}
