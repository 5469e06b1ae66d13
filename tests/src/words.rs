//! Words that several processes share, apart from the tested memory: a process's progress in these
//! is known when it is killed.

#![expect(missing_docs, clippy::missing_panics_doc, reason = "not for users")]

use memmap2::MmapRaw;
use std::fs::File;
use std::path::Path;
use std::sync::atomic::AtomicU64;

pub struct Words(MmapRaw);

impl Words {
    const WORDS: usize = 64;
    /// A cache line each, so that the writes of one thread do not slow another one down.
    const STRIDE: usize = 8;

    /// The words beside a file; 0 each where nobody opened them before.
    pub fn beside(file: &Path) -> Self {
        let path = file.with_file_name("words");
        let file =
            File::options().read(true).write(true).create(true).truncate(false).open(path).unwrap();
        file.set_len((Self::WORDS * Self::STRIDE * size_of::<u64>()) as u64).unwrap();
        Self(MmapRaw::map_raw(&file).unwrap())
    }

    #[expect(clippy::cast_ptr_alignment, reason = "a mapping begins on a page")]
    pub fn word(&self, number: usize) -> &AtomicU64 {
        assert!(number < Self::WORDS);
        // SAFETY: the word lies within the mapping, which lives as long as the answer, begins on a
        // page, and is only ever used through these atomics.
        unsafe { AtomicU64::from_ptr(self.0.as_mut_ptr().cast::<u64>().add(number * Self::STRIDE)) }
    }
}
