//! Memory that is there before it is written to.
//!
//! A page of a file that the file system has no room for ends the process that touches it with
//! SIGBUS. So in a file no page is touched, by a writer or a reader, that was not asked for before
//! (`fallocate`): the header when the file is made, directory and shared cells as they are handed
//! out, and of the cells of each shard those that are handed out, where the shard is in use.
//!
//! The last one has two sides, and both happen under the registration lock: a registration asks for
//! its cells in every shard in use, and a shard comes into use by asking for all cells handed out.
//! If the registration comes first, its cells are among those; if the shard comes first, it is among
//! the registration's. Readers are told of a shard (`SHARDS_SEEN`) after that, and of a metric
//! (`DIRECTORY_USED`) after its cells were asked for.
//!
//! Marks say how far each part is there, so that the system is asked when a page's edge is crossed
//! and not before. They are this process's own memory: a forked child has them as they were.

use crate::layout::SINK_CELLS;
use crate::layout::{Layout, PAGE_WORDS, WORD_BYTES};
use crate::memory;
use crate::sync::AtomicU64 as Word;
use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// How many records go another way before a thread asks again, after the system had no memory for a
/// shard or a series: asking takes as long as some hundred records.
const PATIENCE: u64 = 4096;

/// When the system may be asked again, by the count of records that went another way.
#[derive(Debug)]
pub(super) struct Patience {
    retry_at: AtomicU64,
}

impl Patience {
    fn none() -> Self {
        Self { retry_at: AtomicU64::new(0) }
    }

    pub(super) fn may_ask(&self, records: u64) -> bool {
        records >= self.retry_at.load(Relaxed)
    }

    pub(super) fn was_refused(&self, records: u64) {
        self.retry_at.store(records.saturating_add(PATIENCE), Relaxed);
    }
}

/// No file.
const NONE: RawFd = -1;

// Relaxed throughout: all but `Patience` and `file` change under the registration lock only, and
// those two say nothing about other memory. `shards` is read without the lock, too: what it says of is
// the system's memory, which was given before it was stored.
#[derive(Debug)]
pub(crate) struct Allocated {
    /// The descriptor that has the lock, or `NONE`.
    file: AtomicI32,
    /// Whether pages are made present too, and not asked for only.
    prefault: bool,
    /// How many words are there of the directory, of the shared cells, and of each shard in use.
    directory: AtomicUsize,
    shared: AtomicUsize,
    cells: AtomicUsize,
    /// Shards in use: as many as this, from the first.
    shards: AtomicUsize,
    /// By the records of the overflow shard.
    pub(super) for_shards: Patience,
    /// By the records of series that stand in for others.
    pub(super) for_series: Patience,
}

impl Allocated {
    pub(crate) fn new(file: Option<RawFd>) -> Self {
        Self {
            file: AtomicI32::new(file.unwrap_or(NONE)),
            prefault: false,
            directory: AtomicUsize::new(0),
            shared: AtomicUsize::new(0),
            cells: AtomicUsize::new(0),
            shards: AtomicUsize::new(1),
            for_shards: Patience::none(),
            for_series: Patience::none(),
        }
    }

    pub(super) fn set_prefault(&mut self, prefault: bool) {
        self.prefault = prefault;
    }

    /// Asks for what every segment needs, before it is written to.
    pub(crate) fn begin(&self, words: &[Word], layout: Layout) -> io::Result<()> {
        self.ask(words, 0, layout.directory())?;
        self.directory(words, layout, 1)?;
        self.shared(words, layout, SINK_CELLS)?;
        self.cells(words, layout, SINK_CELLS)
    }

    /// Whether memory is asked for at all before it is touched.
    pub(super) fn is_wanted(&self) -> bool {
        self.prefault || self.file.load(Relaxed) != NONE
    }

    /// Takes the file's descriptor away: there is none from now on.
    pub(super) fn forget_file(&self) -> Option<RawFd> {
        Some(self.file.swap(NONE, Relaxed)).filter(|&file| file != NONE)
    }

    /// In a forked child, whose shards are all unused.
    pub(super) fn start_over(&self) {
        self.shards.store(1, Relaxed);
        for patience in [&self.for_shards, &self.for_series] {
            patience.retry_at.store(0, Relaxed);
        }
    }

    /// Sees to the directory up to `end`.
    pub(super) fn directory(&self, words: &[Word], layout: Layout, end: usize) -> io::Result<()> {
        self.grow(&self.directory, end, |from, to| {
            self.ask(words, layout.directory() + from, layout.directory() + to)
        })
    }

    /// Sees to the shared cells up to `end`.
    pub(super) fn shared(&self, words: &[Word], layout: Layout, end: usize) -> io::Result<()> {
        self.grow(&self.shared, end, |from, to| {
            self.ask(words, layout.shared() + from, layout.shared() + to)
        })
    }

    /// Sees to the cells up to `end` of all shards in use.
    pub(super) fn cells(&self, words: &[Word], layout: Layout, end: usize) -> io::Result<()> {
        self.grow(&self.cells, end, |from, to| {
            (0..self.shards.load(Relaxed))
                .map(|shard| layout.shard(shard))
                .try_for_each(|start| self.ask(words, start + from, start + to))
        })
    }

    /// Whether a shard is in use.
    pub(super) fn has(&self, shard: usize) -> bool {
        shard < self.shards.load(Relaxed)
    }

    /// Sees to the cells handed out of a shard that comes into use, and of those before it.
    pub(super) fn shard(&self, words: &[Word], layout: Layout, shard: usize) -> io::Result<()> {
        let cells = self.cells.load(Relaxed);
        for new in self.shards.load(Relaxed)..=shard {
            self.ask(words, layout.shard(new), layout.shard(new) + cells)?;
            self.shards.store(new + 1, Relaxed);
        }
        Ok(())
    }

    fn grow(
        &self,
        there: &AtomicUsize,
        end: usize,
        ask: impl FnOnce(usize, usize) -> io::Result<()>,
    ) -> io::Result<()> {
        let (from, to) = (there.load(Relaxed), end.next_multiple_of(PAGE_WORDS));
        if !self.is_wanted() || to <= from {
            return Ok(());
        }
        ask(from, to)?;
        there.store(to, Relaxed);
        Ok(())
    }

    fn ask(&self, words: &[Word], from: usize, to: usize) -> io::Result<()> {
        let file = self.file.load(Relaxed);
        if file != NONE {
            memory::allocate(file, (from * WORD_BYTES) as u64, ((to - from) * WORD_BYTES) as u64)?;
        }
        if self.prefault {
            // A page that is not made present now is when it is touched.
            let _ = words.get(from..to).map(memory::populate);
        }
        Ok(())
    }
}
