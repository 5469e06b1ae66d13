//! The process's one segment: its set-up, who owns which shard, and the cells handed out.

mod backing;
mod builder;
mod error;
#[cfg(not(tickmetrics_loom))]
mod file;
#[cfg(not(tickmetrics_loom))]
mod fork;
mod kept;
#[cfg(not(tickmetrics_loom))]
mod options;
mod part;
mod registration;
#[cfg(all(feature = "loadable", target_env = "gnu", not(tickmetrics_loom)))]
mod unload;
mod view;

pub use builder::SegmentBuilder;
#[cfg(all(test, tickmetrics_loom))]
pub(crate) use builder::install;
#[cfg(not(tickmetrics_loom))]
pub(crate) use builder::installing;
pub use error::SegmentError;
#[cfg(not(tickmetrics_loom))]
pub(crate) use kept::KeptSet;
pub(crate) use kept::{Claim, Kept};
#[cfg(not(tickmetrics_loom))]
pub(crate) use part::{CALL, Fault, FileWords};
pub(crate) use part::{Part, Window, Words};
pub(crate) use registration::{Exhausted, Registration};
pub(crate) use view::View;

use crate::clock;
use crate::layout::{self, EXEMPLAR_CELLS, HEAD_CELLS, Layout, header};
use crate::memory;
use crate::sync::{Acquire, AtomicU64, Mutex, OnceLock, Relaxed, Release, lock, process_wide};
use backing::Backing;
use error::LayoutShown;
use std::io;
use std::sync::TryLockError;

/// Cells at the start of every shard, and of the shared part, that handles write to whose
/// registration failed: enough for the smallest histogram.
pub(crate) const SINK_CELLS: usize = if cfg!(tickmetrics_loom) { 0 } else { 64 };

/// The shared cell that says where the distribution of such a histogram begins, and what it says:
/// behind its head and its exemplar.
pub(crate) const SINK_TABLE: u32 = 8;
pub(crate) const SINK_DISTRIBUTION: u32 = HEAD_CELLS + EXEMPLAR_CELLS;

/// The memory that all metrics of the process are counted in.
///
/// It is reserved when the first metric is registered, with the sizes that
/// [`Segment::builder`] was given before, and stays until the process ends or, with the feature
/// `loadable`, the library that has it is unloaded.
#[derive(Debug)]
pub struct Segment {
    view: View<'static>,
    backing: Backing,
    #[cfg(not(tickmetrics_loom))]
    options: options::Options,
    handed_out: HandedOut,
    /// Held while cells are handed out and directory entries written.
    registration: Mutex<Kept>,
}

/// Counts of the header once more, in memory that a forked child has as it was when it was forked.
/// Under the registration lock.
#[derive(Debug)]
struct HandedOut {
    directory: std::sync::atomic::AtomicU64,
    shared: std::sync::atomic::AtomicU64,
    /// Words of the directory that values of labels may still take, which is in no header.
    promised: std::sync::atomic::AtomicUsize,
}

/// What the process's segment is used for at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentStats {
    /// Threads that have a shard of their own now.
    pub threads_attached: u64,
    /// Shards that no thread has now.
    pub shards_free: u64,
    /// Records that went to the shared overflow shard, at the price of a locked instruction,
    /// because the thread had no shard.
    pub overflow_records: u64,
    /// How often a label's value became `other`, because the label's capacity, its budget in the
    /// directory or the cells for its series were used up, or there was no memory for them.
    pub saturated_labels: u64,
    /// How often a label's value was cut, being longer than
    /// [`Interner::MAX_BYTES`](crate::Interner::MAX_BYTES).
    pub cut_labels: u64,
    /// Metrics that could not be registered and are counted nowhere (see [`crate::Metrics::global`]).
    pub failed_registrations: u64,
}

process_wide! {
    static SEGMENT: OnceLock<Segment> = OnceLock::new();
}

impl Segment {
    /// Sets the sizes of the process's segment, before its first use.
    ///
    /// ```
    /// use tickmetrics::Segment;
    ///
    /// Segment::builder().shards(32).shard_bytes(64 << 20).install()?;
    /// assert!(Segment::builder().install().is_err(), "it is in use now");
    /// # Ok::<(), tickmetrics::SegmentError>(())
    /// ```
    pub fn builder() -> SegmentBuilder {
        SegmentBuilder::default()
    }

    /// How the process's segment is used, or `None` before its first use.
    pub fn stats() -> Option<SegmentStats> {
        Self::current().map(|segment| segment.view.stats())
    }

    /// The process's segment where there is one.
    pub(crate) fn current() -> Option<&'static Self> {
        #[cfg(all(feature = "loadable", target_env = "gnu", not(tickmetrics_loom)))]
        if unload::is_gone() {
            return None;
        }
        SEGMENT.get()
    }

    /// The process's segment, which the first caller makes with the default sizes.
    pub(crate) fn get_or_reserve() -> Result<&'static Self, SegmentError> {
        if let Some(segment) = Self::current() {
            return Ok(segment);
        }
        match SegmentBuilder::default().install() {
            Ok(()) | Err(SegmentError::InUse) => Self::current().ok_or(SegmentError::InUse),
            Err(error) => Err(error),
        }
    }

    /// A segment in memory of this process alone.
    pub(crate) fn reserve(layout: Layout) -> Result<Self, SegmentError> {
        let refused = |error| SegmentError::Refused { layout: LayoutShown(layout), error };
        let too_large = || io::Error::from(io::ErrorKind::OutOfMemory);
        let words = layout.words().ok_or_else(too_large).and_then(memory::reserve);
        let words = words.map_err(refused)?;
        set_up(words, layout);
        let view = View::new(words, layout).ok_or_else(|| refused(too_large()))?;
        Ok(Self::of(view, Backing::new(None)))
    }

    /// The segment in words that are set up.
    fn of(view: View<'static>, backing: Backing) -> Self {
        Self {
            view,
            backing,
            #[cfg(not(tickmetrics_loom))]
            options: options::Options::default(),
            handed_out: HandedOut {
                directory: 0.into(),
                shared: (SINK_CELLS as u64).into(),
                promised: 0.into(),
            },
            registration: Mutex::new(Kept::default()),
        }
    }

    /// Does what was asked for with the memory, before it is used, and answers what could not be
    /// done.
    #[cfg(not(tickmetrics_loom))]
    fn apply(&mut self, mut options: options::Options) -> Vec<String> {
        let warnings = options.apply(self.words());
        self.backing.set_prefault(options.prefault);
        self.options = options;
        warnings
    }

    /// The segment as a reader sees it.
    pub(crate) fn view(&self) -> View<'static> {
        self.view
    }

    /// The registration lock. Whoever holds it is the only one to change the header's counts of
    /// what is used, and to append to the directory.
    pub(crate) fn registration(&self) -> Registration<'_> {
        // A panic can't leave the counts half-changed: each is one store.
        Registration { segment: self, kept: lock(&self.registration) }
    }

    /// As `registration`, or `None` where another thread has the lock.
    fn try_registration(&self) -> Option<Registration<'_>> {
        let guard = match self.registration.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(Registration { segment: self, kept: guard })
    }

    /// Cells of the given shard.
    pub(crate) fn shard(&self, shard: usize) -> &'static [AtomicU64] {
        self.view.shard(shard)
    }

    /// Cells that all threads share: gauges, and the bits of declared series.
    pub(crate) fn shared(&self) -> &'static [AtomicU64] {
        self.view.shared()
    }

    fn words(&self) -> &'static [AtomicU64] {
        self.view.words()
    }

    fn layout(&self) -> Layout {
        self.view.layout()
    }

    fn owner(&self, shard: usize) -> &'static AtomicU64 {
        &self.words()[header::OWNERS + shard]
    }

    /// Takes a free shard for a thread, or `None` where every shard has an owner, or where memory is
    /// to be asked for first and another thread is at it, or the system has none.
    ///
    /// The lowest free one is taken, so that as few as possible are ever touched.
    pub(crate) fn claim(&self) -> Option<usize> {
        self.claim_shard(false)
    }

    /// As `claim`, and waits for other threads that ask for memory.
    pub(crate) fn claim_waiting(&self) -> Option<usize> {
        self.claim_shard(true)
    }

    fn claim_shard(&self, wait: bool) -> Option<usize> {
        let attached = &self.words()[header::ATTACHED];
        // Relaxed: a hint that spares the overflow path a search. If it misses a release, the next
        // record of this thread looks again.
        if attached.load(Relaxed) >= self.layout().shards as u64 - 1 {
            return None;
        }
        // Acquire pairs with the Release in `release`: the cells are seen as the last owner left
        // them, so that going on from their values loses nothing.
        let shard = (1..self.layout().shards).find(|&shard| {
            let owner = self.owner(shard);
            owner.load(Relaxed) == 0 && owner.compare_exchange(0, 1, Acquire, Relaxed).is_ok()
        })?;
        if self.backing.is_wanted() && !self.back(shard, wait) {
            // Release, as in `release`: the next owner acquires what the last one left, through here.
            self.owner(shard).store(0, Release);
            return None;
        }
        attached.fetch_add(1, Relaxed);
        self.words()[header::SHARDS_SEEN].fetch_max(shard as u64 + 1, Relaxed);
        Some(shard)
    }

    /// Has the system give the memory of a shard, before anyone else is told of it.
    fn back(&self, shard: usize, wait: bool) -> bool {
        // One that was in use before: registrations see to its memory ever since.
        if self.backing.has(shard) {
            return true;
        }
        let overflow_records = self.view.header(header::OVERFLOW_RECORDS);
        if !wait && !self.backing.for_shards.may_ask(overflow_records) {
            return false;
        }
        let registration = if wait { Some(self.registration()) } else { self.try_registration() };
        let Some(_registration) = registration else { return false };
        let given = self.backing.shard(self.words(), self.layout(), shard).is_ok();
        if !given {
            self.backing.for_shards.was_refused(overflow_records);
        }
        given
    }

    /// Whether cells may be asked for again for a series that the system had no memory for.
    pub(crate) fn may_ask_for_series(&self) -> bool {
        self.backing.for_series.may_ask(self.view.header(header::SATURATED_LABELS))
    }

    /// The system had no memory for the cells of a series.
    pub(crate) fn series_was_refused(&self) {
        self.backing.for_series.was_refused(self.view.header(header::SATURATED_LABELS));
    }

    /// Gives a shard back. The caller must not write to it any more.
    pub(crate) fn release(&self, shard: usize) {
        self.words()[header::ATTACHED].fetch_sub(1, Relaxed);
        // Release: the next owner's Acquire sees every record made before this.
        self.owner(shard).store(0, Release);
    }

    /// Says how long a tick of the clock is, once that is known.
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

/// What the models look at, as a reader sees it.
#[cfg(all(test, tickmetrics_loom))]
impl Segment {
    pub(crate) fn directory(&self) -> &'static [AtomicU64] {
        self.view.directory().here()
    }

    pub(crate) fn shards_seen(&self) -> impl Iterator<Item = Part<'static>> {
        self.view.shards_seen()
    }
}

/// Writes the header of a new segment, and what its sink needs.
fn set_up(words: &[AtomicU64], layout: Layout) {
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
    // Release: whoever reads the magic with Acquire sees the header before it.
    words[header::MAGIC].store(layout::MAGIC, Release);
}
