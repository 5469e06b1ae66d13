//! How much a store keeps.

use std::time::Duration;

/// What a store keeps. Both limits hold; without one, everything stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keep {
    /// Older rows are removed.
    pub age: Option<Duration>,
    /// The oldest rows are removed while the store has more bytes on disk.
    pub bytes: Option<u64>,
}
