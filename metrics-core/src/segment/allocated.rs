//! Memory that exists before it is touched.
//!
//! The segment is reserved without access. So its unused part takes no memory under `mlockall`, and
//! nothing of a limit on committed memory. A process that touches a page without access, or a page of a
//! file for which the file system has no room, is ended by a signal. So no writer and no reader touches
//! a page that was not requested before (`mprotect`, and in a file `fallocate`). The header is requested
//! when the segment is made, directory and shared cells as they are handed out, and the handed-out cells
//! of each shard while the shard is in use.
//!
//! The last request has two sides, and both happen under one lock (`Allocated::lock`): a registration
//! requests its cells in every shard in use, and a shard comes into use by requesting all cells
//! handed out. If the registration comes first, its cells are among those; if the shard comes
//! first, it is among the registration's. A shard is published to readers (`SHARDS_SEEN`) after
//! that, and a metric (`DIRECTORY_USED`) after its cells were requested. The lock's holder only makes
//! system calls. It allocates nothing, so an allocator that records metrics never waits for its own
//! thread.
//!
//! Marks record the allocated length of each part, so that the system is called only when a page's
//! edge is crossed. They are this process's own memory: a forked child inherits them.

use crate::layout::SINK_CELLS;
use crate::layout::{ALIGN_WORDS, HUGE_WORDS, Layout, PAGE_WORDS, WORD_BYTES};
use crate::memory::{self, Descriptor};
use crate::sync::{AtomicU64 as Word, Mutex, MutexGuard, lock};
use std::io;
use std::sync::TryLockError;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// How many records take another path before a thread requests memory again, after the system had
/// none for a shard or a series: a request takes as long as some hundred records.
const PATIENCE: u64 = 4096;

/// The count of diverted records at which the system may be called again.
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
const NONE: Descriptor = -1;

// Relaxed throughout: `cells` and `shards` change under `lock`, `directory` and `shared` under the
// registration lock, and the others say nothing about other memory. `shards` is read without the lock,
// too: it stands for the system's memory, which was provided before the store.
#[derive(Debug)]
pub(crate) struct Allocated {
    /// The descriptor that has the lock on the file, or `NONE`.
    file: AtomicI32,
    lock: Mutex<()>,
    /// Whether pages are also made present, and not only requested.
    prefault: bool,
    /// The words of a request, at least.
    step: usize,
    /// The allocated words of the directory, of the shared cells, and of each shard in use.
    directory: AtomicUsize,
    shared: AtomicUsize,
    cells: AtomicUsize,
    /// The number of shards in use, counted from the first.
    shards: AtomicUsize,
    /// Counted in records of the overflow shard.
    pub(super) for_shards: Patience,
    /// Counted in records of series that stand in for others.
    pub(super) for_series: Patience,
}

impl Allocated {
    pub(crate) fn new(file: Option<Descriptor>) -> Self {
        Self {
            file: AtomicI32::new(file.unwrap_or(NONE)),
            lock: Mutex::new(()),
            prefault: false,
            // Pages of a file take memory as soon as they are requested.
            step: if file.is_some() { PAGE_WORDS } else { ALIGN_WORDS },
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
        if prefault {
            self.step = PAGE_WORDS;
        }
    }

    /// The system makes a huge page only if all of it is accessible.
    pub(super) fn request_huge_pages(&mut self) {
        if self.file.load(Relaxed) == NONE {
            self.step = HUGE_WORDS;
        }
    }

    /// Requests the memory that every segment needs, before it is written to.
    pub(crate) fn begin(&self, words: &[Word], layout: Layout) -> io::Result<()> {
        self.ask(words, 0, layout.directory())?;
        self.directory(words, layout, 1)?;
        self.shared(words, layout, SINK_CELLS)?;
        self.cells(words, layout, SINK_CELLS)
    }

    /// Whether memory is requested at all before it is touched. The model checker's has no pages.
    pub(super) fn is_wanted(&self) -> bool {
        !cfg!(tickmetrics_loom) || self.file.load(Relaxed) != NONE
    }

    /// Takes the file's descriptor: from now on there is none.
    pub(super) fn forget_file(&self) -> Option<Descriptor> {
        Some(self.file.swap(NONE, Relaxed)).filter(|&file| file != NONE)
    }

    /// For a forked child, whose shards are all unused.
    pub(super) fn start_over(&self) {
        self.shards.store(1, Relaxed);
        for patience in [&self.for_shards, &self.for_series] {
            patience.retry_at.store(0, Relaxed);
        }
    }

    /// Allocates the directory up to `end`.
    pub(super) fn directory(&self, words: &[Word], layout: Layout, end: usize) -> io::Result<()> {
        self.grow(&self.directory, end, layout.directory_words, |from, to| {
            self.ask(words, layout.directory() + from, layout.directory() + to)
        })
    }

    /// Allocates the shared cells up to `end`.
    pub(super) fn shared(&self, words: &[Word], layout: Layout, end: usize) -> io::Result<()> {
        self.grow(&self.shared, end, layout.shared_words, |from, to| {
            self.ask(words, layout.shared() + from, layout.shared() + to)
        })
    }

    /// The lock on what is allocated in the shards. In a file, whose system may take long, `None` if
    /// another thread has it, unless the caller waits.
    pub(super) fn lock(&self, wait: bool) -> Option<MutexGuard<'_, ()>> {
        if wait || self.file.load(Relaxed) == NONE {
            return Some(self.wait_for_lock());
        }
        match self.lock.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    pub(super) fn wait_for_lock(&self) -> MutexGuard<'_, ()> {
        lock(&self.lock)
    }

    /// Allocates the cells up to `end` of all shards in use.
    pub(super) fn cells(&self, words: &[Word], layout: Layout, end: usize) -> io::Result<()> {
        let _lock = self.wait_for_lock();
        self.grow(&self.cells, end, layout.shard_words, |from, to| {
            (0..self.shards.load(Relaxed))
                .map(|shard| layout.shard(shard))
                .try_for_each(|start| self.ask(words, start + from, start + to))
        })
    }

    /// Whether a shard is in use.
    pub(super) fn has(&self, shard: usize) -> bool {
        shard < self.shards.load(Relaxed)
    }

    /// Allocates the handed-out cells of a shard that comes into use, and of the shards before it. The
    /// caller has the lock.
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
        of: usize,
        ask: impl FnOnce(usize, usize) -> io::Result<()>,
    ) -> io::Result<()> {
        let (from, to) = (there.load(Relaxed), end.next_multiple_of(self.step).min(of));
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
        let words = words.get(from..to).unwrap_or_default();
        memory::make_accessible(words)?;
        if self.prefault {
            // A page that is not made present now is made so at its first touch.
            let _ = memory::populate(words);
        }
        Ok(())
    }
}
