use crate::layout::{Layout, WORD_BYTES};
use crate::printable::PrintablePath;
use std::fmt;
use std::path::PathBuf;

/// Why the process has no segment, or not the one asked for.
#[derive(Debug)]
#[non_exhaustive]
pub enum SegmentError {
    /// The segment was reserved before: its sizes can't be changed any more.
    InUse,
    /// A size is outside its range.
    OutOfRange {
        /// The builder's method.
        setting: &'static str,
        /// What it was given.
        value: usize,
        /// What it takes.
        allowed: std::ops::RangeInclusive<usize>,
    },
    /// The file is another process's, which lives, or that of another copy of this library in this
    /// process.
    Alive {
        /// The file.
        path: PathBuf,
        /// The process's id; 0 where another version of this library wrote the file.
        pid: u32,
    },
    /// There is a file of that name which is no segment. It is left as it is.
    NotASegment {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses something that the file needs.
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
    /// The system gives no address space, not even for the smallest size tried.
    Refused {
        #[doc(hidden)]
        layout: LayoutShown,
        /// What the system said.
        error: std::io::Error,
    },
    /// The system can't call the library when the process forks, so that a child would go on with the
    /// parent's counts.
    Fork {
        /// What the system said.
        error: std::io::Error,
    },
}

/// The sizes that were refused.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct LayoutShown(pub(super) Layout);

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str(
                "the segment is in use already: call Segment::builder().install() before the \
                 first metric is registered, and once only",
            ),
            Self::OutOfRange { setting, value, allowed } => write!(
                f,
                "Segment::builder().{setting}({value}) is out of range: it takes {} to {}",
                allowed.start(),
                allowed.end()
            ),
            Self::Alive { path, pid } => {
                let path = PrintablePath(path);
                if *pid == std::process::id() {
                    return write!(
                        f,
                        "process {pid} counts in {path} and lives. This process has the same id: \
                         another copy of this library in it counts there, or a process of another \
                         container. Give this one another path, or none: \"{{pid}}\" in a path \
                         becomes the same id"
                    );
                }
                match pid {
                    0 => write!(f, "a living process counts in {path}")?,
                    pid => write!(f, "process {pid} counts in {path} and lives")?,
                }
                f.write_str(
                    ": end it, or give each process a path of its own: \"{pid}\" in a path \
                     becomes the process's id",
                )
            }
            Self::NotASegment { path } => write!(
                f,
                "{} is no segment of tickmetrics and is not overwritten: remove it, or give \
                 another path",
                PrintablePath(path)
            ),
            Self::File { path, doing, error } => {
                write!(
                    f,
                    "the segment {} can't be made: could not {doing}: {error}",
                    PrintablePath(path)
                )
            }
            Self::Refused { layout: LayoutShown(layout), error } => write!(
                f,
                "the system refused {} shards of {} KiB of address space each ({error}): raise \
                 the limit (ulimit -v, vm.overcommit_memory, and ulimit -l after mlockall) or lower \
                 Segment::builder().shards()",
                layout.shards,
                (layout.shard_words * WORD_BYTES) >> 10,
            ),
            Self::Fork { error } => write!(
                f,
                "the system did not register what forked children need ({error}): free some memory, \
                 and install the segment again"
            ),
        }
    }
}

impl std::error::Error for SegmentError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused { error, .. } | Self::File { error, .. } | Self::Fork { error } => {
                Some(error)
            }
            _ => None,
        }
    }
}
