use crate::layout::{Layout, WORD_BYTES};
use crate::printable::PrintablePath;
use std::fmt;
use std::path::PathBuf;

/// The reason why the process has no segment, or not the requested one.
///
/// `Debug` writes the same text as `Display`, since a `main` that returns the error prints that.
#[non_exhaustive]
pub enum SegmentError {
    /// The segment is already reserved: its sizes can't change any more.
    InUse,
    /// A size is outside its range.
    OutOfRange {
        /// The builder's method.
        setting: &'static str,
        /// The given value.
        value: usize,
        /// The valid range.
        allowed: std::ops::RangeInclusive<usize>,
    },
    /// The file belongs to a living process, or to another copy of this library in this process.
    Alive {
        /// The file.
        path: PathBuf,
        /// The process's id; 0 if another version of this library wrote the file.
        pid: u32,
    },
    /// A file of that name exists and is no segment. It is left unchanged.
    NotASegment {
        /// The file.
        path: PathBuf,
    },
    /// The system refuses an operation on the file.
    File {
        /// The file.
        path: PathBuf,
        /// The operation.
        doing: &'static str,
        /// The system's error.
        error: std::io::Error,
    },
    /// The system refuses address space, even for the smallest size tried.
    Refused {
        #[doc(hidden)]
        layout: LayoutShown,
        /// The system's error.
        error: std::io::Error,
    },
    /// The system can't register the library's fork handler, so a child would continue the parent's
    /// counts.
    Fork {
        /// The system's error.
        error: std::io::Error,
    },
    /// The feature `off` is on: nothing is counted.
    Off,
}

/// The sizes that were refused.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct LayoutShown(pub(super) Layout);

impl fmt::Debug for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str(
                "the segment is in use already: call Segment::builder().install() before the \
                 first metric is registered, and once only",
            ),
            Self::Off => f.write_str(
                "tickmetrics was built with its feature `off`: there is no segment, and nothing is \
                 counted. Build the program without the feature",
            ),
            Self::OutOfRange { setting, value, allowed } => write!(
                f,
                "Segment::builder().{setting}({value}) is out of range: the range is {} to {}",
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
                "{} is not a segment of tickmetrics and is not overwritten: remove it, or give \
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
                "the system did not register the handler for forked children ({error}): free some \
                 memory, and install the segment again"
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
