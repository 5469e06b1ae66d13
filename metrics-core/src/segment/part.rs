//! Words of a segment for a reader: in this process's memory, or copied from another process's
//! file.
//!
//! A file is read by system calls and not mapped. A touch of a hole in a mapped file makes the file
//! system fill it, in `/dev/shm` with memory. A touch of a truncated part ends the process. And
//! anybody can make a file with holes, or truncate it. A call reads zeros in a hole and an end
//! behind the end.
//!
//! Three properties make calls as good as loads:
//!
//! 1. Words are read in the order in which the loads would be made, and each call ends before the
//!    next begins. The caller's fences are between, and order the loads of the system's copy as
//!    they do the thread's own: this thread makes both.
//! 2. No word is torn. The system copies words that are aligned on both sides by loads of eight
//!    bytes and more. No standard promises that; a test checks it
//!    (`tests/tests/segment_sparse.rs`).
//! 3. Words read ahead are older than the load would be, never newer than a load that comes after.
//!    So a reader that needs words in an order does not read them through one [`Window`].

use crate::sync::{AtomicU64, Relaxed};
pub(crate) use file::{CALL, Fault, FileWords};
use std::ops::{Deref, Range};

/// Consecutive words: the header, the directory, the shared cells, or a shard's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    storage: Storage<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Storage<'a> {
    Memory(&'a [AtomicU64]),
    File { file: &'a FileWords<'a>, start: usize, words: usize },
}

/// Some words of a part.
#[derive(Debug)]
pub(crate) enum Words<'a> {
    Here(&'a [AtomicU64]),
    Read(Box<[AtomicU64]>),
}

impl<'a> Part<'a> {
    pub(super) fn of_memory(words: &'a [AtomicU64]) -> Self {
        Self { storage: Storage::Memory(words) }
    }

    pub(super) fn of_file(file: &'a FileWords<'a>, start: usize, words: usize) -> Self {
        Self { storage: Storage::File { file, start, words } }
    }

    pub(crate) fn len(self) -> usize {
        match self.storage {
            Storage::Memory(words) => words.len(),
            Storage::File { words, .. } => words,
        }
    }

    /// Some of the words. A file's are loaded here, others by the caller. `None` if there are no
    /// such words, or if a file can't be read, which [`FileWords`] remembers.
    #[inline]
    pub(crate) fn get(self, range: Range<usize>) -> Option<Words<'a>> {
        match self.storage {
            Storage::Memory(words) => words.get(range).map(Words::Here),
            Storage::File { file, start, words } => {
                let fits = range.start <= range.end && range.end <= words;
                let read = || file.read(start + range.start, range.len());
                fits.then(read).flatten().map(Words::Read)
            }
        }
    }

    /// One of the words, now; 0 if there is none.
    #[inline]
    pub(crate) fn load(self, at: usize) -> u64 {
        match self.storage {
            Storage::Memory(words) => words.get(at).map_or(0, |word| word.load(Relaxed)),
            Storage::File { .. } => self
                .get(at..at + 1)
                .map_or(0, |words| words.iter().map(|it| it.load(Relaxed)).sum()),
        }
    }

    /// The words, if they are in this process's memory.
    #[cfg(tickmetrics_loom)]
    pub(crate) fn here(self) -> &'a [AtomicU64] {
        match self.storage {
            Storage::Memory(words) => words,
            Storage::File { .. } => &[],
        }
    }
}

/// No words.
impl Default for Part<'_> {
    fn default() -> Self {
        Self::of_memory(&[])
    }
}

impl Default for Words<'_> {
    fn default() -> Self {
        Self::Here(&[])
    }
}

impl Deref for Words<'_> {
    type Target = [AtomicU64];

    #[inline]
    fn deref(&self) -> &[AtomicU64] {
        match self {
            Self::Here(words) => words,
            Self::Read(words) => words,
        }
    }
}

/// Words of a part that are read in turn: from a file, several at a time.
#[derive(Debug)]
pub(crate) struct Window<'a> {
    part: Part<'a>,
    /// The least words of one read from a file.
    ahead: usize,
    /// The position of `words`.
    start: usize,
    words: Words<'a>,
}

impl<'a> Window<'a> {
    pub(crate) fn new(part: Part<'a>, ahead: usize) -> Self {
        let words = match part.storage {
            Storage::Memory(words) => Words::Here(words),
            Storage::File { .. } => Words::default(),
        };
        Self { part, ahead, start: 0, words }
    }

    /// Words of the part; empty if there are no such words.
    #[inline]
    pub(crate) fn get(&mut self, range: Range<usize>) -> &[AtomicU64] {
        if range.start < self.start || range.end > self.start + self.words.len() {
            self.move_to(&range);
        }
        let at = range.start.wrapping_sub(self.start);
        self.words.get(at..at.wrapping_add(range.len())).unwrap_or_default()
    }

    /// The most words for one request.
    pub(crate) fn most(&self) -> usize {
        match self.part.storage {
            Storage::Memory(_) => usize::MAX,
            Storage::File { .. } => 16 * self.ahead,
        }
    }

    #[cold]
    fn move_to(&mut self, range: &Range<usize>) {
        if let Storage::Memory(_) = self.part.storage {
            return;
        }
        let end = range.end.max(range.start.saturating_add(self.ahead)).min(self.part.len());
        self.start = range.start;
        self.words = self.part.get(range.start..end.max(range.start)).unwrap_or_default();
    }
}

mod file {
    use crate::layout::WORD_BYTES;
    use crate::memory;
    use crate::sync::{AtomicU64, Mutex, lock};
    use std::fs::File;
    use std::io;

    /// One call to read takes as long as copying this many bytes, at least.
    pub(crate) const CALL: u64 = 256;

    /// Another process's file, for one reading.
    #[derive(Debug)]
    pub(crate) struct FileWords<'a> {
        file: &'a File,
        most: u64,
        state: Mutex<State>,
    }

    #[derive(Debug, Default)]
    struct State {
        /// The bytes read.
        read: u64,
        /// The reason why no more were read.
        fault: Option<Fault>,
        /// Memory for words in transit.
        bytes: Vec<u8>,
    }

    /// The reason why words were not read.
    #[derive(Debug)]
    pub(crate) enum Fault {
        System(io::Error),
        /// The words exceed the limit; at least this many are needed.
        TooMany {
            bytes: u64,
            most: u64,
        },
    }

    impl<'a> FileWords<'a> {
        /// For at most this many bytes.
        pub(crate) fn new(file: &'a File, most: u64) -> Self {
            Self { file, most, state: Mutex::default() }
        }

        /// The reason why some words could not be read, if there was one: these counted as zeros.
        pub(crate) fn fault(&self) -> Option<Fault> {
            lock(&self.state).fault.take()
        }

        #[cold]
        pub(super) fn read(&self, start: usize, count: usize) -> Option<Box<[AtomicU64]>> {
            let State { read, fault, bytes } = &mut *lock(&self.state);
            let asked = (count as u64).saturating_mul(WORD_BYTES as u64).max(CALL);
            let total = read.saturating_add(asked);
            if total > self.most {
                fault.get_or_insert(Fault::TooMany { bytes: total, most: self.most });
                return None;
            }
            *read = total;
            bytes.resize(count * WORD_BYTES, 0);
            if let Err(error) = memory::read_exact_at(self.file, bytes, (start * WORD_BYTES) as u64)
            {
                fault.get_or_insert(Fault::System(error));
                return None;
            }
            let words = bytes.as_chunks().0.iter();
            Some(words.map(|&word| AtomicU64::new(u64::from_ne_bytes(word))).collect())
        }
    }
}
