use crate::directory::Damaged;
use crate::layout;
use crate::printable::PrintablePath;
use crate::snapshot::Excess;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// The reason why a segment's file can't be read.
///
/// `Debug` writes the same text as `Display`, since a `main` that returns the error prints that.
#[non_exhaustive]
pub enum ReadError {
    /// The system does not let it be read: for example, it does not exist, or belongs to another
    /// user.
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
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
        /// The version that this library reads.
        known: u64,
    },
    /// It was written on a machine with the other byte order.
    ByteOrder {
        /// The file.
        path: PathBuf,
    },
    /// It is shorter than its header declares, or than a header.
    Truncated {
        /// The file.
        path: PathBuf,
        /// The file's bytes.
        has: u64,
        /// The bytes needed.
        needs: u64,
    },
    /// A snapshot would take more memory than the limit.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bytes needed, at least.
        bytes: u64,
        /// The limit.
        most: u64,
    },
    /// A snapshot would read more than the limit: most of it is not on the disk.
    TooSparse {
        /// The file.
        path: PathBuf,
        /// The bytes to read, at least.
        bytes: u64,
        /// The limit.
        most: u64,
    },
    /// Its content is impossible.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The word of the directory, counted from its start, with the impossible entry; `None` for
        /// the header.
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

impl fmt::Debug for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{} can't be read: {error}", PrintablePath(path)),
            Self::NotASegment { path } => {
                write!(f, "{} is not a segment of tickmetrics", PrintablePath(path))
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
                "{} was written on a machine with the other byte order: read it on such a machine",
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
                write!(
                    f,
                    "the header of {} is damaged: its sizes are impossible",
                    PrintablePath(path)
                )
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
