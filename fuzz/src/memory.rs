//! The base segment in memory of its own: reading it takes no system call.

use crate::Words;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

pub struct SegmentMemory {
    words: Vec<AtomicU64>,
    /// Changed words, with their former values.
    changed: Vec<(usize, u64)>,
    /// How many there are at present.
    length: usize,
}

/// A state of the segment.
#[derive(Clone, Copy)]
pub struct Mark {
    changed: usize,
    length: usize,
}

impl SegmentMemory {
    pub fn new(words: Vec<u64>) -> Self {
        let words: Vec<_> = words.into_iter().map(AtomicU64::new).collect();
        let length = words.len();
        Self { words, changed: Vec::new(), length }
    }

    pub fn words(&self) -> &[AtomicU64] {
        &self.words[..self.length]
    }

    /// The state that [`restore`](Self::restore) returns to.
    pub fn mark(&self) -> Mark {
        Mark { changed: self.changed.len(), length: self.length }
    }

    /// Takes back all changes after a mark.
    pub fn restore(&mut self, mark: Mark) {
        self.length = mark.length;
        for (at, was) in self.changed.drain(mark.changed..).rev() {
            self.words[at].store(was, Relaxed);
        }
    }
}

impl Words for SegmentMemory {
    fn get(&self, at: usize) -> u64 {
        self.words().get(at).map_or(0, |word| word.load(Relaxed))
    }

    fn set(&mut self, at: usize, value: u64) {
        if at < self.length {
            self.changed.push((at, self.words[at].swap(value, Relaxed)));
        }
    }

    fn cut(&mut self, bytes: u64) {
        let words = usize::try_from(bytes / 8).unwrap_or(usize::MAX);
        self.length = self.length.min(words);
    }

    fn punch(&mut self, page: usize, pages: usize) {
        const PAGE_WORDS: usize = 512;
        let first = page * PAGE_WORDS % self.words.len();
        (first..first + pages.max(1) * PAGE_WORDS).for_each(|at| self.set(at, 0));
    }

    /// There is no hole to be had: the sizes are more than there is.
    fn stretch(&mut self, _: u64) {}
}
