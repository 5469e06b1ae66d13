//! What a snapshot may take. This process's own segment needs no bounds; what another's file says
//! could ask for any amount.

use crate::directory::Damaged;
use crate::layout::Layout;
use std::ops::Range;

/// What is left for a snapshot to take.
pub(crate) struct Budget {
    /// Cells in each shard.
    shard: usize,
    /// Those of them that no series has yet. Two series share none, so that all together have no
    /// more than there are.
    cells: usize,
    /// Bytes of the snapshot: values, the texts of labels, which many metrics can have, and buckets,
    /// which all series of a histogram have.
    bytes: u64,
    most_bytes: u64,
    excess: Option<Excess>,
}

/// Why a budget was not enough.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Excess {
    /// The series of a metric have cells outside the shard, or share some.
    Cells(Damaged),
    /// How many bytes were asked for by then.
    Bytes { bytes: u64, most: u64 },
}

impl Budget {
    pub(crate) fn unlimited() -> Self {
        let (cells, most_bytes) = (usize::MAX, u64::MAX);
        Self { shard: cells, cells, bytes: 0, most_bytes, excess: None }
    }

    /// For another process's segment, of which the file system has so many bytes: what that allows, or
    /// `limit` in its place, and not more than `most`.
    pub(crate) fn of(layout: Layout, allocated: u64, limit: Option<u64>, most: u64) -> Self {
        let cells = layout.shard_words;
        let most_bytes = limit.unwrap_or_else(|| Self::most_bytes(allocated)).min(most);
        Self { shard: cells, cells, bytes: 0, most_bytes, excess: None }
    }

    /// How many bytes a snapshot may take of a file that has so many. A program's own takes less than
    /// four for each: the cells of registered metrics are there, whether they were touched or not.
    fn most_bytes(allocated: u64) -> u64 {
        /// To a byte of the file.
        const BYTES_PER_BYTE: u64 = 16;
        /// For a file system that has less than was written, since it compresses.
        const BYTES: u64 = 16 << 20;
        /// A process with more could not be scraped either.
        const MOST_BYTES: u64 = 1 << 30;
        allocated.saturating_mul(BYTES_PER_BYTE).saturating_add(BYTES).min(MOST_BYTES)
    }

    /// How many bytes of a file may be read for a snapshot, where short calls count as longer ones. A
    /// program's own is read less than once.
    pub(crate) fn most_read(allocated: u64, most: Option<u64>) -> u64 {
        const BYTES: u64 = 64 << 20;
        let by_file = allocated.saturating_mul(8).saturating_add(BYTES);
        by_file.max(most.unwrap_or(0).saturating_mul(4))
    }

    /// How many bytes were taken.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// An error where more was taken than there was. Then a snapshot lacks some series.
    pub(crate) fn check(&self) -> Result<(), Excess> {
        self.excess.map_or(Ok(()), Err)
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
