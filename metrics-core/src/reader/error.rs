use crate::directory::Damaged;
use crate::layout;
use crate::printable::PrintablePath;
use crate::snapshot::Excess;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why a segment's file can't be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The system does not let it be read: it is not there, is another user's...
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is no segment of this library.
    NotASegment {
        /// The file.
        path: PathBuf,
    },
    /// Another version of this library wrote it.
    Version {
        /// The file.
        path: PathBuf,
        /// Its version of the layout.
        found: u64,
        /// The one that can be read.
        known: u64,
    },
    /// It was written on a machine with the other byte order.
    ByteOrder {
        /// The file.
        path: PathBuf,
    },
    /// It is shorter than its header says, or than a header.
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        has: u64,
        /// The bytes that it needs.
        needs: u64,
    },
    /// A snapshot would take more memory than the file may.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How many bytes, at the least.
        bytes: u64,
        /// How many it may take.
        most: u64,
    },
    /// More would be read than it may be: most of it is not on the disk.
    TooSparse {
        /// The file.
        path: PathBuf,
        /// How many bytes, at the least.
        bytes: u64,
        /// How many may be read.
        most: u64,
    },
    /// It says what can't be.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The word of the directory, counted from its start, whose entry can't be; `None` where it
        /// is the header.
        word: Option<usize>,
    },
}

/// An error without the file.
#[derive(Debug)]
pub(crate) enum ReadErrorKind {
    Io(io::Error),
    NotASegment,
    Version { found: u64 },
    ByteOrder,
    Truncated { has: u64, needs: u64 },
    TooLarge { bytes: u64, most: u64 },
    TooSparse { bytes: u64, most: u64 },
    Header,
    Directory(Damaged),
}

impl ReadErrorKind {
    pub(crate) fn at(self, path: impl Into<PathBuf>) -> ReadError {
        let path = path.into();
        match self {
            Self::Io(error) => ReadError::Io { path, error },
            Self::NotASegment => ReadError::NotASegment { path },
            Self::Version { found } => ReadError::Version { path, found, known: layout::VERSION },
            Self::ByteOrder => ReadError::ByteOrder { path },
            Self::Truncated { has, needs } => ReadError::Truncated { path, has, needs },
            Self::TooLarge { bytes, most } => ReadError::TooLarge { path, bytes, most },
            Self::TooSparse { bytes, most } => ReadError::TooSparse { path, bytes, most },
            Self::Header => ReadError::Damaged { path, word: None },
            Self::Directory(Damaged { at }) => ReadError::Damaged { path, word: Some(at) },
        }
    }
}

impl From<io::Error> for ReadErrorKind {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Excess> for ReadErrorKind {
    fn from(excess: Excess) -> Self {
        match excess {
            Excess::Cells(damaged) => Self::Directory(damaged),
            Excess::Bytes { bytes, most } => Self::TooLarge { bytes, most },
        }
    }
}

impl From<Damaged> for ReadErrorKind {
    fn from(damaged: Damaged) -> Self {
        Self::Directory(damaged)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{} can't be read: {error}", PrintablePath(path)),
            Self::NotASegment { path } => {
                write!(f, "{} is no segment of tickmetrics", PrintablePath(path))
            }
            Self::Version { path, found, known } => write!(
                f,
                "{} was written by {} version of tickmetrics (layout {found}, this one reads \
                 {known}): read it with that one",
                PrintablePath(path),
                if found > known { "a newer" } else { "an older" }
            ),
            Self::ByteOrder { path } => write!(
                f,
                "{} was written on a machine with the other byte order: read it on such a one",
                PrintablePath(path)
            ),
            Self::Truncated { path, has, needs } => {
                write!(
                    f,
                    "{} is cut short: it has {has} bytes, and needs {needs}",
                    PrintablePath(path)
                )
            }
            Self::TooLarge { path, bytes, most } => write!(
                f,
                "{} is not read: its series and labels would take {bytes} bytes of memory or more, \
                 and may take {most}: raise the limit if it is to be trusted",
                PrintablePath(path)
            ),
            Self::TooSparse { path, bytes, most } => write!(
                f,
                "{} is not read: its cells are {bytes} bytes or more, most of which are not on the \
                 disk, and {most} may be read: raise the limit if it is to be trusted",
                PrintablePath(path)
            ),
            Self::Damaged { path, word: None } => {
                write!(f, "the header of {} is damaged: its sizes can't be", PrintablePath(path))
            }
            Self::Damaged { path, word: Some(word) } => {
                write!(f, "the directory of {} is damaged at word {word}", PrintablePath(path))
            }
        }
    }
}

impl std::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}
