#[cfg(not(tickmetrics_loom))]
use super::{environment, file, fork};
use crate::layout::{ALIGN_BYTES, ALIGN_WORDS, Layout, PART_BYTES, THREAD_SHARDS, WORD_BYTES};
#[cfg(not(tickmetrics_loom))]
use crate::report::report;
use crate::segment::{Options, Segment, SegmentError};
use crate::shard;
use std::path::{Path, PathBuf};

/// The default bytes of a shard. A file is as long as all shards together, though most of it is a hole. In
/// memory there is room for 100,000 histograms.
const OF_FILE: usize = 256 << 20;
const OF_MEMORY: usize = 4 << 30;

/// Sizes and place of the process's segment. See [`Segment::builder`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing is reserved before `install`"]
pub struct SegmentBuilder {
    shards: usize,
    /// By default it depends on whether the segment is in a file.
    shard_bytes: Option<usize>,
    directory_bytes: usize,
    shared_bytes: usize,
    dynamic_series: usize,
    path: Option<PathBuf>,
    resume: bool,
    options: Options,
}

impl Segment {
    /// Sets the sizes of the process's segment, before its first use.
    ///
    /// ```
    /// use tickmetrics::Segment;
    ///
    /// Segment::builder().shards(32).shard_bytes(64 << 20).install()?;
    /// assert!(Segment::builder().install().is_err(), "it is in use now");
    /// # Ok::<(), tickmetrics::SegmentError>(())
    /// ```
    pub fn builder() -> SegmentBuilder {
        SegmentBuilder::default()
    }

    /// The process's segment. The first caller makes it with the default sizes.
    pub(crate) fn get_or_reserve() -> Result<&'static Self, SegmentError> {
        if let Some(segment) = Self::current() {
            return Ok(segment);
        }
        match SegmentBuilder::default().install() {
            Ok(()) | Err(SegmentError::InUse) => Self::current().ok_or(SegmentError::InUse),
            Err(error) => Err(error),
        }
    }
}

impl Default for SegmentBuilder {
    fn default() -> Self {
        Self {
            shards: 256,
            shard_bytes: None,
            directory_bytes: 64 << 20,
            shared_bytes: 256 << 20,
            dynamic_series: Segment::DYNAMIC_SERIES,
            path: None,
            resume: false,
            options: Options::default(),
        }
    }
}

impl SegmentBuilder {
    /// The number of threads that can have cells of their own at a time, 1 to 65,536; 256 by
    /// default. Further threads share one shard, at the cost of a locked instruction for each
    /// record.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = shards;
        self
    }

    /// Address space for the cells of one thread in bytes, 64 KiB to 32 GiB. The default is 4 GiB in
    /// memory and 256 MiB in a file. A page of it takes memory once the thread has written to it, or in
    /// a file once its cells belong to a metric.
    pub fn shard_bytes(mut self, bytes: usize) -> Self {
        self.shard_bytes = Some(bytes);
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

    /// The most series of all [`Dynamic`](crate::Dynamic) families of the process together; 100,000 by
    /// default. Further label sets are counted in the overflow series of their family.
    pub fn dynamic_series(mut self, most: usize) -> Self {
        self.dynamic_series = most;
        self
    }

    /// Puts the segment into a file, typically under `/dev/shm`, so that other processes can read
    /// it with [`SegmentReader`](crate::SegmentReader) while this one runs, and after it ended.
    /// `{pid}` in the path becomes the process's id.
    ///
    /// The file gets its name once it is whole. Only the user can read it (mode 0600), and it stays
    /// when the process ends. The file of an ended process is replaced, or [resumed](Self::resume).
    /// A file that a living process counts in, or that is no segment, is not replaced.
    ///
    /// ```
    /// use tickmetrics::{Registry, Segment, SegmentReader, Counter, Description};
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

    /// Resumes the counts of an earlier run of the program in the file at the same
    /// [`path`](Self::path), however that run ended. Counters and histograms continue from there.
    /// Off by default. Without a path, or without a file there, it changes nothing.
    ///
    /// A registered metric continues from its earlier value if all of these are unchanged: its
    /// registry, name, kind, unit, scale, labels with all their values, and for a histogram
    /// maximum, digits and buckets. Registries other than the global one are distinguished by the
    /// order in which the program makes them; the start of an exporter makes one, too. A changed
    /// metric starts from zero, and standard error reports the change. The help text may change.
    /// Gauges and up-down counters are the state of a process, and start anew.
    ///
    /// The file keeps the counts of metrics that this run has not registered. They are not shown
    /// until the metric is registered, in this run or a later one.
    ///
    /// The values of an interned label keep their numbers, so its capacity is for the values of all
    /// runs. They are taken over at the label's first use after `install`. If other values were
    /// interned before, in another order, metrics with this label start from zero. An
    /// [`Interner`](crate::Interner) made by hand needs [a name](crate::Interner::named).
    ///
    /// The sum of a histogram may be one record ahead of its count for each thread that was killed
    /// in the middle of one.
    ///
    /// The counts are copied to a new file, which then replaces the old one at once. A process that
    /// is killed at any moment leaves one of the two, whole. Sizes of the segment may change as
    /// long as all counts fit. A file that can't be resumed (of another version, damaged, another
    /// user's, too large) is replaced by an empty one, and standard error reports the reason. If
    /// the system has no memory for the copy, `install` fails, and the old file stays.
    ///
    /// ```
    /// use tickmetrics::Segment;
    ///
    /// # let path = std::env::temp_dir().join(format!("tickmetrics-resume-{}", std::process::id()));
    /// # let path = path.to_str().unwrap();
    /// // let path = "/dev/shm/gateway.metrics";
    /// Segment::builder().path(path).resume(true).install()?;
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<(), tickmetrics::SegmentError>(())
    /// ```
    pub fn resume(mut self, resume: bool) -> Self {
        self.resume = resume;
        self
    }

    /// Provides the memory of every registered cell before a record touches it, in the shard of
    /// each thread from its attachment on: its first record, or [`warm_up`](crate::warm_up). Off by
    /// default. Attaching and registering take longer, and pages without writes take memory, too.
    /// Needs Linux 5.14.
    ///
    /// It avoids a page fault at the first record of a series, but not the attachment itself, which
    /// `warm_up` does ahead of time.
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.options.prefault = prefault;
        self
    }

    /// Keeps the segment's pages in memory once they were touched (`mlock2` with `MLOCK_ONFAULT`).
    /// Off by default. The whole of the address space counts against the limit on locked memory,
    /// so that it takes a high limit, `CAP_IPC_LOCK`, or a small segment. After
    /// `mlockall(MCL_FUTURE)` the pages are kept without this.
    pub fn lock_memory(mut self, lock: bool) -> Self {
        self.options.lock_memory = lock;
        self
    }

    /// Lets the system use huge pages. This means fewer misses in the translation of addresses, but
    /// two megabytes of memory for the first cell of each thread. Off by default. For a file, its
    /// file system must allow it, too (tmpfs mounted with `huge=advise`).
    pub fn huge_pages(mut self, huge: bool) -> Self {
        self.options.huge_pages = huge;
        self
    }

    /// Whether core dumps hold the segment; they don't by default, since it is large.
    pub fn core_dump(mut self, dump: bool) -> Self {
        self.options.core_dump = dump;
        self
    }

    /// Reserves the segment.
    ///
    /// Without a [`path`](Self::path), the segment is put into the file named by the environment
    /// variable `TICKMETRICS_SEGMENT`, so that the program's operator can choose a file. If that
    /// fails, standard error reports the reason, once, and the segment is in no file. Without
    /// `install`, the segment is made in the same way when the first metric is registered. With
    /// `TICKMETRICS_SEGMENT_RESUME=1` (or `true`, `yes`, `on`) a segment in a file is
    /// [resumed](Self::resume).
    ///
    /// The system may refuse an option ([`prefault`](Self::prefault),
    /// [`lock_memory`](Self::lock_memory), [`huge_pages`](Self::huge_pages)). This is no error:
    /// standard error reports the reason and the remedy, and the segment exists without the option.
    ///
    /// A thread that forks meanwhile waits for the end of the installation.
    ///
    /// If the system refuses the size (a limit on address space, strict overcommit), the parts are
    /// halved until it agrees, down to 1 MiB each.
    ///
    /// # Errors
    /// [`SegmentError::InUse`] if a metric was registered or another builder installed before;
    /// [`SegmentError::OutOfRange`] for a size outside its range; [`SegmentError::Refused`] if the
    /// system refuses even the smallest size; [`SegmentError::Fork`] if it has no memory for the
    /// handling of forked children. For a file, [`SegmentError::Alive`] if a living process counts
    /// in it, [`SegmentError::NotASegment`] if another kind of file has that name, and
    /// [`SegmentError::File`] if the system refuses it.
    pub fn install(self) -> Result<(), SegmentError> {
        // Errors of the sizes come first.
        self.layout(false)?;
        if crate::IS_OFF {
            return Err(SegmentError::Off);
        }
        install(|| self.make())
    }

    #[cfg(not(tickmetrics_loom))]
    fn make(&self) -> Result<Segment, SegmentError> {
        let resume = self.resume || environment::resume();
        let create = |path: &Path| file::create(&file::expand(path), self.layout(true)?, resume);
        let reserve = || reserve_shrinking(self.layout(false)?);
        let mut segment = match (&self.path, environment::path()) {
            (Some(path), _) => create(path)?,
            (None, None) => reserve()?,
            (None, Some(path)) => match create(&path) {
                Ok(segment) => segment,
                Err(error) => {
                    report(format_args!(
                        "{}: {error}; metrics are counted, and in no file",
                        environment::VARIABLE
                    ));
                    reserve()?
                }
            },
        };
        segment.set_dynamic_series(self.dynamic_series);
        segment.apply(self.options).iter().for_each(|warning| report(format_args!("{warning}")));
        Ok(segment)
    }

    #[cfg(tickmetrics_loom)]
    fn make(&self) -> Result<Segment, SegmentError> {
        reserve_shrinking(self.layout(false)?)
    }

    fn layout(&self, is_in_file: bool) -> Result<Layout, SegmentError> {
        let shard_bytes = self.shard_bytes.unwrap_or(if is_in_file { OF_FILE } else { OF_MEMORY });
        let words = |name: &'static str, bytes: usize| {
            let allowed = PART_BYTES;
            if allowed.contains(&bytes) {
                Ok(bytes.next_multiple_of(ALIGN_BYTES) / WORD_BYTES)
            } else {
                Err(SegmentError::OutOfRange { setting: name, value: bytes, allowed })
            }
        };
        let allowed = THREAD_SHARDS;
        if !allowed.contains(&self.shards) {
            return Err(SegmentError::OutOfRange {
                setting: "shards",
                value: self.shards,
                allowed,
            });
        }
        Ok(Layout {
            shards: self.shards + 1,
            shard_words: words("shard_bytes", shard_bytes)?,
            directory_words: words("directory_bytes", self.directory_bytes)?,
            shared_words: words("shared_bytes", self.shared_bytes)?,
        })
    }
}

/// Makes the process's segment.
pub(crate) fn install(
    make: impl FnOnce() -> Result<Segment, SegmentError>,
) -> Result<(), SegmentError> {
    #[cfg(not(tickmetrics_loom))]
    fork::prepare().map_err(|error| SegmentError::Fork { error })?;
    let _installing = Segment::installing();
    if Segment::is_made() {
        return Err(SegmentError::InUse);
    }
    let segment = make()?;
    // Before the segment is known: a thread that finds it finds the shared cells.
    shard::share(&segment);
    segment.publish()?;
    #[cfg(all(
        feature = "loadable",
        not(feature = "off"),
        target_env = "gnu",
        not(tickmetrics_loom)
    ))]
    super::unload::prepare();
    Ok(())
}

/// Reserves a segment of this layout or a smaller one. It halves the shards down to the default size
/// of a file's shards, and from there on the other parts, too.
fn reserve_shrinking(mut layout: Layout) -> Result<Segment, SegmentError> {
    const SMALLEST: usize = (1 << 20) / WORD_BYTES;
    let halve = |words: usize| (words / 2).next_multiple_of(ALIGN_WORDS).max(SMALLEST.min(words));
    loop {
        let error = match Segment::reserve(layout) {
            Ok(segment) => return Ok(segment),
            Err(error) => error,
        };
        let mut smaller = Layout { shard_words: halve(layout.shard_words), ..layout };
        if layout.shard_words <= OF_FILE / WORD_BYTES {
            smaller.directory_words = halve(layout.directory_words);
            smaller.shared_words = halve(layout.shared_words);
        }
        if smaller == layout {
            return Err(error);
        }
        layout = smaller;
    }
}
