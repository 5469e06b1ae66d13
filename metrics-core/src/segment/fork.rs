//! The segment in a forked child: memory of its own, in which it counts from zero.
//!
//! If the parent's segment is in a file, the child's is not. The child must never write to its
//! parent's file, and must not hold its lock when the parent is gone. So before anything else runs
//! in the child, private memory replaces the shared memory, at the same addresses, and the file is
//! closed.
//!
//! The parent continues meanwhile. The child takes over the cells that were handed out at the fork,
//! as recorded in its own memory (`HandedOut`): the interned labels' numbers, which lie there, must
//! agree with the directory. A table among the shared cells may name cells that the parent handed
//! out since. The count of cells handed out is read after the tables, so that the child hands out
//! others. A gauge may have a value that the parent set in the moments after the fork.

use super::process::Segment;
use crate::layout::header;
use crate::memory;
use crate::sync::{Acquire, Relaxed, fence};
use std::io;

impl Segment {
    /// Starts over in a forked child: it has no other threads, so no shard has an owner, and the
    /// parent's counts stay the parent's. It takes no lock and allocates nothing, since the
    /// parent's other threads may have been doing so. The registration lock is held around the
    /// fork.
    pub(crate) fn start_over(&self) {
        match self.allocated.forget_file() {
            None => {
                if memory::forget(&self.words()[self.layout().shard(0)..]).is_err() {
                    self.zero();
                }
            }
            Some(file) => {
                memory::close(file);
                if self.leave_file().is_err() {
                    // There is no address space for a copy. Counting on would write to the parent's
                    // file.
                    std::process::abort();
                }
            }
        }
        self.allocated.start_over();
        let set = |word: usize, value: u64| self.words()[word].store(value, Relaxed);
        (0..self.layout().shards).for_each(|shard| set(header::OWNERS + shard, 0));
        set(header::PID, u64::from(std::process::id()));
        set(header::ATTACHED, 0);
        set(header::SHARDS_SEEN, 1);
        let counts = [
            header::OVERFLOW_RECORDS,
            header::SATURATED_LABELS,
            header::CUT_LABELS,
            header::FAILED_REGISTRATIONS,
        ];
        counts.into_iter().for_each(|word| set(word, 0));
    }

    /// Sets all counts to zero by hand, which nothing can refuse. In every shard that was ever in use. No
    /// other thread of the parent could take a further shard into use while the process was copied,
    /// since that needs a lock that is held around the fork.
    fn zero(&self) {
        let used = usize::try_from(self.view.header(header::CELLS_USED)).unwrap_or(usize::MAX);
        for shard in (0..self.layout().shards).take_while(|&shard| self.allocated.has(shard)) {
            // Cells that were never handed out were never written to. A zero is not overwritten
            // either: its page may be untouched, and would take memory.
            let counts = self.shard(shard).iter().take(used);
            counts.filter(|cell| cell.load(Relaxed) != 0).for_each(|cell| cell.store(0, Relaxed));
        }
    }

    fn leave_file(&self) -> io::Result<()> {
        let layout = self.layout();
        let used = |count: u64, of: usize| usize::try_from(count).unwrap_or(of).min(of);
        let directory = self.handed_out.directory.load(Relaxed);
        let shared = self.handed_out.shared.load(Relaxed);
        let parts = [layout.directory(), layout.shared(), layout.shard(0)];
        let words = self.words();
        memory::detach(&words[parts[2]..], 0)?;
        memory::detach(&words[parts[0]..parts[1]], used(directory, layout.directory_words))?;
        memory::detach(&words[parts[1]..parts[2]], used(shared, layout.shared_words))?;
        // Acquire pairs with the Release in `Registration::take`: the count of cells that is read
        // with the header is beyond every cell that was read in a table.
        fence(Acquire);
        memory::detach(&words[..parts[0]], header::OWNERS)?;
        words[header::DIRECTORY_USED].store(directory, Relaxed);
        words[header::SHARED_USED].store(shared, Relaxed);
        // Only hints.
        let _ = self.options.advise(words);
        Ok(())
    }
}
