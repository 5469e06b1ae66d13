//! The file for the reader: the base segment in memory, under a name in `/proc`. It is made once;
//! the changes of an input are undone after it.

use crate::Words;
use crate::base::WORDS;
use memmap2::MmapMut;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::MetadataExt;

pub struct SegmentFile {
    file: File,
    map: MmapMut,
    /// The words of the base that are not zero, in the order of their positions.
    base: Vec<(usize, u64)>,
    /// Changed words, with their former values.
    changed: Vec<(usize, u64)>,
    /// Whether pages of it are a hole that were none.
    is_punched: bool,
    bytes: u64,
}

impl SegmentFile {
    pub fn new(words: &[u64]) -> io::Result<Self> {
        // SAFETY: the name is a C string, and the answer is checked.
        let fd = unsafe { libc::memfd_create(c"segment".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new, so nobody else closes it.
        let file = unsafe { File::from_raw_fd(fd) };
        let bytes = words.len() as u64 * 8;
        file.set_len(bytes)?;
        // SAFETY: the reader maps the same file, and reads it atomically, never while this writes.
        let map = unsafe { MmapMut::map_mut(&file)? };
        let base = words.iter().copied().enumerate().filter(|word| word.1 != 0).collect();
        let mut new = Self { file, map, base, changed: Vec::new(), is_punched: false, bytes };
        new.restore_from(0);
        Ok(new)
    }

    pub fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.file.as_raw_fd())
    }

    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many bytes the system has for it.
    pub fn allocated(&self) -> u64 {
        self.file.metadata().map_or(0, |about| about.blocks() * 512)
    }

    /// The words that lie in the file as long as it is now.
    fn words(&self) -> usize {
        usize::try_from(self.bytes / 8).map_or(WORDS, |words| words.min(WORDS))
    }

    /// Makes it the base segment again.
    pub fn restore(&mut self) {
        let cut = self.words();
        self.resize(WORDS as u64 * 8);
        while let Some((at, was)) = self.changed.pop() {
            self.raw_mut()[at] = was;
        }
        if std::mem::take(&mut self.is_punched) {
            self.restore_from(0);
        } else if cut < WORDS {
            self.restore_from(cut);
        }
    }

    fn resize(&mut self, bytes: u64) {
        if bytes != self.bytes {
            self.file.set_len(bytes).expect("the size of a file in memory can be changed");
            self.bytes = bytes;
        }
    }

    /// Writes the words of the base from this one on, where zeros are now.
    fn restore_from(&mut self, first: usize) {
        let base = std::mem::take(&mut self.base);
        let start = base.partition_point(|word| word.0 < first);
        base[start..].iter().for_each(|&(at, value)| self.raw_mut()[at] = value);
        self.base = base;
    }

    fn raw(&self) -> &[u64] {
        // SAFETY: all bytes are words, for which any value is valid.
        unsafe { self.map.align_to().1 }
    }

    fn raw_mut(&mut self) -> &mut [u64] {
        // SAFETY: as above.
        unsafe { self.map.align_to_mut().1 }
    }
}

impl Words for SegmentFile {
    fn get(&self, at: usize) -> u64 {
        if at < self.words() { self.raw()[at] } else { 0 }
    }

    fn set(&mut self, at: usize, value: u64) {
        if at < self.words() {
            let word = &mut self.raw_mut()[at];
            let was = std::mem::replace(word, value);
            self.changed.push((at, was));
        }
    }

    fn cut(&mut self, bytes: u64) {
        if bytes < self.bytes {
            self.resize(bytes);
        }
    }

    fn punch(&mut self, page: usize, pages: usize) {
        const PAGE: usize = 4096;
        let page = page % (WORDS * 8 / PAGE);
        let mode = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
        let (at, bytes) = ((page * PAGE) as libc::off_t, (pages.max(1) * PAGE) as libc::off_t);
        // SAFETY: the call touches no memory of this process but the file's, which is only words.
        let done = unsafe { libc::fallocate(self.file.as_raw_fd(), mode, at, bytes) };
        assert_eq!(done, 0, "{}", io::Error::last_os_error());
        self.is_punched = true;
    }

    fn stretch(&mut self, bytes: u64) {
        if bytes > self.bytes {
            self.resize(bytes);
        }
    }
}
