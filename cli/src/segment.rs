//! The file that a process keeps its metrics in.

use crate::Result;
use crate::failure::Failure;
use std::path::Path;
use tickmetrics_collector::__cli::{Segment, Target};

/// Opens a segment's file, as the user gave it.
pub(crate) fn open(path: &Path) -> Result<Segment> {
    refuse_exporter(path)?;
    Ok(Segment::open(path)?)
}

/// Refuses the address of an exporter where a file is expected.
pub(crate) fn refuse_exporter(path: &Path) -> Result<()> {
    // Without the address, which may contain a password.
    if Target::of(path.as_os_str()).is_exporter() {
        return Err(Failure::told(
            "this is the address of an exporter, but this command reads the file that a process \
             writes: watch an exporter with `tickmetrics top`, or scrape it with curl",
        ));
    }
    Ok(())
}
