use super::SegmentStats;
use crate::layout::{Layout, header};
use crate::sync::{Acquire, AtomicU64, Relaxed, fence};

/// A segment as a reader sees it: this process's own, or another's file.
///
/// The words of a foreign file may say anything and change at any time; nothing here reads outside
/// them, whatever they say. Loads are Relaxed, with a fence where an order is needed: on memory
/// that is mapped read-only no other atomic access is defined ("Atomic accesses to read-only
/// memory" in `std::sync::atomic`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    words: &'a [AtomicU64],
    layout: Layout,
}

impl<'a> View<'a> {
    /// `None` where the words are too few for the layout.
    pub(crate) fn new(words: &'a [AtomicU64], layout: Layout) -> Option<Self> {
        let words = words.get(..layout.words()?)?;
        Some(Self { words, layout })
    }

    pub(super) fn words(self) -> &'a [AtomicU64] {
        self.words
    }

    pub(crate) fn layout(self) -> Layout {
        self.layout
    }

    /// A word of the header.
    pub(crate) fn header(self, word: usize) -> u64 {
        self.words[word].load(Relaxed)
    }

    /// Cells of the given shard.
    pub(crate) fn shard(self, shard: usize) -> &'a [AtomicU64] {
        let start = self.layout.shard(shard);
        &self.words[start..start + self.layout.shard_words]
    }

    /// Cells that all threads share: gauges, and the bits of declared series.
    pub(crate) fn shared(self) -> &'a [AtomicU64] {
        let start = self.layout.shared();
        &self.words[start..start + self.layout.shared_words]
    }

    /// The published part of the directory.
    pub(crate) fn directory(self) -> &'a [AtomicU64] {
        let start = self.layout.directory();
        let used = self.header(header::DIRECTORY_USED);
        // Acquire, after the load of the length, pairs with the Release in `Registration::append`:
        // every word before that length was written before it.
        fence(Acquire);
        let used = usize::try_from(used).unwrap_or(0).min(self.layout.directory_words);
        &self.words[start..start + used]
    }

    /// Every shard that can hold anything but zeros: shard 0 and those that ever had an owner.
    pub(crate) fn shards_seen(self) -> impl Iterator<Item = &'a [AtomicU64]> {
        // Relaxed: a shard that is not seen yet is seen by the next snapshot. A reader that was
        // told of a record by other means (a join, a channel) is ordered after the fetch_max that
        // came before that record.
        let seen = usize::try_from(self.header(header::SHARDS_SEEN)).unwrap_or(0);
        (0..seen.min(self.layout.shards)).map(move |shard| self.shard(shard))
    }

    pub(crate) fn stats(self) -> SegmentStats {
        let attached = self.header(header::ATTACHED);
        SegmentStats {
            threads_attached: attached,
            shards_free: (self.layout.shards as u64).saturating_sub(1).saturating_sub(attached),
            overflow_records: self.header(header::OVERFLOW_RECORDS),
            saturated_labels: self.header(header::SATURATED_LABELS),
            failed_registrations: self.header(header::FAILED_REGISTRATIONS),
        }
    }
}
