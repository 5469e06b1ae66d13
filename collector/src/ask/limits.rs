//! The limits of questions and of their answers.

use crate::store::query::Limits;
use std::time::Duration;

/// The most that one query gets, whatever the client asks for.
pub const MOST: Limits = Limits { rows: 1_000_000, bytes: 64 << 20, time: Duration::from_secs(60) };

/// Queries that run at one time. More are refused.
pub(super) const QUERIES: usize = 4;

/// The longest question, in bytes.
pub(super) const LONGEST: usize = 256 << 10;

/// The longest wait for a client, and for a server that has nothing to do.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
