use super::{SEGMENT, Segment, SegmentError};
use crate::layout::{ALIGN_BYTES, ALIGN_WORDS, Layout, WORD_BYTES};
use crate::shard;
use crate::sync::{Mutex, lock, process_wide};
use std::path::PathBuf;

process_wide! {
    /// Two first users race for this lock, not for the memory.
    static INSTALL: Mutex<()> = Mutex::new(());
}

/// Sizes of the process's segment. See [`Segment::builder`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing is reserved before `install`"]
pub struct SegmentBuilder {
    shards: usize,
    shard_bytes: usize,
    directory_bytes: usize,
    shared_bytes: usize,
    path: Option<PathBuf>,
}

impl Default for SegmentBuilder {
    fn default() -> Self {
        Self {
            shards: 256,
            shard_bytes: 256 << 20,
            directory_bytes: 64 << 20,
            shared_bytes: 256 << 20,
            path: None,
        }
    }
}

impl SegmentBuilder {
    /// How many threads can have cells of their own at a time, 1 to 65,536; 256 by default.
    /// Threads beyond it share one shard, at the price of a locked instruction for each record.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = shards;
        self
    }

    /// Address space for the cells of one thread in bytes, 64 KiB to 32 GiB; 256 MiB by default.
    /// A page of it takes memory once the thread wrote to it.
    pub fn shard_bytes(mut self, bytes: usize) -> Self {
        self.shard_bytes = bytes;
        self
    }

    /// Address space for names, help and label values in bytes, 64 KiB to 32 GiB; 64 MiB by default.
    pub fn directory_bytes(mut self, bytes: usize) -> Self {
        self.directory_bytes = bytes;
        self
    }

    /// Address space for gauges in bytes, 64 to a series, 64 KiB to 32 GiB; 256 MiB by default.
    pub fn shared_bytes(mut self, bytes: usize) -> Self {
        self.shared_bytes = bytes;
        self
    }

    /// Puts the segment into a file, typically under `/dev/shm`, so that other processes can read it
    /// with [`SegmentReader`](crate::SegmentReader) while this one runs, and after it ended. `{pid}`
    /// in the path becomes the process's id.
    ///
    /// The file is there under its name once it is whole, for the user alone (mode 0600), and stays
    /// when the process ends. What a process that is gone left there is replaced; a file that a
    /// living process counts in, or that is no segment, is not.
    ///
    /// ```
    /// use metrics_core::{Registry, Segment, SegmentReader, Counter, Description};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let path = std::env::temp_dir().join(format!("tickmetrics-doc-{}", std::process::id()));
    /// # let path = path.to_str().unwrap();
    /// // let path = "/dev/shm/gateway.metrics";
    /// Segment::builder().path(path).install()?;
    /// let orders: Counter = Registry::global().register(&Description::new("orders_total", "Orders."))?;
    /// orders.add(3);
    ///
    /// // In another process, or in this one:
    /// let mut reader = SegmentReader::open(path)?;
    /// assert_eq!(reader.snapshot()?.counter("orders_total", &[]), Some(3));
    /// # std::fs::remove_file(path)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Reserves the segment.
    ///
    /// Where the system refuses the size (a limit on address space, strict overcommit), the parts
    /// are halved until it agrees, down to 1 MiB each.
    ///
    /// # Errors
    /// [`SegmentError::InUse`] where a metric was registered or another builder installed before;
    /// [`SegmentError::OutOfRange`] for a size outside its range; [`SegmentError::Refused`] where
    /// the system gives not even the smallest size. For a file, [`SegmentError::Alive`] where a living
    /// process counts in it, [`SegmentError::NotASegment`] where something else has that name, and
    /// [`SegmentError::File`] where the system refuses it.
    pub fn install(self) -> Result<(), SegmentError> {
        let layout = self.layout()?;
        install(|| match &self.path {
            #[cfg(not(tickmetrics_loom))]
            Some(path) => super::file::create(&super::file::expand(path), layout),
            _ => reserve_shrinking(layout),
        })
    }

    fn layout(&self) -> Result<Layout, SegmentError> {
        let words = |name: &'static str, bytes: usize| {
            let allowed = 64 << 10..=32 << 30;
            if allowed.contains(&bytes) {
                Ok(bytes.next_multiple_of(ALIGN_BYTES) / WORD_BYTES)
            } else {
                Err(SegmentError::OutOfRange { setting: name, value: bytes, allowed })
            }
        };
        let allowed = 1..=1 << 16;
        if !allowed.contains(&self.shards) {
            return Err(SegmentError::OutOfRange {
                setting: "shards",
                value: self.shards,
                allowed,
            });
        }
        Ok(Layout {
            shards: self.shards + 1,
            shard_words: words("shard_bytes", self.shard_bytes)?,
            directory_words: words("directory_bytes", self.directory_bytes)?,
            shared_words: words("shared_bytes", self.shared_bytes)?,
        })
    }
}

/// Makes the process's segment.
pub(crate) fn install(
    make: impl FnOnce() -> Result<Segment, SegmentError>,
) -> Result<(), SegmentError> {
    let _installing = lock(&INSTALL);
    if SEGMENT.get().is_some() {
        return Err(SegmentError::InUse);
    }
    let segment = make()?;
    // Before the segment is known: whoever finds it finds the shared cells.
    shard::share(&segment);
    SEGMENT.set(segment).map_err(|_| SegmentError::InUse)
}

/// Reserves a segment of this layout, or of half the part sizes, or of a quarter...
fn reserve_shrinking(mut layout: Layout) -> Result<Segment, SegmentError> {
    const SMALLEST: usize = (1 << 20) / WORD_BYTES;
    let halve = |words: usize| (words / 2).next_multiple_of(ALIGN_WORDS).max(SMALLEST.min(words));
    loop {
        let error = match Segment::reserve(layout) {
            Ok(segment) => return Ok(segment),
            Err(error) => error,
        };
        let smaller = Layout {
            shards: layout.shards,
            shard_words: halve(layout.shard_words),
            directory_words: halve(layout.directory_words),
            shared_words: halve(layout.shared_words),
        };
        if smaller == layout {
            return Err(error);
        }
        layout = smaller;
    }
}
