//! Which file a name stands for.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Device and inode: what is found under the same name later may be another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileId(u64, u64);

impl FileId {
    pub(crate) fn of(about: &fs::Metadata) -> Self {
        Self(about.dev(), about.ino())
    }

    /// Of the file with this name, which is not opened.
    pub(crate) fn at(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|about| Self::of(&about))
    }
}
