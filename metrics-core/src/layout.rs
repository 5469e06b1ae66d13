//! The positions of everything in the segment. All positions and sizes are in words of 64 bits.
//!
//! ```text
//! | header | owners | directory | shared cells | shard 0 | shard 1 | ... | shard n |
//!                     append-     gauges,        overflow  one thread each
//!                     only        tables, bits
//! ```
//!
//! The header contains the magic, the byte order and the version; the sizes of the parts; the
//! process that counts here, and its start; and how much of each part is handed out.
//!
//! A segment in a file has the same layout from the file's first byte on, and the file is as long
//! as the whole. The file system has memory only for the pages that were handed out
//! (`segment::allocated`).
//!
//! Every part starts on pages of its own. Positions of cells are relative to their part: a cell
//! number is the same in each shard. In each shard a histogram has
//!
//! ```text
//! | head | head | ... | exemplar | distribution | exemplar | distribution | ...
//!   one for each         8 cells    as many as its grid has, filled up to a
//!   series: 8 cells                 multiple of 8; one pair for each series that has cells
//! ```
//!
//! The shared table of the metric has the position of each distribution. The bits among the shared
//! cells are those of declared series, and those of retired values of interned labels.

use std::ops::RangeInclusive;

/// Parts start at multiples of this: the largest page that Linux uses unless huge pages are
/// requested (64 KiB, on Arm). The model checker's memory has no pages, and each word is expensive.
pub(crate) const ALIGN_BYTES: usize = if cfg!(tickmetrics_loom) { WORD_BYTES } else { 64 << 10 };
/// The least bytes of a page.
pub(crate) const PAGE_BYTES: usize = 4096;
/// Bytes to a word, which is a cell.
pub(crate) const WORD_BYTES: usize = 8;
pub(crate) const ALIGN_WORDS: usize = ALIGN_BYTES / WORD_BYTES;
pub(crate) const PAGE_WORDS: usize = PAGE_BYTES / WORD_BYTES;
/// Words to a huge page of x86-64, and of Arm with pages of 4 KiB.
pub(crate) const HUGE_WORDS: usize = (2 << 20) / WORD_BYTES;
/// Words to a cache line: 64 bytes on every x86-64 and most 64-bit Arm.
pub(crate) const LINE_WORDS: usize = 8;

/// The words of the header. Words for registration, for attaching threads and for the overflow path
/// lie on separate cache lines.
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
    /// Failed registrations, whose metrics count into the sink.
    pub(crate) const FAILED_REGISTRATIONS: usize = 11;
    /// How often a label's value became `other` because there was no room for it.
    pub(crate) const SATURATED_LABELS: usize = 12;
    /// When the process began to count here: nanoseconds since the epoch.
    pub(crate) const STARTED: usize = 13;
    /// Nanoseconds in 2^32 ticks of the clock for timings. 0 until the clock is calibrated, or if
    /// it counts in nanoseconds.
    pub(crate) const CLOCK_SCALE: usize = 14;
    /// How often a label's value was cut because it was too long.
    pub(crate) const CUT_LABELS: usize = 15;

    /// Shards that have an owner now.
    pub(crate) const ATTACHED: usize = 16;
    /// One more than the highest shard that ever had an owner; 1 at first, for shard 0.
    pub(crate) const SHARDS_SEEN: usize = 17;

    /// Records that went to shard 0.
    pub(crate) const OVERFLOW_RECORDS: usize = 24;

    /// The first of the owner words, one for each shard: 0 if the shard is free.
    pub(crate) const OWNERS: usize = 32;
}

/// Shared cells of a gauge: a cache line, so that two gauges that are set by two threads do not
/// slow each other down.
pub(crate) const GAUGE_CELLS: u32 = 8;

/// The content of a gauge's cell.
pub(crate) mod gauge {
    /// A cell of zero means "never set". A value with this bit pattern, a NaN that no arithmetic
    /// yields, is stored as zero.
    const UNSET: u64 = 0x7ff4_7469_636b_6d74;

    /// The value in a gauge's cell, or `None` if it was never set.
    pub(crate) fn decode(cell: u64) -> Option<f64> {
        (cell != 0).then(|| f64::from_bits(cell ^ UNSET))
    }

    pub(crate) fn encode(value: f64) -> u64 {
        value.to_bits() ^ UNSET
    }
}

/// Cells of an up-down counter: additions, then subtractions.
pub(crate) const UP_DOWN_CELLS: u32 = 2;
/// Cells of a series apart from its distribution: a cache line, some cells of which are spare. The
/// heads of a metric's series lie side by side.
pub(crate) const HEAD_CELLS: u32 = 8;

/// The cells of a head. All start at zero, and those for readers only grow, so "the smallest value"
/// is kept as the largest complement.
pub(crate) mod head {
    /// The sum of all values, modulo 2^64: a reader finds the rest (`snapshot::sum`).
    pub(crate) const SUM: usize = 0;
    /// The complement of the smallest value.
    pub(crate) const NOT_MIN: usize = 1;
    /// The largest value.
    pub(crate) const MAX: usize = 2;
    /// The number of negative values.
    pub(crate) const NEGATIVE: usize = 3;
    /// The range of values that are neither new extremes nor above the declared maximum, for the
    /// owner of the shard alone: the negative of the first, modulo 2^64, and their number.
    pub(crate) const MINUS_FIRST: usize = 4;
    pub(crate) const KNOWN: usize = 5;
    /// The sequence number of the series' exemplar (`crate::exemplar`): odd during a write, and 0
    /// before the first, so that a reader need not read the exemplar's cells.
    pub(crate) const EXEMPLAR: usize = 6;
    /// The sum of the values above the declared maximum, which the cells do not distinguish: in
    /// units of 2^[`OUTSIDE_BITS`](super::OUTSIDE_BITS), rounded down for each record. It stops at
    /// 2^64 - 1.
    pub(crate) const OUTSIDE: usize = 7;

    /// The smallest and the largest value for the contents of `NOT_MIN` and `MAX`, or `None` before
    /// the first value. A reader may find one of the two not stored yet: then the other stands for
    /// both.
    pub(crate) fn bounds(not_min: u64, max: u64) -> Option<(u64, u64)> {
        let min = if not_min == 0 { max } else { !not_min };
        (not_min != 0 || max != 0).then_some((min, max.max(min)))
    }
}

/// Cells at the start of every shard, and of the shared part, that handles write to whose
/// registration failed: enough for the smallest histogram.
pub(crate) const SINK_CELLS: usize = if cfg!(tickmetrics_loom) { 0 } else { 64 };
/// The shared cell with the start of such a histogram's distribution, and its content: the
/// distribution is behind the head and the exemplar.
pub(crate) const SINK_TABLE: u32 = 8;
pub(crate) const SINK_DISTRIBUTION: u32 = HEAD_CELLS + EXEMPLAR_CELLS;

/// The entries of a histogram's table: one for each series, 0 where it has no cells yet.
pub(crate) mod table {
    /// Entries from here on hold the number of the stand-in series in their
    /// lower half. Smaller entries are 0 or the first cell of the series.
    pub(crate) const STAND_IN: u64 = 1 << 32;
    /// The bit of a stand-in's entry for which the system had no memory for cells, and may have some
    /// later.
    pub(crate) const FOR_NOW: u64 = 1 << 33;
}

/// See [`head::OUTSIDE`].
pub(crate) const OUTSIDE_BITS: u32 = 16;
/// The limit of a cell of a distribution that is counted up by many at once. It leaves room for
/// counts of one, which are all that a thread can make in 400 years.
pub(crate) const MOST_AT_ONCE: u64 = 1 << 62;
/// The largest exposed count of a distribution and of its buckets. Protobuf's buckets have
/// differences, which are signed.
pub(crate) const MOST: u64 = u64::MAX >> 1;

/// Cells in front of each distribution, for the series' exemplar: a cache line. In this position,
/// unlike beside the heads, only series in use take them, and the position follows from the
/// distribution's.
pub(crate) const EXEMPLAR_CELLS: u32 = 8;

/// The cells of an exemplar.
pub(crate) mod exemplar {
    /// The value, in recorded units.
    pub(crate) const VALUE: usize = 0;
    /// The upper and the lower half of the trace's id.
    pub(crate) const TRACE_HIGH: usize = 1;
    pub(crate) const TRACE_LOW: usize = 2;
    /// The span's id.
    pub(crate) const SPAN: usize = 3;
    /// The time of day of the write: nanoseconds since the epoch.
    pub(crate) const TIME: usize = 4;
    /// The same in raw ticks of the clock, and for how many ticks only a larger value replaces it:
    /// for writers alone.
    pub(crate) const SINCE: usize = 5;
    pub(crate) const PERIOD: usize = 6;
}

/// The cells of a distribution of `cells`, its exemplar included: whole cache lines, so that an
/// exemplar lies on one.
pub(crate) const fn distribution_cells(cells: u32) -> u32 {
    EXEMPLAR_CELLS + cells.next_multiple_of(EXEMPLAR_CELLS)
}

/// The first bytes of a segment, whatever the byte order.
pub(crate) const MAGIC: u64 = u64::from_ne_bytes(*b"TICKMETR");
/// Reads differently on a machine with another byte order.
pub(crate) const BYTE_ORDER: u64 = 0x0102_0304_0506_0708;
/// Counted up with every change of the layout in this module or of the directory's entries.
pub(crate) const VERSION: u64 = 8;

/// The possible sizes of a part: directory, shared cells, each shard.
pub(crate) const PART_BYTES: RangeInclusive<usize> = 64 << 10..=32 << 30;
/// The possible numbers of shards for threads; shard 0 is one more.
pub(crate) const THREAD_SHARDS: RangeInclusive<usize> = 1..=1 << 16;

/// The sizes of a segment, and the positions that follow from them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The number of shards, shard 0 included.
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

    /// The size of the whole, or `None` if the address space can't hold it.
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
