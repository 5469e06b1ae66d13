//! The process that counts in a segment.

use std::time::SystemTime;

/// The process whose segment is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Its id, in its own namespace of process ids.
    pub pid: u32,
    /// When it began to count: the time of its segment's installation.
    pub started: SystemTime,
    /// Whether it is alive: whether it holds the lock on the file.
    pub is_alive: bool,
}
