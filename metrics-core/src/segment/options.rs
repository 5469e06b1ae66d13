use crate::memory;
use crate::sync::AtomicU64;
use std::io;

/// Requests to the system for the segment's memory, apart from its size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a method of the builder")]
pub(crate) struct Options {
    pub(crate) prefault: bool,
    pub(crate) lock_memory: bool,
    pub(crate) huge_pages: bool,
    pub(crate) core_dump: bool,
}

#[cfg(not(tickmetrics_loom))]
impl Options {
    /// Tells the system the use of the memory. It allocates nothing, so that a forked child may
    /// call it, too.
    pub(super) fn advise(self, words: &[AtomicU64]) -> io::Result<()> {
        let dump = if self.core_dump { memory::MADV_DODUMP } else { memory::MADV_DONTDUMP };
        // A kernel without this advice makes a core dump larger, or smaller.
        let _ = memory::advise(words, dump);
        if self.huge_pages {
            return memory::advise(words, memory::MADV_HUGEPAGE);
        }
        // By default the kernel might fill memory with huge pages that contain a few used cells.
        let _ = memory::advise(words, memory::MADV_NOHUGEPAGE);
        Ok(())
    }

    /// Makes the requests, and returns those that failed: counting needs none of them.
    pub(super) fn apply(&mut self, words: &[AtomicU64]) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Err(error) = self.advise(words) {
            warnings.push(format!(
                "huge_pages: the kernel has none to give ({error}): it needs transparent huge \
                 pages; the segment lies in pages of the usual size"
            ));
        }
        if self.lock_memory
            && let Err(error) = memory::lock_on_fault(words)
        {
            warnings.push(format!(
                "lock_memory: the segment is not locked ({error}): the whole of it counts, so raise \
                 the limit to {} KiB (ulimit -l, LimitMEMLOCK=), give the process CAP_IPC_LOCK, or \
                 lower Segment::builder().shards() and .shard_bytes(); its pages may be swapped out",
                size_of_val(words) >> 10
            ));
        }
        // The header, which is written to in any case.
        if self.prefault
            && let Err(error) = memory::populate(&words[..1])
        {
            self.prefault = false;
            warnings.push(format!(
                "prefault: the kernel can't ({error}): it needs Linux 5.14; call warm_up() on each \
                 thread"
            ));
        }
        warnings
    }
}
