//! The limits of a snapshot. This process's own segment needs none; another's file could declare
//! any amount.

use crate::directory::Damaged;
use crate::layout::Layout;
use std::ops::Range;

/// The remaining budget of a snapshot.
pub(crate) struct Budget {
    /// Cells in each shard.
    shard: usize,
    /// The cells of them that no series has yet. Two series share none, so all together have no
    /// more than exist.
    cells: usize,
    /// Bytes of the snapshot: values, the texts of labels, which many metrics can share, and
    /// buckets, which each series of a histogram has.
    bytes: u64,
    most_bytes: u64,
    excess: Option<Excess>,
}

/// The reason why a budget was not enough.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Excess {
    /// The series of a metric have cells outside the shard, or share some.
    Cells(Damaged),
    /// The bytes needed by then.
    Bytes { bytes: u64, most: u64 },
}

impl Budget {
    pub(crate) fn unlimited() -> Self {
        let (cells, most_bytes) = (usize::MAX, u64::MAX);
        Self { shard: cells, cells, bytes: 0, most_bytes, excess: None }
    }

    /// For another process's segment, for which the file system has `allocated` bytes: the amount
    /// that these allow, or `limit` instead, and not more than `most`.
    pub(crate) fn of(layout: Layout, allocated: u64, limit: Option<u64>, most: u64) -> Self {
        let cells = layout.shard_words;
        let most_bytes = limit.unwrap_or_else(|| Self::most_bytes(allocated)).min(most);
        Self { shard: cells, cells, bytes: 0, most_bytes, excess: None }
    }

    /// The bytes that a snapshot may take for a file with so many. A program's own segment takes
    /// less than four for each: the cells of registered metrics exist, whether they were touched or
    /// not.
    fn most_bytes(allocated: u64) -> u64 {
        /// To a byte of the file.
        const BYTES_PER_BYTE: u64 = 16;
        /// For a file system that has less than was written, since it compresses.
        const BYTES: u64 = 16 << 20;
        /// A process with more could not be scraped either.
        const MOST_BYTES: u64 = 1 << 30;
        allocated.saturating_mul(BYTES_PER_BYTE).saturating_add(BYTES).min(MOST_BYTES)
    }

    /// The bytes of a file that may be read for a snapshot, where short calls count as longer ones.
    /// A program's own segment is read less than once.
    pub(crate) fn most_read(allocated: u64, most: Option<u64>) -> u64 {
        const BYTES: u64 = 64 << 20;
        let by_file = allocated.saturating_mul(8).saturating_add(BYTES);
        by_file.max(most.unwrap_or(0).saturating_mul(4))
    }

    /// The bytes taken.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Fails if more was taken than there was. Then a snapshot lacks some series.
    pub(crate) fn check(&self) -> Result<(), Excess> {
        self.excess.map_or(Ok(()), Err)
    }

    /// Whether more was taken than there was.
    #[inline]
    pub(super) fn is_exceeded(&self) -> bool {
        self.excess.is_some()
    }

    /// Takes a series' cells. `entry` is the word of the directory where its metric's entry begins.
    pub(super) fn take_cells(&mut self, cells: &Range<usize>, entry: usize) -> bool {
        let left = self.cells.checked_sub(cells.len()).filter(|_| cells.end <= self.shard);
        self.cells = left.unwrap_or(self.cells);
        if left.is_none() {
            self.excess.get_or_insert(Excess::Cells(Damaged { at: entry }));
        }
        left.is_some()
    }

    pub(crate) fn take_bytes(&mut self, bytes: u64) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        let fits = self.bytes <= self.most_bytes;
        if !fits {
            self.excess.get_or_insert(Excess::Bytes { bytes: self.bytes, most: self.most_bytes });
        }
        fits
    }
}
