//! Where everything lies in the segment. All positions and sizes are in words of 64 bits.
//!
//! ```text
//! | header | owners | directory | shared cells | shard 0 | shard 1 | ... | shard n |
//!                     append-     gauges and     overflow  one thread each
//!                     only        declared bits
//! ```
//!
//! The header says what it is (magic, byte order, version), the sizes of the parts, which process
//! counts here since when, and how much of each part is handed out.
//!
//! A segment in a file is the same from the file's first byte on, and as long as the whole. Of its
//! pages the file system has those that were handed out (`segment::backing`).
//!
//! Every part starts on pages of its own. Positions of cells are relative to their part: a cell
//! number is the same in each shard. Those of a histogram are, in each shard,
//!
//! ```text
//! | head | head | ... | exemplar | distribution | exemplar | distribution | ...
//!   one for each         8 cells    as many as its grid has, filled up to a
//!   series: 8 cells                 multiple of 8; one pair for each series that has cells
//! ```
//!
//! where the shared table of the metric says where each distribution begins.

use std::ops::RangeInclusive;

/// Parts start at multiples of this: the largest page that Linux has without being asked for huge
/// ones (64 KiB, on Arm). The model checker's memory has no pages, and is dear.
pub(crate) const ALIGN_BYTES: usize = if cfg!(tickmetrics_loom) { WORD_BYTES } else { 64 << 10 };
/// Bytes to a page, at the least.
pub(crate) const PAGE_BYTES: usize = 4096;
/// Bytes to a word, which is a cell.
pub(crate) const WORD_BYTES: usize = 8;
pub(crate) const ALIGN_WORDS: usize = ALIGN_BYTES / WORD_BYTES;
pub(crate) const PAGE_WORDS: usize = PAGE_BYTES / WORD_BYTES;
/// Words to a cache line: 64 bytes on every x86-64 and most 64-bit Arm.
pub(crate) const LINE_WORDS: usize = 8;

/// The words of the header. What only registration touches, what attaching threads touch and what
/// the overflow path touches lie on cache lines of their own.
pub(crate) mod header {
    /// [`MAGIC`](super::MAGIC), stored last: a segment without it is not set up yet.
    pub(crate) const MAGIC: usize = 0;
    /// [`BYTE_ORDER`](super::BYTE_ORDER). Without it no other word can be read.
    pub(crate) const BYTE_ORDER: usize = 1;
    /// [`VERSION`](super::VERSION). These three stay where they are in all versions.
    pub(crate) const VERSION: usize = 2;
    /// Words of the directory, of the shared cells and of one shard, and the number of shards.
    pub(crate) const DIRECTORY_WORDS: usize = 3;
    pub(crate) const SHARED_WORDS: usize = 4;
    pub(crate) const SHARD_WORDS: usize = 5;
    pub(crate) const SHARDS: usize = 6;
    /// The process that counts here.
    pub(crate) const PID: usize = 7;

    /// Words of the directory that are published. Release when an entry is complete.
    pub(crate) const DIRECTORY_USED: usize = 8;
    /// Cells handed out in each shard, and shared ones. Under the registration lock.
    pub(crate) const CELLS_USED: usize = 9;
    pub(crate) const SHARED_USED: usize = 10;
    /// Registrations that failed and went on counting into the sink.
    pub(crate) const FAILED_REGISTRATIONS: usize = 11;
    /// How often a label's value became `other` because there was no room for it.
    pub(crate) const SATURATED_LABELS: usize = 12;
    /// When the process began to count here: nanoseconds since the epoch.
    pub(crate) const STARTED: usize = 13;
    /// Nanoseconds in 2^32 ticks of the clock that timings are taken with, 0 until it is calibrated
    /// or where it counts in nanoseconds.
    pub(crate) const CLOCK_SCALE: usize = 14;
    /// How often a label's value was cut because it was too long.
    pub(crate) const CUT_LABELS: usize = 15;

    /// Shards that have an owner now.
    pub(crate) const ATTACHED: usize = 16;
    /// One more than the highest shard that ever had an owner; 1 at first, for shard 0.
    pub(crate) const SHARDS_SEEN: usize = 17;

    /// Records that went to shard 0.
    pub(crate) const OVERFLOW_RECORDS: usize = 24;

    /// The first of the owner words, one for each shard: 0 where the shard is free.
    pub(crate) const OWNERS: usize = 32;
}

/// Shared cells to a gauge: a cache line, so that two gauges that are set by two threads do not
/// slow each other down.
pub(crate) const GAUGE_CELLS: u32 = 8;
/// Cells to an up-down counter: what was added, then what was taken away.
pub(crate) const UP_DOWN_CELLS: u32 = 2;
/// Cells of a series apart from its distribution: a cache line, of which some are spare. The heads of
/// a metric's series lie side by side.
pub(crate) const HEAD_CELLS: u32 = 8;

/// What the cells of a head are. All start at zero, and those for readers only grow, so that "the
/// smallest value" is kept as the largest complement.
pub(crate) mod head {
    /// The sum of all values, modulo 2^64: a reader finds the rest (`snapshot::sum`).
    pub(crate) const SUM: usize = 0;
    /// The complement of the smallest value.
    pub(crate) const NOT_MIN: usize = 1;
    /// The largest value.
    pub(crate) const MAX: usize = 2;
    /// How many negative values were offered.
    pub(crate) const NEGATIVE: usize = 3;
    /// The values that are neither new extremes nor above the declared maximum, for the owner of the
    /// shard alone: the negative of the first, modulo 2^64, and how many there are.
    pub(crate) const MINUS_FIRST: usize = 4;
    pub(crate) const KNOWN: usize = 5;
    /// The sequence number of the series' exemplar (`crate::exemplar`), odd while that is written; 0
    /// where there was none yet, so that a reader finds out without a look at its cells.
    pub(crate) const EXEMPLAR: usize = 6;
    /// The sum of the values above the declared maximum, of which the cells say nothing: in units of
    /// 2^[`OUTSIDE_BITS`](super::OUTSIDE_BITS), rounded down for each record. It stops at 2^64 - 1.
    pub(crate) const OUTSIDE: usize = 7;

    /// The smallest and the largest value by what `NOT_MIN` and `MAX` hold, or `None` before there is
    /// any. A reader may find one of the two not stored yet: then the other stands for both.
    pub(crate) fn bounds(not_min: u64, max: u64) -> Option<(u64, u64)> {
        let min = if not_min == 0 { max } else { !not_min };
        (not_min != 0 || max != 0).then_some((min, max.max(min)))
    }
}

/// Cells at the start of every shard, and of the shared part, that handles write to whose
/// registration failed: enough for the smallest histogram.
pub(crate) const SINK_CELLS: usize = if cfg!(tickmetrics_loom) { 0 } else { 64 };
/// The shared cell that says where the distribution of such a histogram begins, and what it says:
/// behind its head and its exemplar.
pub(crate) const SINK_TABLE: u32 = 8;
pub(crate) const SINK_DISTRIBUTION: u32 = HEAD_CELLS + EXEMPLAR_CELLS;

/// See [`head::OUTSIDE`].
pub(crate) const OUTSIDE_BITS: u32 = 16;
/// The count at which a cell of a distribution stops that is counted up by many at once. It leaves room
/// for those that are counted up by one, which is all that a thread can do in 400 years.
pub(crate) const MOST_AT_ONCE: u64 = 1 << 62;
/// The largest count that is exposed of a distribution and of its buckets. Protobuf's buckets have
/// differences, which are signed.
pub(crate) const MOST: u64 = u64::MAX >> 1;

/// Cells in front of each distribution, for the series' exemplar: a cache line. There, and not
/// beside the heads, they are taken only for series that are in use, and who knows a distribution
/// knows them.
pub(crate) const EXEMPLAR_CELLS: u32 = 8;

/// What the cells of an exemplar are.
pub(crate) mod exemplar {
    /// The value, in recorded units.
    pub(crate) const VALUE: usize = 0;
    /// The upper and the lower half of the trace's id.
    pub(crate) const TRACE_HIGH: usize = 1;
    pub(crate) const TRACE_LOW: usize = 2;
    /// The span's id.
    pub(crate) const SPAN: usize = 3;
    /// When it was taken: nanoseconds since the epoch.
    pub(crate) const TIME: usize = 4;
    /// The same in raw ticks of the clock, and for how many of them only a larger value takes its
    /// place: for writers alone.
    pub(crate) const SINCE: usize = 5;
    pub(crate) const PERIOD: usize = 6;
}

/// Cells that a distribution of `cells` takes, its exemplar included: whole cache lines, so that an
/// exemplar lies on one.
pub(crate) const fn distribution_cells(cells: u32) -> u32 {
    EXEMPLAR_CELLS + cells.next_multiple_of(EXEMPLAR_CELLS)
}

/// The first bytes of a segment, whatever the byte order.
pub(crate) const MAGIC: u64 = u64::from_ne_bytes(*b"TICKMETR");
/// Reads otherwise on a machine with another byte order.
pub(crate) const BYTE_ORDER: u64 = 0x0102_0304_0506_0708;
/// Counted up with every change of what this module and the directory's entries say.
pub(crate) const VERSION: u64 = 6;

/// The bytes that a part can be made with: directory, shared cells, each shard.
pub(crate) const PART_BYTES: RangeInclusive<usize> = 64 << 10..=32 << 30;
/// The shards that threads can have; shard 0 is one more.
pub(crate) const THREAD_SHARDS: RangeInclusive<usize> = 1..=1 << 16;

/// The sizes that a segment is made with, and the positions that follow from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Shards, shard 0 included.
    pub(crate) shards: usize,
    pub(crate) shard_words: usize,
    pub(crate) directory_words: usize,
    pub(crate) shared_words: usize,
}

impl Layout {
    pub(crate) fn directory(&self) -> usize {
        (header::OWNERS + self.shards).next_multiple_of(ALIGN_WORDS)
    }

    pub(crate) fn shared(&self) -> usize {
        self.directory() + self.directory_words
    }

    pub(crate) fn shard(&self, shard: usize) -> usize {
        self.shared() + self.shared_words + shard * self.shard_words
    }

    /// The size of the whole, or `None` where it has no address.
    pub(crate) fn words(&self) -> Option<usize> {
        let words = self
            .shards
            .checked_mul(self.shard_words)?
            .checked_add(self.directory_words)?
            .checked_add(self.shared_words)?
            .checked_add(self.directory())?;
        (words <= isize::MAX as usize / WORD_BYTES).then_some(words)
    }
}
