//! Another process's segment, read from its file.

mod error;

pub use error::ReadError;

use crate::layout::{self, Layout, PART_BYTES, THREAD_SHARDS, WORD_BYTES, header};
use crate::memory::{self, Mapping};
use crate::segment::{SegmentStats, View};
use crate::snapshot::{Budget, Catalogue, Snapshot};
pub(crate) use error::Why;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Reads the segment that a process counts in, or counted in while it lived, from its file (see
/// [`SegmentBuilder::path`](crate::SegmentBuilder::path)).
///
/// The process notices nothing of it. Whatever the file holds, reading it ends with an answer or an
/// error, with one exception that no reader of mapped memory can exclude: a file that someone cuts
/// short while a snapshot is under way, or whose holes a full file system can't fill, ends the
/// reader with SIGBUS. No process that uses this library does the former.
///
/// A reader stays with the file that it opened. When another process takes over the path, open it
/// again.
///
/// ```no_run
/// use metrics_core::SegmentReader;
///
/// let mut reader = SegmentReader::open("/dev/shm/gateway.metrics")?;
/// let process = reader.process()?;
/// println!("{} {}", process.pid, if process.is_alive { "lives" } else { "ended" });
/// println!("{:?}", reader.snapshot()?);
/// # Ok::<(), metrics_core::ReadError>(())
/// ```
pub struct SegmentReader {
    path: PathBuf,
    file: File,
    mapping: Mapping,
    layout: Layout,
    catalogue: Catalogue,
    left_out: usize,
}

/// The process whose segment is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Process {
    /// Its id, in its own namespace of process ids.
    pub pid: u32,
    /// When it began to count: when its segment was installed.
    pub started: SystemTime,
    /// Whether it lives: whether it holds the lock on the file.
    pub is_alive: bool,
}

impl SegmentReader {
    /// Opens a segment's file for reading.
    ///
    /// # Errors
    /// [`ReadError::Io`] where the file is not there or can't be read, and each other variant of
    /// [`ReadError`] for a file that is not one this version can read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        let path = path.into();
        match Self::open_at(&path) {
            Ok((file, mapping, layout)) => {
                let catalogue = Catalogue::of_all();
                Ok(Self { path, file, mapping, layout, catalogue, left_out: 0 })
            }
            Err(why) => Err(why.at(path)),
        }
    }

    fn open_at(path: &Path) -> Result<(File, Mapping, Layout), Why> {
        // Without waiting for the other end of a pipe.
        let mut options = File::options();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
        let file = options.read(true).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(Why::NotASegment);
        }
        let layout = read_layout(&file, metadata.len())?;
        let needs = layout.words().ok_or(Why::Header)?;
        check_length(&file, layout)?;
        let mapping = Mapping::read_only(&file, needs)?;
        Ok((file, mapping, layout))
    }

    /// The values of all metrics of the process now, or at its end.
    ///
    /// It is the snapshot that the process itself would take, of all its registries. Where several
    /// of them have a metric of one name, the name is the first one's; see
    /// [`left_out`](Self::left_out). Functions given to
    /// [`Registry::gauge_fn`](crate::Registry::gauge_fn) are not asked: their gauges show what the
    /// process's own last snapshot found.
    ///
    /// # Errors
    /// [`ReadError::Truncated`] where the file was cut short since it was opened;
    /// [`ReadError::Damaged`] where its directory says what can't be. Then nothing is read: cells
    /// without a word on what they count are worth nothing, and those before the damage may be
    /// told of wrongly, too. [`ReadError::TooLarge`] where labels or buckets would take memory out
    /// of proportion to the file.
    pub fn snapshot(&mut self) -> Result<Snapshot, ReadError> {
        self.read().map_err(|why| why.at(&self.path))
    }

    fn read(&mut self) -> Result<Snapshot, Why> {
        check_length(&self.file, self.layout)?;
        let view = View::new(self.mapping.words(), self.layout).ok_or(Why::Header)?;
        let mut snapshot = snapshot(&mut self.catalogue, view)?;
        self.left_out = snapshot.keep_first_registries();
        Ok(snapshot)
    }

    /// How many metrics the last snapshot left out, because another registry had their name before.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The process that counts here, and whether it lives at this moment.
    ///
    /// # Errors
    /// [`ReadError::Truncated`], and [`ReadError::Io`] where the system can't tell.
    pub fn process(&self) -> Result<Process, ReadError> {
        let view = self.view()?;
        let started = Duration::from_nanos(view.header(header::STARTED));
        let is_alive = memory::is_locked(&self.file).map_err(|error| self.io(error))?;
        Ok(Process {
            pid: u32::try_from(view.header(header::PID)).unwrap_or(0),
            started: SystemTime::UNIX_EPOCH.checked_add(started).unwrap_or(SystemTime::UNIX_EPOCH),
            is_alive,
        })
    }

    /// How the segment is used, or was at the end of its process.
    ///
    /// # Errors
    /// [`ReadError::Truncated`] where the file was cut short since it was opened.
    pub fn stats(&self) -> Result<SegmentStats, ReadError> {
        Ok(self.view()?.stats())
    }

    fn view(&self) -> Result<View<'_>, ReadError> {
        check_length(&self.file, self.layout).map_err(|why| why.at(&self.path))?;
        let view = View::new(self.mapping.words(), self.layout);
        view.ok_or_else(|| Why::Header.at(&self.path))
    }

    fn io(&self, error: io::Error) -> ReadError {
        Why::Io(error).at(&self.path)
    }
}

impl fmt::Debug for SegmentReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentReader").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A snapshot of what is not trusted.
fn snapshot(catalogue: &mut Catalogue, view: View<'_>) -> Result<Snapshot, Why> {
    catalogue.read_on(view)?;
    let mut budget = Budget::of(view.layout());
    budget.take_bytes(catalogue.label_bytes());
    budget.check()?;
    let snapshot = catalogue.snapshot_within(view, &mut budget);
    budget.check()?;
    Ok(snapshot)
}

/// Reads words as if they were a file's, without the system calls that a file takes. For the
/// fuzzer, with at least as many words as a header has.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn read_words(words: &[crate::sync::AtomicU64]) -> Result<Snapshot, ReadError> {
    let read = || {
        let layout = layout_of(|at| words[at].load(crate::sync::Relaxed))?;
        let view = View::new(words, layout).ok_or(Why::Header)?;
        snapshot(&mut Catalogue::of_all(), view)
    };
    read().map_err(|why| why.at(""))
}

/// An error where the file is shorter than its segment.
pub(crate) fn check_length(file: &File, layout: Layout) -> Result<(), Why> {
    let has = file.metadata()?.len();
    let needs = layout.words().ok_or(Why::Header)? as u64 * WORD_BYTES as u64;
    if has < needs { Err(Why::Truncated { has, needs }) } else { Ok(()) }
}

/// The sizes that the header says, of a file with this many bytes. They make sense, and may still be
/// more than the file has.
pub(crate) fn read_layout(file: &File, bytes: u64) -> Result<Layout, Why> {
    let mut head = [0; header::OWNERS * WORD_BYTES];
    match file.read_exact_at(&mut head, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            // Whether it ever was one can be told if its first word is there.
            let first = &head[..WORD_BYTES];
            let needs = head.len() as u64;
            return Err(if bytes >= 8 && first == layout::MAGIC.to_ne_bytes() {
                Why::Truncated { has: bytes, needs }
            } else {
                Why::NotASegment
            });
        }
        Err(error) => return Err(error.into()),
    }
    let words = head.as_chunks::<WORD_BYTES>().0;
    layout_of(|at| u64::from_ne_bytes(words[at]))
}

/// The sizes that the words of a header say.
fn layout_of(word: impl Fn(usize) -> u64) -> Result<Layout, Why> {
    if word(header::MAGIC) != layout::MAGIC {
        return Err(Why::NotASegment);
    }
    if word(header::BYTE_ORDER) != layout::BYTE_ORDER {
        return Err(Why::ByteOrder);
    }
    match word(header::VERSION) {
        layout::VERSION => {}
        found => return Err(Why::Version { found }),
    }
    // What a segment can be made with: a file with holes can have any size.
    let size = |at: usize| usize::try_from(word(at)).map_err(|_| Why::Header);
    let part = |at: usize| match size(at)? {
        words if PART_BYTES.contains(&words.saturating_mul(WORD_BYTES)) => Ok(words),
        _ => Err(Why::Header),
    };
    let shards = size(header::SHARDS)?;
    if !THREAD_SHARDS.contains(&shards.saturating_sub(1)) {
        return Err(Why::Header);
    }
    let layout = Layout {
        shards,
        shard_words: part(header::SHARD_WORDS)?,
        directory_words: part(header::DIRECTORY_WORDS)?,
        shared_words: part(header::SHARED_WORDS)?,
    };
    layout.words().ok_or(Why::Header)?;
    Ok(layout)
}
