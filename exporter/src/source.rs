//! Sources of metrics.

use crate::process::ProcessMetrics;
use crate::sync::lock;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use tickmetrics::__text::{Printable, report};
use tickmetrics::{Registry, SegmentReader, Snapshot};

/// A source of metrics for an [`Exporter`](crate::Exporter) at each scrape: a [`Registry`], another
/// process's segment by a [`SegmentReader`], [`ProcessMetrics`], or a collector of your own.
///
/// The exporter's thread calls it, and clients wait for the result: compute slow values elsewhere,
/// and keep them.
///
/// ```
/// use std::error::Error;
/// use tickmetrics::{Description, Snapshot};
/// use tickmetrics_exporter::{Exporter, Source};
///
/// /// How full the file systems are that a service writes to.
/// struct Disks;
///
/// impl Source for Disks {
///     fn snapshot(&mut self) -> Result<Snapshot, Box<dyn Error + Send + Sync>> {
///         let mut snapshot = Snapshot::default();
///         let free = Description::new("disk_free_bytes", "Free space.").unit("bytes");
///         snapshot.add_gauge(&free.constant("mount", "/var"), 1.5e9)?;
///         Ok(snapshot)
///     }
/// }
///
/// let exporter = Exporter::builder().source(Disks).listen("127.0.0.1:0").start()?;
/// # Ok::<(), tickmetrics_exporter::StartError>(())
/// ```
pub trait Source: Send {
    /// The values now.
    ///
    /// # Errors
    /// If there are no values. The response then lacks this source; standard error reports the
    /// error once, and `tickmetrics_exporter_source_errors_total` counts it. A panic is an error,
    /// too.
    fn snapshot(&mut self) -> Result<Snapshot, Box<dyn Error + Send + Sync>>;

    /// The families that the last snapshot lacks, since they could not be added to it; none by
    /// default. Standard error reports each name once, and
    /// `tickmetrics_exporter_left_out_families` counts them.
    fn left_out(&self) -> Vec<LeftOut> {
        Vec::new()
    }
}

/// A family that a [`Source`] could not add to its snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// A sentence with the name and the reason, such as the text of a
    /// [`RegisterError`](tickmetrics::RegisterError).
    pub reason: String,
}

impl Source for Registry {
    fn snapshot(&mut self) -> Result<Snapshot, Box<dyn Error + Send + Sync>> {
        Ok(Registry::snapshot(self))
    }
}

impl Source for SegmentReader {
    fn snapshot(&mut self) -> Result<Snapshot, Box<dyn Error + Send + Sync>> {
        Ok(SegmentReader::snapshot(self)?)
    }
}

impl Source for ProcessMetrics {
    fn snapshot(&mut self) -> Result<Snapshot, Box<dyn Error + Send + Sync>> {
        let mut snapshot = Snapshot::default();
        self.add_to(&mut snapshot);
        Ok(snapshot)
    }
}

/// A source that clones of a builder share.
#[derive(Clone)]
pub(crate) struct Shared {
    watched: Arc<Mutex<Watched>>,
    gives_way: bool,
}

struct Watched {
    source: Box<dyn Source>,
    /// The error of the last scrape, if it failed.
    error: Option<String>,
}

impl Shared {
    pub(crate) fn new(source: impl Source + 'static) -> Self {
        let watched = Watched { source: Box::new(source), error: None };
        Self { watched: Arc::new(Mutex::new(watched)), gives_way: false }
    }

    /// A source that yields its names to others without a report: one that the user did not add.
    pub(crate) fn giving_way(source: impl Source + 'static) -> Self {
        Self { gives_way: true, ..Self::new(source) }
    }

    pub(crate) fn gives_way(&self) -> bool {
        self.gives_way
    }

    /// The values now, and what they lack; `None` after an error, which is reported unless it is the same as the last
    /// one.
    pub(crate) fn snapshot(&self) -> Option<(Snapshot, Vec<LeftOut>)> {
        let Watched { source, error } = &mut *lock(&self.watched);
        let answer = || source.snapshot().map(|snapshot| (snapshot, source.left_out()));
        let now = match catch_unwind(AssertUnwindSafe(answer)) {
            Ok(Ok(answer)) => {
                *error = None;
                return Some(answer);
            }
            Ok(Err(error)) => error.to_string(),
            Err(payload) => {
                // The drop of a panic's payload can panic again. The payload of that panic is kept
                // for ever.
                let dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
                dropped.unwrap_or_else(std::mem::forget);
                "it panicked".to_owned()
            }
        };
        if error.as_ref() != Some(&now) {
            report(format_args!("a source's metrics are not exposed: {}", Printable(&now)));
            *error = Some(now);
        }
        None
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}
