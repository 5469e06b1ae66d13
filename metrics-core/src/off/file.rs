//! No segment is in a file.

use crate::layout::Layout;
use crate::segment::{Segment, SegmentError};
use std::path::{Path, PathBuf};

pub(super) fn expand(path: &Path) -> PathBuf {
    path.into()
}

pub(super) fn create(_: &Path, _: Layout, _: bool) -> Result<Segment, SegmentError> {
    Err(SegmentError::Off)
}
