//! Another process's segment, read from its file.

mod error;
mod process;

pub use error::ReadError;
pub use process::Process;

use crate::layout::{self, Layout, PART_BYTES, THREAD_SHARDS, WORD_BYTES, header};
use crate::memory;
use crate::segment::{Fault, FileWords, SegmentStats, View};
use crate::snapshot::{Budget, Catalogue, Snapshot};
pub(crate) use error::ReadErrorKind;
use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// Reads the segment of a living or dead process from its file (see
/// [`SegmentBuilder::path`](crate::SegmentBuilder::path)).
///
/// The process does not notice the reader. Whatever the file contains, and whatever happens to it
/// meanwhile, reading ends with a result or an error: the file is read and not mapped, so its
/// content can't end the reader, and reading its holes fills none of them.
///
/// # Limits
///
/// A file that is small on the disk can declare any number of series. So the memory of a snapshot
/// is bounded by the bytes that the file system has for the file: 16 MiB and 16 bytes for each of
/// them, and at most 1 GiB. A segment that this library wrote takes less than four bytes for each,
/// since all of its cells exist, touched or not. On a file system that compresses, or if a process
/// really needs more than 1 GiB, [`set_memory_limit`](Self::set_memory_limit) replaces the rule.
///
/// A reader stays with the file that it opened. When another process replaces the file, open the
/// path again.
///
/// ```no_run
/// use tickmetrics::SegmentReader;
///
/// let mut reader = SegmentReader::open("/dev/shm/gateway.metrics")?;
/// let process = reader.process()?;
/// println!("{} {}", process.pid, if process.is_alive { "lives" } else { "ended" });
/// println!("{:?}", reader.snapshot()?);
/// # Ok::<(), tickmetrics::ReadError>(())
/// ```
pub struct SegmentReader {
    path: PathBuf,
    file: File,
    layout: Layout,
    catalogue: Catalogue,
    /// The limit of a snapshot's memory, if set.
    limit: Option<u64>,
    memory: u64,
    left_out: usize,
}

impl SegmentReader {
    /// Opens a segment's file for reading.
    ///
    /// # Errors
    /// [`ReadError::Io`] if the file does not exist or can't be read, and the other variants of
    /// [`ReadError`] for a file that this version can't read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        let path = path.into();
        // Without waiting for the other end of a pipe.
        let mut options = File::options();
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
        match options.read(true).open(&path) {
            Ok(file) => Self::from_file(file, path),
            Err(error) => Err(ReadErrorKind::Io(error).at(path)),
        }
    }

    /// As [`open`](Self::open), for a file that is open for reading: for programs that check its
    /// owner before they read it. Errors name it `path`.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_file(file: File, path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        let path = path.into();
        match Self::check(&file) {
            Ok(layout) => {
                let catalogue = Catalogue::new();
                Ok(Self { path, file, layout, catalogue, limit: None, memory: 0, left_out: 0 })
            }
            Err(why) => Err(why.at(path)),
        }
    }

    fn check(file: &File) -> Result<Layout, ReadErrorKind> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(ReadErrorKind::NotASegment);
        }
        let layout = read_layout(file, metadata.len())?;
        check_length(file, layout)?;
        Ok(layout)
    }

    /// Sets the bytes of memory that a snapshot may take, whatever the size of the file (see
    /// [above](Self#limits)).
    pub fn set_memory_limit(&mut self, bytes: u64) {
        self.limit = Some(bytes);
    }

    /// The most bytes that the last snapshot took.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// The values of all metrics of the process now, or at its end.
    ///
    /// It is the snapshot that the process itself would take, of all its registries. If several of
    /// them have a metric of one name, the name belongs to the first registry; see
    /// [`left_out`](Self::left_out). Functions are not called: a gauge of
    /// [`Registry::gauge_fn`](crate::Registry::gauge_fn) has the value from the process's own last
    /// snapshot, and the results of other functions are in no segment.
    ///
    /// # Errors
    /// [`ReadError::Truncated`] if the file was cut short since it was opened.
    /// [`ReadError::Damaged`] if its directory is impossible. Then nothing is read: cells without a
    /// description are useless, and the descriptions before the damage may be wrong, too.
    /// [`ReadError::TooLarge`] and [`ReadError::TooSparse`] if the snapshot would exceed a limit
    /// (see [above](Self#limits)).
    pub fn snapshot(&mut self) -> Result<Snapshot, ReadError> {
        self.snapshot_within(u64::MAX)
    }

    /// As [`snapshot`](Self::snapshot), of at most so many bytes: for readers of several files.
    ///
    /// # Errors
    /// As [`snapshot`](Self::snapshot).
    pub fn snapshot_within(&mut self, bytes: u64) -> Result<Snapshot, ReadError> {
        self.read(bytes).map_err(|why| why.at(&self.path))
    }

    fn read(&mut self, most: u64) -> Result<Snapshot, ReadErrorKind> {
        self.memory = 0;
        let allocated = check_length(&self.file, self.layout)?;
        let words = FileWords::new(&self.file, Budget::most_read(allocated, self.limit));
        let view = View::of_file(&words, self.layout);
        let mut budget = Budget::of(self.layout, allocated, self.limit, most);
        let read = snapshot(&mut self.catalogue, view, &mut budget);
        // Words that could not be read count as zeros, which may have looked like damage.
        self.check_fault(&words)?;
        let mut snapshot = read?;
        self.memory = budget.bytes();
        self.left_out = snapshot.keep_first_registries();
        Ok(snapshot)
    }

    fn check_fault(&self, words: &FileWords<'_>) -> Result<(), ReadErrorKind> {
        match words.fault() {
            None => Ok(()),
            Some(Fault::TooMany { bytes, most }) => Err(ReadErrorKind::TooSparse { bytes, most }),
            Some(Fault::System(error)) => {
                // The check of the length reports a file that ended early.
                check_length(&self.file, self.layout)?;
                Err(ReadErrorKind::Io(error))
            }
        }
    }

    /// The number of metrics that the last snapshot left out, because another registry had their
    /// name before.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// The process that counts here, and whether it is alive now.
    ///
    /// # Errors
    /// [`ReadError::Truncated`], and [`ReadError::Io`] if the system can't check the lock.
    pub fn process(&self) -> Result<Process, ReadError> {
        let (pid, started) =
            self.header(|view| (view.header(header::PID), view.header(header::STARTED)))?;
        let started = Duration::from_nanos(started);
        let is_alive = memory::is_locked(&self.file).map_err(|error| self.io(error))?;
        Ok(Process {
            pid: u32::try_from(pid).unwrap_or(0),
            started: SystemTime::UNIX_EPOCH.checked_add(started).unwrap_or(SystemTime::UNIX_EPOCH),
            is_alive,
        })
    }

    /// The use of the segment, now or at the end of its process.
    ///
    /// # Errors
    /// [`ReadError::Truncated`] if the file was cut short since it was opened.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "of one lifetime")]
    pub fn stats(&self) -> Result<SegmentStats, ReadError> {
        self.header(|view| view.stats())
    }

    /// A value from the header.
    fn header<T>(&self, read: impl FnOnce(View<'_>) -> T) -> Result<T, ReadError> {
        let look = || {
            check_length(&self.file, self.layout)?;
            let words = FileWords::new(&self.file, Budget::most_read(0, None));
            let found = read(View::of_file(&words, self.layout));
            self.check_fault(&words)?;
            Ok(found)
        };
        look().map_err(|why: ReadErrorKind| why.at(&self.path))
    }

    fn io(&self, error: io::Error) -> ReadError {
        ReadErrorKind::Io(error).at(&self.path)
    }
}

impl fmt::Debug for SegmentReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SegmentReader").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A snapshot of untrusted words.
fn snapshot(
    catalogue: &mut Catalogue,
    view: View<'_>,
    budget: &mut Budget,
) -> Result<Snapshot, ReadErrorKind> {
    // It is read as a whole, twice as large for a moment.
    let directory = view.directory().len() as u64 * 2 * WORD_BYTES as u64;
    budget.take_bytes(directory);
    budget.check()?;
    catalogue.read_on(view)?;
    budget.take_bytes(catalogue.label_bytes());
    budget.check()?;
    let snapshot = catalogue.snapshot_within(view, budget);
    budget.check()?;
    Ok(snapshot)
}

/// Reads words as if they were a file's with so many bytes on the disk, without the system calls
/// for a file. For the fuzzer, with at least as many words as a header has.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn read_words(words: &[crate::sync::AtomicU64], allocated: u64) -> Result<Snapshot, ReadError> {
    let read = || {
        let layout = layout_of(|at| words[at].load(crate::sync::Relaxed))?;
        let view = View::new(words, layout).ok_or(ReadErrorKind::Header)?;
        let mut budget = Budget::of(layout, allocated, None, u64::MAX);
        snapshot(&mut Catalogue::new(), view, &mut budget)
    };
    read().map_err(|why| why.at(""))
}

/// How many bytes the file system has for a file. An error where it is shorter than its segment.
pub(crate) fn check_length(file: &File, layout: Layout) -> Result<u64, ReadErrorKind> {
    let metadata = file.metadata()?;
    let has = metadata.len();
    let needs = layout.words().ok_or(ReadErrorKind::Header)? as u64 * WORD_BYTES as u64;
    if has < needs {
        Err(ReadErrorKind::Truncated { has, needs })
    } else {
        Ok(allocated(&metadata))
    }
}

/// The bytes that the file system has for a file.
fn allocated(metadata: &Metadata) -> u64 {
    // In units of 512 bytes, for any file system (`man 3type stat`).
    metadata.blocks().saturating_mul(512).min(metadata.len())
}

/// The sizes in the header of a file with this many bytes. They are plausible, and may still be
/// more than the file has.
pub(crate) fn read_layout(file: &File, bytes: u64) -> Result<Layout, ReadErrorKind> {
    let mut head = [0; header::OWNERS * WORD_BYTES];
    match file.read_exact_at(&mut head, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            // Whether it ever was a segment is known if its first word exists.
            let first = &head[..WORD_BYTES];
            let needs = head.len() as u64;
            return Err(if bytes >= 8 && first == layout::MAGIC.to_ne_bytes() {
                ReadErrorKind::Truncated { has: bytes, needs }
            } else {
                ReadErrorKind::NotASegment
            });
        }
        Err(error) => return Err(error.into()),
    }
    let words = head.as_chunks::<WORD_BYTES>().0;
    layout_of(|at| u64::from_ne_bytes(words[at]))
}

/// The sizes in the words of a header.
fn layout_of(word: impl Fn(usize) -> u64) -> Result<Layout, ReadErrorKind> {
    if word(header::MAGIC) != layout::MAGIC {
        return Err(ReadErrorKind::NotASegment);
    }
    if word(header::BYTE_ORDER) != layout::BYTE_ORDER {
        return Err(ReadErrorKind::ByteOrder);
    }
    match word(header::VERSION) {
        layout::VERSION => {}
        found => return Err(ReadErrorKind::Version { found }),
    }
    // Only the sizes that a builder accepts: a file with holes can have any.
    let size = |at: usize| usize::try_from(word(at)).map_err(|_| ReadErrorKind::Header);
    let part = |at: usize| match size(at)? {
        words if PART_BYTES.contains(&words.saturating_mul(WORD_BYTES)) => Ok(words),
        _ => Err(ReadErrorKind::Header),
    };
    let shards = size(header::SHARDS)?;
    if !THREAD_SHARDS.contains(&shards.saturating_sub(1)) {
        return Err(ReadErrorKind::Header);
    }
    let layout = Layout {
        shards,
        shard_words: part(header::SHARD_WORDS)?,
        directory_words: part(header::DIRECTORY_WORDS)?,
        shared_words: part(header::SHARED_WORDS)?,
    };
    layout.words().ok_or(ReadErrorKind::Header)?;
    Ok(layout)
}
