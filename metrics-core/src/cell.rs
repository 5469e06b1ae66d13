//! Cell numbers, which records use unchecked: an address is computed from a number without a check
//! that the cell exists.
//!
//! So each kind of number has a type of its own. The type states that registration handed out the
//! cells from there on, in the process's one segment, or that they are the sink's, which exist from
//! the start. Numbers computed here stay inside these cells. Code that makes one from a plain
//! number, or steps to another series, is `unsafe` and gives a reason.

use crate::layout::{EXEMPLAR_CELLS, GAUGE_CELLS, HEAD_CELLS, UP_DOWN_CELLS};
use std::fmt;
use std::marker::PhantomData;

/// A cell in each shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell(usize);

impl Cell {
    /// # Safety
    /// Each shard has the cell, and registration handed it out, or it is the sink's.
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
    /// The sink's cell, which belongs to no metric.
    pub(crate) const SINK: Self = Self(0);

    /// # Safety
    /// Registration handed the cell out, or it is the sink's.
    pub(crate) unsafe fn new(number: u32) -> Self {
        Self(number)
    }

    /// # Safety
    /// The metric has another cell so many cells behind this one.
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
    /// The metric has another bit so many bits behind this one.
    #[inline]
    pub(crate) unsafe fn plus(self, bits: u32) -> Self {
        Self(self.0 + u64::from(bits))
    }

    #[expect(clippy::cast_possible_truncation, reason = "made from a u32")]
    pub(crate) fn cell(self) -> SharedCell {
        SharedCell((self.0 / 64) as u32)
    }

    /// The mask of the bit in its cell.
    pub(crate) fn mask(self) -> u64 {
        1 << (self.0 % 64)
    }
}

/// The cells of a series, besides a distribution. The series of a metric lie one after the other.
pub(crate) trait Kind {
    /// The number of cells.
    const CELLS: u32;
}

/// A counter: one cell.
pub(crate) enum Count {}
/// An up-down counter: additions, then subtractions.
pub(crate) enum UpDown {}
/// A histogram's `layout::head`.
pub(crate) enum Head {}
/// A gauge's shared cells, the first of which has the value.
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

/// The first cell of one series.
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
    /// The sink's: the first cells of each part, which belong to no metric.
    pub(crate) const SINK: Self = Self(0, PhantomData);

    /// # Safety
    /// Registration handed out cells for one or more `K` from there on.
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
    /// A cell of `layout::head`.
    #[inline]
    pub(crate) fn cell(self, which: usize) -> Cell {
        // All positions are less than this, and the compiler knows them.
        Cell(self.0 as usize + which % HEAD_CELLS as usize)
    }
}

/// The first cell of a distribution. Its exemplar lies in front of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Distribution(u32);

impl Distribution {
    /// # Safety
    /// Registration handed the distribution out, or it is the sink's.
    #[inline]
    pub(crate) unsafe fn new(number: u32) -> Self {
        Self(number)
    }

    /// # Safety
    /// The distribution has more cells than `index`.
    #[inline]
    pub(crate) unsafe fn cell(self, index: u32) -> Cell {
        Cell((self.0 + index) as usize)
    }

    /// A cell of `layout::exemplar`.
    #[inline]
    pub(crate) fn exemplar(self, which: usize) -> Cell {
        Cell((self.0 - EXEMPLAR_CELLS) as usize + which % EXEMPLAR_CELLS as usize)
    }
}

/// A head and a distribution in one register, for code that is out of line.
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
