use crate::cell::{First, Kind, SharedBit, SharedCell};
use crate::labels::Index;
use crate::shard;
use crate::sync::Relaxed;
use std::marker::PhantomData;

/// The positions of one metric's series, one after the other: as many as the labels have, or a
/// sink.
pub(crate) struct Block<L, K> {
    /// The first series' first cell.
    pub(crate) first: First<K>,
    /// All ones, or 0 in a sink, where every index names the one series.
    mask: u32,
    /// The first series' bit, which is set once the series is declared.
    declared: SharedBit,
    labels: PhantomData<fn(L)>,
}

plain_value!(Block, K; first);

impl<L, K: Kind> Block<L, K> {
    /// # Safety
    /// There are cells for each of `L`'s series from `first` on, and a bit for each from `declared`
    /// on.
    pub(crate) unsafe fn new(first: First<K>, declared: SharedCell) -> Self {
        let declared = SharedBit::first(declared);
        Self { first, mask: u32::MAX, declared, labels: PhantomData }
    }

    /// The block of a metric whose registration failed: it writes to the first cells of each part,
    /// which belong to no metric.
    pub(crate) fn sink() -> Self {
        let declared = SharedBit::first(SharedCell::SINK);
        Self { first: First::SINK, mask: 0, declared, labels: PhantomData }
    }

    /// The block of the one series that `index` names.
    #[inline]
    pub(crate) fn at(self, index: Index<L>) -> Block<(), K> {
        let series = self.series(index);
        // SAFETY: `L` has such a series, and the block has each of `L`'s. In a sink `series` is that
        // of the first.
        let (first, declared) = unsafe { (self.first.plus(series), self.declared.plus(series)) };
        Block { first, mask: self.mask, declared, labels: PhantomData }
    }

    /// Whether the block belongs to no metric.
    pub(crate) fn is_sink(self) -> bool {
        self.mask == 0
    }

    /// The block's series that an index names.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "cells were found for all, which are u32")]
    pub(crate) fn series(self, index: Index<L>) -> u32 {
        index.get() as u32 & self.mask
    }

    /// Marks a series as declared.
    pub(crate) fn declare(self, index: Index<L>) {
        let bit = self.at(index).declared;
        if let Some(word) = shard::shared(bit.cell()) {
            // Relaxed: the bit says nothing about other memory.
            word.fetch_or(bit.mask(), Relaxed);
        }
    }
}
