use super::allocated::Allocated;
use super::error::{LayoutShown, SegmentError};
use super::options::Options;
#[cfg(all(test, tickmetrics_loom))]
use super::part::Part;
use super::resumed::Resumed;
use super::stats::SegmentStats;
use super::view::View;
use crate::clock;
use crate::layout::{self, Layout, SINK_CELLS, SINK_DISTRIBUTION, SINK_TABLE, header};
use crate::memory;
#[cfg(all(
    feature = "loadable",
    not(feature = "off"),
    target_env = "gnu",
    not(tickmetrics_loom)
))]
use crate::sync::AtomicBool;
use crate::sync::{
    Acquire, AtomicU64, Mutex, MutexGuard, OnceLock, Relaxed, Release, lock, process_wide,
};
use std::io;

/// The memory of all metrics of the process.
///
/// It is reserved when the first metric is registered, with the sizes given to [`Segment::builder`]
/// before. It stays until the process ends or, with the feature `loadable`, until its library is
/// unloaded.
#[derive(Debug)]
pub struct Segment {
    pub(super) view: View<'static>,
    pub(super) allocated: Allocated,
    pub(super) options: Options,
    pub(super) handed_out: HandedOut,
    /// Held while cells are handed out and directory entries written.
    pub(super) registration: Mutex<Resumed>,
}

/// A copy of counts in the header, in memory that a forked child inherits as of the fork. Under the
/// registration lock.
#[derive(Debug)]
pub(super) struct HandedOut {
    pub(super) directory: std::sync::atomic::AtomicU64,
    pub(super) shared: std::sync::atomic::AtomicU64,
    /// Words of the directory that values of labels may still take, which no header has.
    pub(super) promised: std::sync::atomic::AtomicUsize,
    pub(super) label_sets: LabelSets,
}

/// What is left for the label sets of all dynamic families together.
#[derive(Debug)]
pub(super) struct LabelSets {
    /// Words of the directory; 0 before the first family.
    pub(super) words: std::sync::atomic::AtomicUsize,
    pub(super) series: std::sync::atomic::AtomicUsize,
}

process_wide! {
    static SEGMENT: OnceLock<Segment> = OnceLock::new();
}

process_wide! {
    /// Two first users race for this lock, not for the memory.
    static INSTALLING: Mutex<()> = Mutex::new(());
}

/// The segment is gone. Destructors after it in the same unload record nothing.
#[cfg(all(feature = "loadable", not(feature = "off"), target_env = "gnu", not(tickmetrics_loom)))]
static IS_GONE: AtomicBool = AtomicBool::new(false);

impl Segment {
    /// The use of the process's segment, or `None` before its first use.
    pub fn stats() -> Option<SegmentStats> {
        Self::current().map(|segment| segment.view.stats())
    }

    /// The process's segment, if there is one.
    #[inline]
    pub(crate) fn current() -> Option<&'static Self> {
        if crate::IS_OFF {
            return None;
        }
        #[cfg(all(
            feature = "loadable",
            not(feature = "off"),
            target_env = "gnu",
            not(tickmetrics_loom)
        ))]
        // Relaxed: set when no other thread is in this code.
        if IS_GONE.load(Relaxed) {
            return None;
        }
        SEGMENT.get()
    }

    /// Prevents the making of the process's segment: meanwhile nobody has an open file, or a lock
    /// on one, that the process's segment does not know.
    pub(crate) fn installing() -> MutexGuard<'static, ()> {
        lock(&INSTALLING)
    }

    /// Whether the process's segment was made; it may be gone.
    pub(crate) fn is_made() -> bool {
        SEGMENT.get().is_some()
    }

    /// Makes it the process's segment, if there is none.
    pub(crate) fn publish(self) -> Result<(), SegmentError> {
        SEGMENT.set(self).map_err(|_| SegmentError::InUse)
    }

    /// For an unload of the library: nobody finds the process's segment from now on. Returns it.
    #[cfg(all(
        feature = "loadable",
        not(feature = "off"),
        target_env = "gnu",
        not(tickmetrics_loom)
    ))]
    pub(crate) fn close() -> Option<&'static Self> {
        let segment = SEGMENT.get()?;
        // Relaxed: no other thread exists to see it.
        IS_GONE.store(true, Relaxed);
        Some(segment)
    }

    /// Releases the system's memory and file. A thread with a shard keeps the library loaded if the
    /// C library knows of the thread; if not, the memory stays.
    #[cfg(all(
        feature = "loadable",
        not(feature = "off"),
        target_env = "gnu",
        not(tickmetrics_loom)
    ))]
    pub(crate) fn leave(&self) {
        if let Some(file) = self.allocated.forget_file() {
            memory::close(file);
        }
        if self.view.header(header::ATTACHED) == 0 {
            // SAFETY: at an unload no thread is in this object's code, or enters it, except for
            // this one, which finds no segment from now on.
            unsafe { memory::unmap(self.words()) };
        }
    }

    /// A segment in memory of this process alone.
    pub(crate) fn reserve(layout: Layout) -> Result<Self, SegmentError> {
        let refused = |error| SegmentError::Refused { layout: LayoutShown(layout), error };
        let too_large = || io::Error::from(io::ErrorKind::OutOfMemory);
        let words = layout.words().ok_or_else(too_large).and_then(memory::reserve);
        let words = words.map_err(refused)?;
        let allocated = Allocated::new(None);
        allocated.begin(words, layout).map_err(refused)?;
        set_up(words, layout);
        let view = View::new(words, layout).ok_or_else(|| refused(too_large()))?;
        Ok(Self::of(view, allocated))
    }

    /// The segment in words that are set up.
    pub(crate) fn of(view: View<'static>, allocated: Allocated) -> Self {
        Self {
            view,
            allocated,
            options: Options::default(),
            handed_out: HandedOut {
                directory: 0.into(),
                shared: (SINK_CELLS as u64).into(),
                promised: 0.into(),
                label_sets: LabelSets { words: 0.into(), series: Self::DYNAMIC_SERIES.into() },
            },
            registration: Mutex::new(Resumed::default()),
        }
    }

    /// The most series of all dynamic families together, by default.
    pub(crate) const DYNAMIC_SERIES: usize = 100_000;

    /// Sets the most series of all dynamic families together, before it is used.
    #[cfg(not(tickmetrics_loom))]
    pub(crate) fn set_dynamic_series(&self, most: usize) {
        self.handed_out.label_sets.series.store(most, Relaxed);
    }

    /// Makes the requests for the memory, before it is used, and returns those that failed.
    #[cfg(not(tickmetrics_loom))]
    pub(crate) fn apply(&mut self, mut options: Options) -> Vec<String> {
        let warnings = options.apply(self.words());
        self.allocated.set_prefault(options.prefault);
        if options.huge_pages {
            self.allocated.request_huge_pages();
        }
        self.options = options;
        warnings
    }

    /// The segment for a reader.
    pub(crate) fn view(&self) -> View<'static> {
        self.view
    }

    /// The cells of the given shard.
    pub(crate) fn shard(&self, shard: usize) -> &'static [AtomicU64] {
        self.view.shard(shard)
    }

    /// Cells that all threads share: gauges, and the bits of declared series.
    pub(crate) fn shared(&self) -> &'static [AtomicU64] {
        self.view.shared()
    }

    pub(super) fn words(&self) -> &'static [AtomicU64] {
        self.view.words()
    }

    pub(super) fn layout(&self) -> Layout {
        self.view.layout()
    }

    fn owner(&self, shard: usize) -> &'static AtomicU64 {
        &self.words()[header::OWNERS + shard]
    }

    /// Takes a free shard for a thread. `None` if every shard has an owner, or if memory must be
    /// requested first and another thread is doing so, or the system has none.
    ///
    /// The lowest free one is taken, so that as few as possible are ever touched.
    pub(crate) fn claim(&self) -> Option<usize> {
        self.claim_shard(false)
    }

    /// As `claim`, but waits for other threads that request memory.
    pub(crate) fn claim_waiting(&self) -> Option<usize> {
        self.claim_shard(true)
    }

    fn claim_shard(&self, wait: bool) -> Option<usize> {
        let attached = &self.words()[header::ATTACHED];
        // Relaxed: a hint that saves the overflow path a search. If it misses a release, the next
        // record of this thread checks again.
        if attached.load(Relaxed) >= self.layout().shards as u64 - 1 {
            return None;
        }
        // Acquire pairs with the Release in `release`: the cells are seen as the last owner left
        // them, so continuing from their values loses nothing.
        let shard = (1..self.layout().shards).find(|&shard| {
            let owner = self.owner(shard);
            owner.load(Relaxed) == 0 && owner.compare_exchange(0, 1, Acquire, Relaxed).is_ok()
        })?;
        if self.allocated.is_wanted() && !self.allocate(shard, wait) {
            // Release, as in `release`: the next owner acquires the last one's stores through here.
            self.owner(shard).store(0, Release);
            return None;
        }
        attached.fetch_add(1, Relaxed);
        self.words()[header::SHARDS_SEEN].fetch_max(shard as u64 + 1, Relaxed);
        Some(shard)
    }

    /// Keeps shards from being allocated.
    pub(crate) fn allocating(&self) -> MutexGuard<'_, ()> {
        self.allocated.wait_for_lock()
    }

    /// Has the system provide the memory of a shard, before it is published.
    fn allocate(&self, shard: usize, wait: bool) -> bool {
        // A shard that was in use before: registrations have allocated its memory ever since.
        if self.allocated.has(shard) {
            return true;
        }
        let overflow_records = self.view.header(header::OVERFLOW_RECORDS);
        if !wait && !self.allocated.for_shards.may_ask(overflow_records) {
            return false;
        }
        let Some(_lock) = self.allocated.lock(wait) else { return false };
        let given = self.allocated.shard(self.words(), self.layout(), shard).is_ok();
        if !given {
            self.allocated.for_shards.was_refused(overflow_records);
        }
        given
    }

    /// Whether to request cells again for a series that the system had no memory for.
    pub(crate) fn may_ask_for_series(&self) -> bool {
        self.allocated.for_series.may_ask(self.view.header(header::SATURATED_LABELS))
    }

    /// Notes that the system had no memory for the cells of a series.
    pub(crate) fn series_was_refused(&self) {
        self.allocated.for_series.was_refused(self.view.header(header::SATURATED_LABELS));
    }

    /// Releases a shard. The caller must not write to it any more.
    pub(crate) fn release(&self, shard: usize) {
        self.words()[header::ATTACHED].fetch_sub(1, Relaxed);
        // Release: the next owner's Acquire sees every record made before this.
        self.owner(shard).store(0, Release);
    }

    /// Stores the length of a clock tick, once it is known.
    pub(crate) fn set_clock_scale(&self, scale: u64) {
        if scale != 0 {
            self.words()[header::CLOCK_SCALE].store(scale, Relaxed);
        }
    }

    /// Counts into a word of the header.
    pub(crate) fn count(&self, word: usize) {
        self.words()[word].fetch_add(1, Relaxed);
    }
}

/// The reader's view, for the models.
#[cfg(all(test, tickmetrics_loom))]
impl Segment {
    pub(crate) fn directory(&self) -> &'static [AtomicU64] {
        self.view.directory().here()
    }

    pub(crate) fn shards_seen(&self) -> impl Iterator<Item = Part<'static>> {
        self.view.shards_seen()
    }
}

/// Writes the header of a new segment, and the data of its sink.
pub(crate) fn set_up(words: &[AtomicU64], layout: Layout) {
    for (word, value) in [
        (header::BYTE_ORDER, layout::BYTE_ORDER),
        (header::VERSION, layout::VERSION),
        (header::DIRECTORY_WORDS, layout.directory_words as u64),
        (header::SHARED_WORDS, layout.shared_words as u64),
        (header::SHARD_WORDS, layout.shard_words as u64),
        (header::SHARDS, layout.shards as u64),
        (header::PID, u64::from(std::process::id())),
        (header::STARTED, clock::nanos_since_epoch()),
        (header::CELLS_USED, SINK_CELLS as u64),
        (header::SHARED_USED, SINK_CELLS as u64),
        (header::SHARDS_SEEN, 1),
    ] {
        words[word].store(value, Relaxed);
    }
    if layout.shared_words > SINK_TABLE as usize {
        words[layout.shared() + SINK_TABLE as usize].store(u64::from(SINK_DISTRIBUTION), Relaxed);
    }
    // Release: a thread that reads the magic with Acquire sees the header before it.
    words[header::MAGIC].store(layout::MAGIC, Release);
}
