//! A process keeps everything that it registers: a fuzzer would fill any segment. So the segment
//! lies in a file here, and is restored from outside to its state before an input. No later
//! registry knows the former contents.

use crate::base::header;
use memmap2::MmapMut;
use std::ops::Range;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fs, io};
use tickmetrics::Segment;

const PART_BYTES: usize = 8 << 20;
const PART_WORDS: usize = PART_BYTES / 8;
/// The header and the owners of few shards lie in the smallest part that there is.
const HEADER_WORDS: usize = (64 << 10) / 8;

/// The process's segment.
pub struct Rewind {
    words: MmapMut,
    mark: Used,
    created: u64,
}

/// Words that are handed out: of the directory, of the shared cells, of each shard.
type Used = [usize; 3];

impl Rewind {
    /// Installs the segment. `before` registers the metrics that stay.
    pub fn new(before: impl FnOnce()) -> io::Result<Self> {
        let path = format!("/dev/shm/tickmetrics-fuzz-encoders-{}", std::process::id());
        let builder = Segment::builder().shards(1).shard_bytes(PART_BYTES);
        let builder = builder.directory_bytes(PART_BYTES).shared_bytes(PART_BYTES).path(&path);
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_err(io::Error::other);
        let before_it = now()?;
        builder.install().map_err(io::Error::other)?;
        let after_it = now()?;
        let file = fs::File::options().read(true).write(true).open(&path)?;
        fs::remove_file(&path)?;
        // SAFETY: written to only between two inputs, by the thread that records.
        let words = unsafe { MmapMut::map_mut(&file)? };
        before();
        let mut new = Self { words, mark: [0; 3], created: 0 };
        new.created = new.words()[header::STARTED];
        if !(before_it..=after_it).contains(&Duration::from_nanos(new.created)) {
            return Err(io::Error::other("the segment was made at another time"));
        }
        new.mark = new.used();
        // Header, directory, shared cells, the overflow shard and the thread's.
        if new.words().len() != HEADER_WORDS + 4 * PART_WORDS || new.mark[0] == 0 {
            return Err(io::Error::other("the segment has other parts than it was asked for"));
        }
        Ok(new)
    }

    /// When the segment was made, in nanoseconds since 1970.
    pub fn created(&self) -> u64 {
        self.created
    }

    /// Takes back all registrations and records after the mark.
    pub fn rewind(&mut self) {
        let (mark, used) = (self.mark, self.used());
        let [directory, shared, cells] = [0, 1, 2].map(|part| mark[part]..used[part]);
        let part = |number: usize, range: &Range<usize>| {
            let start = HEADER_WORDS + number * PART_WORDS;
            start + range.start..start + range.end
        };
        for range in [part(0, &directory), part(1, &shared), part(2, &cells), part(3, &cells)] {
            self.words_mut()[range].fill(0);
        }
        self.words_mut()[header::DIRECTORY_USED] = mark[0] as u64;
        self.words_mut()[header::SHARED_USED] = mark[1] as u64;
        self.words_mut()[header::CELLS_USED] = mark[2] as u64;
    }

    fn used(&self) -> Used {
        [header::DIRECTORY_USED, header::SHARED_USED, header::CELLS_USED]
            .map(|at| usize::try_from(self.words()[at]).unwrap_or(usize::MAX).min(PART_WORDS))
    }

    fn words(&self) -> &[u64] {
        // SAFETY: all bytes are words, for which any value is valid.
        unsafe { self.words.align_to().1 }
    }

    fn words_mut(&mut self) -> &mut [u64] {
        // SAFETY: as above.
        unsafe { self.words.align_to_mut().1 }
    }
}
