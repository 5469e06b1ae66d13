//! What a snapshot may take. This process's own segment needs no bounds; what another's file says
//! could ask for any amount.

use crate::directory::Damaged;
#[cfg(not(tickmetrics_loom))]
use crate::layout::{Layout, WORD_BYTES};
use std::ops::Range;

/// What is left for a snapshot to take.
pub(crate) struct Budget {
    /// Cells in each shard.
    shard: usize,
    /// Those of them that no series has yet. Two series share none, so that all together have no
    /// more than there are.
    cells: usize,
    /// Bytes that the size of the segment does not bound: the texts of labels, which many metrics
    /// can have, and buckets, which all series of a histogram have.
    bytes: u64,
    most_bytes: u64,
    excess: Option<Excess>,
}

/// Why a budget was not enough.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(tickmetrics_loom, expect(dead_code, reason = "who reads files tells of it"))]
pub(crate) enum Excess {
    /// The series of a metric have cells outside the shard, or share some.
    Cells(Damaged),
    /// How many bytes were asked for by then.
    Bytes(u64),
}

impl Budget {
    pub(crate) fn unlimited() -> Self {
        let (cells, most_bytes) = (usize::MAX, u64::MAX);
        Self { shard: cells, cells, bytes: 0, most_bytes, excess: None }
    }

    /// For another process's segment.
    #[cfg(not(tickmetrics_loom))]
    pub(crate) fn of(layout: Layout) -> Self {
        /// To a byte of the segment. Programs' own take less than one.
        const BYTES_PER_BYTE: u64 = 64;
        /// A process with more could not be scraped either.
        const MOST_BYTES: u64 = 1 << 30;

        let cells = layout.shard_words;
        let segment = layout.words().unwrap_or(0).saturating_mul(WORD_BYTES) as u64;
        let most_bytes = segment.saturating_mul(BYTES_PER_BYTE).min(MOST_BYTES);
        Self { shard: cells, cells, bytes: 0, most_bytes, excess: None }
    }

    /// An error where more was taken than there was. Then a snapshot lacks some series.
    #[cfg(not(tickmetrics_loom))]
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
            self.excess.get_or_insert(Excess::Bytes(self.bytes));
        }
        fits
    }
}
