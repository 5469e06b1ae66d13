//! Numbers of cells, which records believe: an address is worked out from one without a look at
//! whether there is such a cell.
//!
//! So each is of a type of its own, and says that registration handed out what begins there, in the
//! process's one segment, or that it is the sink's, whose cells are there from the start. What is
//! worked out from one here stays inside. Whoever makes one from a plain number, or goes on to
//! another series, has `unsafe` code and a reason.

use crate::layout::{EXEMPLAR_CELLS, GAUGE_CELLS, HEAD_CELLS, UP_DOWN_CELLS};
use std::fmt;
use std::marker::PhantomData;

/// A cell that each shard has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell(usize);

impl Cell {
    /// # Safety
    /// Each shard has the cell, and it is handed out or the sink's.
    pub(crate) unsafe fn new(number: u32) -> Self {
        Self(number as usize)
    }

    #[inline]
    pub(crate) fn number(self) -> usize {
        self.0
    }
}

/// A cell that all threads share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SharedCell(u32);

impl SharedCell {
    /// One that belongs to no metric.
    pub(crate) const SINK: Self = Self(0);

    /// # Safety
    /// The cell is handed out, or the sink's.
    pub(crate) unsafe fn new(number: u32) -> Self {
        Self(number)
    }

    /// # Safety
    /// So many cells behind this one there is another of the same metric.
    #[inline]
    pub(crate) unsafe fn plus(self, cells: u32) -> Self {
        Self(self.0 + cells)
    }

    #[inline]
    pub(crate) fn number(self) -> usize {
        self.0 as usize
    }
}

/// A bit of a cell that all threads share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedBit(u64);

impl SharedBit {
    /// The lowest bit of a cell.
    pub(crate) fn first(cell: SharedCell) -> Self {
        Self(u64::from(cell.0) * 64)
    }

    /// # Safety
    /// So many bits behind this one there is another of the same metric.
    #[inline]
    pub(crate) unsafe fn plus(self, bits: u32) -> Self {
        Self(self.0 + u64::from(bits))
    }

    #[expect(clippy::cast_possible_truncation, reason = "made from a u32")]
    pub(crate) fn cell(self) -> SharedCell {
        SharedCell((self.0 / 64) as u32)
    }

    /// The bit in its cell.
    pub(crate) fn mask(self) -> u64 {
        1 << (self.0 % 64)
    }
}

/// What a series has beside a distribution, where a metric's series lie one after the other.
pub(crate) trait Kind {
    /// The cells of one.
    const CELLS: u32;
}

/// A counter's cell.
pub(crate) enum Count {}
/// An up-down counter's: what was added, and what was taken away.
pub(crate) enum UpDown {}
/// A histogram's `layout::head`.
pub(crate) enum Head {}
/// A gauge's shared cells, of which the first has the value.
pub(crate) enum Level {}

impl Kind for Count {
    const CELLS: u32 = 1;
}

impl Kind for UpDown {
    const CELLS: u32 = UP_DOWN_CELLS;
}

impl Kind for Head {
    const CELLS: u32 = HEAD_CELLS;
}

impl Kind for Level {
    const CELLS: u32 = GAUGE_CELLS;
}

/// Where the cells of one series begin.
pub(crate) struct First<K>(u32, PhantomData<fn(K)>);

impl<K> Clone for First<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for First<K> {}

impl<K> fmt::Debug for First<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<K: Kind> First<K> {
    /// What belongs to no metric: the first cells of each part.
    pub(crate) const SINK: Self = Self(0, PhantomData);

    /// # Safety
    /// Cells for one `K` or more are handed out from there on.
    pub(crate) unsafe fn new(number: u32) -> Self {
        Self(number, PhantomData)
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// # Safety
    /// The metric has a series that comes so many after this one.
    #[inline]
    pub(crate) unsafe fn plus(self, series: u32) -> Self {
        Self(self.0 + series * K::CELLS, PhantomData)
    }
}

impl First<Count> {
    #[inline]
    pub(crate) fn cell(self) -> Cell {
        Cell(self.0 as usize)
    }
}

impl First<UpDown> {
    #[inline]
    pub(crate) fn cell(self, down: bool) -> Cell {
        Cell(self.0 as usize + usize::from(down))
    }
}

impl First<Level> {
    #[inline]
    pub(crate) fn cell(self) -> SharedCell {
        SharedCell(self.0)
    }
}

impl First<Head> {
    /// One of `layout::head`.
    #[inline]
    pub(crate) fn cell(self, which: usize) -> Cell {
        // All are less than this, and the compiler knows them.
        Cell(self.0 as usize + which % HEAD_CELLS as usize)
    }
}

/// Where a distribution begins, in front of which its exemplar is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Distribution(u32);

impl Distribution {
    /// # Safety
    /// It is handed out, or the sink's.
    #[inline]
    pub(crate) unsafe fn new(number: u32) -> Self {
        Self(number)
    }

    /// # Safety
    /// The distribution has more cells than that.
    #[inline]
    pub(crate) unsafe fn cell(self, index: u32) -> Cell {
        Cell((self.0 + index) as usize)
    }

    /// One of `layout::exemplar`.
    #[inline]
    pub(crate) fn exemplar(self, which: usize) -> Cell {
        Cell((self.0 - EXEMPLAR_CELLS) as usize + which % EXEMPLAR_CELLS as usize)
    }
}

/// A head and a distribution in one register, for what is out of line.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Both(u64);

impl Both {
    #[inline]
    pub(crate) fn new(head: First<Head>, distribution: Distribution) -> Self {
        Self(u64::from(head.0) << 32 | u64::from(distribution.0))
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the halves")]
    pub(crate) fn split(self) -> (First<Head>, Distribution) {
        (First((self.0 >> 32) as u32, PhantomData), Distribution(self.0 as u32))
    }
}
