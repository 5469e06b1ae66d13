use super::part::FileWords;
use super::part::Part;
use super::stats::SegmentStats;
use crate::layout::{Layout, header};
use crate::sync::{Acquire, AtomicU64, Relaxed, fence};

/// A segment for a reader: this process's own, or another's file.
///
/// The words of a foreign file may be anything and change at any time; nothing here reads outside
/// them, whatever they are. Loads are Relaxed, with a fence if an order is needed, as [`Part`]
/// documents for files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// The whole segment, if it is in this process's memory; empty if it is read from a file.
    words: &'a [AtomicU64],
    file: Option<&'a FileWords<'a>>,
    layout: Layout,
}

impl<'a> View<'a> {
    /// `None` if the words are too few for the layout.
    pub(crate) fn new(words: &'a [AtomicU64], layout: Layout) -> Option<Self> {
        let words = words.get(..layout.words()?)?;
        Some(Self { words, file: None, layout })
    }

    /// Another process's segment.
    pub(crate) fn of_file(file: &'a FileWords<'a>, layout: Layout) -> Self {
        Self { words: &[], file: Some(file), layout }
    }

    /// The words in this process's memory.
    pub(super) fn words(self) -> &'a [AtomicU64] {
        self.words
    }

    pub(crate) fn layout(self) -> Layout {
        self.layout
    }

    /// A word of the header.
    pub(crate) fn header(self, word: usize) -> u64 {
        match self.words.get(word) {
            Some(word) => word.load(Relaxed),
            None => self.part(0, header::OWNERS).load(word),
        }
    }

    /// Cells of the given shard of this process.
    pub(crate) fn shard(self, shard: usize) -> &'a [AtomicU64] {
        let start = self.layout.shard(shard);
        &self.words[start..start + self.layout.shard_words]
    }

    /// Cells that all threads of this process share: gauges, and the bits of declared series.
    pub(crate) fn shared(self) -> &'a [AtomicU64] {
        let start = self.layout.shared();
        &self.words[start..start + self.layout.shared_words]
    }

    /// As [`shared`](Self::shared), for any process.
    pub(crate) fn shared_part(self) -> Part<'a> {
        self.part(self.layout.shared(), self.layout.shared_words)
    }

    /// The published part of the directory, from its first word on.
    pub(crate) fn directory(self) -> Part<'a> {
        let start = self.layout.directory();
        let used = self.header(header::DIRECTORY_USED);
        // Acquire, after the load of the length, pairs with the Release in `Registration::append`:
        // every word before that length was written before it.
        fence(Acquire);
        let used = usize::try_from(used).unwrap_or(0).min(self.layout.directory_words);
        self.part(start, used)
    }

    /// Every shard that can hold anything but zeros: shard 0 and those that ever had an owner.
    pub(crate) fn shards_seen(self) -> impl Iterator<Item = Part<'a>> {
        // Relaxed: a shard that is not seen yet is seen by the next snapshot. A reader that learned
        // of a record by other means (a join, a channel) is ordered after the fetch_max that came
        // before that record.
        let seen = usize::try_from(self.header(header::SHARDS_SEEN)).unwrap_or(0);
        let shard = move |shard| self.part(self.layout.shard(shard), self.layout.shard_words);
        (0..seen.min(self.layout.shards)).map(shard)
    }

    fn part(self, start: usize, words: usize) -> Part<'a> {
        if let Some(file) = self.file {
            return Part::of_file(file, start, words);
        }
        Part::of_memory(&self.words[start..start + words])
    }

    pub(crate) fn stats(self) -> SegmentStats {
        let attached = self.header(header::ATTACHED);
        SegmentStats {
            threads_attached: attached,
            shards_free: (self.layout.shards as u64).saturating_sub(1).saturating_sub(attached),
            overflow_records: self.header(header::OVERFLOW_RECORDS),
            saturated_labels: self.header(header::SATURATED_LABELS),
            cut_labels: self.header(header::CUT_LABELS),
            failed_registrations: self.header(header::FAILED_REGISTRATIONS),
        }
    }
}
