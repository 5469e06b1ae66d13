//! How far a family is written, where that takes several pieces.

use super::beside::Seen;

/// The progress within a family.
#[derive(Default)]
pub(super) struct Progress {
    /// The next family: 0 is the registered one, the others are [derived](super::beside) from it.
    pub(super) table: usize,
    /// Its finished series.
    pub(super) series: usize,
    /// The exposed series of all of them.
    pub(super) exposed: usize,
    pub(super) seen: Seen,
}

impl Progress {
    pub(super) fn next_table(&mut self) {
        self.table += 1;
        self.series = 0;
    }
}
