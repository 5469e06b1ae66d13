//! Queries of a store while it is written.

use super::duckdb::shared::Shared;
use super::query::{Answer, Limits, QueryError};
use std::sync::Arc;

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
