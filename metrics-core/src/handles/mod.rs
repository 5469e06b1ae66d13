//! What recording code holds: small `Copy` values that know their cells.

/// `Clone`, `Copy` and `Debug` without asking them of the labels, which a handle does not hold.
macro_rules! plain_value {
    ($handle:ident, $cells:ident) => {
        impl<L> Clone for $handle<L> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<L> Copy for $handle<L> {}

        impl<L> std::fmt::Debug for $handle<L> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($handle))
                    .field(stringify!($cells), &self.$cells)
                    .finish_non_exhaustive()
            }
        }
    };
}

mod counter;
mod exemplar;
mod gauge;
mod histogram;
mod timer;

pub use counter::{Counter, UpDownCounter};
pub use gauge::Gauge;
pub(crate) use gauge::decode as decode_gauge;
pub use histogram::Histogram;
pub(crate) use histogram::{STAND_IN, place};
pub use timer::Timer;

use crate::shard;
use crate::sync::Relaxed;
use std::marker::PhantomData;

/// Where the series of one metric lie, one after the other: as many as its labels name, or a sink.
pub(crate) struct Block<L> {
    /// The first series' first cell.
    pub(crate) first: u32,
    /// All ones, or 0 in a sink, where every index names the one series.
    mask: u32,
    /// The shared cells with a bit for each declared series.
    declared: u32,
    labels: PhantomData<fn(L)>,
}

plain_value!(Block, first);

impl<L> Block<L> {
    pub(crate) fn new(first: u32, declared: u32) -> Self {
        Self { first, mask: u32::MAX, declared, labels: PhantomData }
    }

    /// The block of a metric that could not be registered: it writes to the first cells of each
    /// part, which belong to no metric.
    pub(crate) fn sink() -> Self {
        Self { first: 0, mask: 0, declared: 0, labels: PhantomData }
    }

    /// The block of the one series that `index` names, whose cells are `stride` from the next
    /// one's. `index` is one of the labels' series (`labels::series`).
    #[inline]
    pub(crate) fn at(self, index: usize, stride: u32) -> Block<()> {
        let first = self.first + self.place(index) * stride;
        Block { first, mask: self.mask, declared: self.declared, labels: PhantomData }
    }

    /// Which of the block's series an index names.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "cells were found for all, which are u32")]
    pub(crate) fn place(self, index: usize) -> u32 {
        index as u32 & self.mask
    }

    /// Marks a series as declared.
    pub(crate) fn declare(self, index: usize) {
        let index = self.place(index);
        if let Some(word) = shard::shared(self.declared + index / 64) {
            // Relaxed: the bit says nothing about other memory.
            word.fetch_or(1 << (index % 64), Relaxed);
        }
    }
}
