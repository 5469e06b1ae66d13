//! How far a family is written, where that takes several pieces.

use super::beside::Seen;
use super::wire::Message;

/// The progress within a family.
#[derive(Default)]
pub(super) struct Progress {
    /// The next table: 0 is the family's own series, the others are [derived](super::beside)
    /// families.
    pub(super) table: usize,
    /// The finished series of that table.
    pub(super) series: usize,
    /// The exposed series of all tables.
    pub(super) exposed: usize,
    pub(super) seen: Seen,
    /// In protobuf: the message whose length is still unknown, and the piece in which it begins.
    pub(super) open: Option<(Message, usize)>,
}

impl Progress {
    pub(super) fn next_table(&mut self) {
        self.table += 1;
        self.series = 0;
    }
}
