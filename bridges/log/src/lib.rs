//! Counts records of the `log` crate by level.
