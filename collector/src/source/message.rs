//! Errors of sources: a message in one line.

/// A result whose error is a message in one line.
pub(crate) type Result<T, E = String> = std::result::Result<T, E>;
