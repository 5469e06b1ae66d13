//! A segment's file, read while its process writes and after that process has died.

use super::message::Result;
use crate::file_id::FileId;
use std::fmt;
use std::fs::File;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tickmetrics::{ReadError, SegmentReader, Snapshot};

/// The process that writes, or wrote, a segment.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pub pid: u32,
    pub start: SystemTime,
    pub alive: bool,
}

/// An open segment.
pub struct Segment {
    path: PathBuf,
    /// Another file of the same name belongs to another process.
    file: Option<FileId>,
    reader: SegmentReader,
}

impl Segment {
    pub fn open(path: &Path) -> Result<Self> {
        // Before the file is opened: a replacement in between is found at the next check.
        let file = FileId::at(path);
        let reader = SegmentReader::open(path).map_err(told)?;
        Ok(Self { path: path.into(), file, reader })
    }

    /// For an open file. `memory` limits the bytes of a snapshot, if given.
    pub fn of_file(file: File, path: &Path, memory: Option<u64>) -> Result<Self> {
        let id = file.metadata().ok().map(|about| FileId::of(&about));
        let mut reader = SegmentReader::from_file(file, path).map_err(told)?;
        if let Some(bytes) = memory {
            reader.set_memory_limit(bytes);
        }
        Ok(Self { path: path.into(), file: id, reader })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn snapshot(&mut self) -> Result<Snapshot> {
        self.reader.snapshot().map_err(told)
    }

    /// A snapshot of at most so many bytes.
    pub fn snapshot_within(&mut self, bytes: u64) -> Result<Snapshot> {
        self.reader.snapshot_within(bytes).map_err(told)
    }

    /// The bytes of the last snapshot.
    pub fn memory(&self) -> u64 {
        self.reader.memory()
    }

    /// The number of metrics missing from the last snapshot, to report; `None` if it has all.
    pub fn left_out(&self) -> Option<LeftOut> {
        LeftOut::some(self.reader.left_out())
    }

    pub fn process(&self) -> Result<Process> {
        let process = self.reader.process().map_err(told)?;
        Ok(Process { pid: process.pid, start: process.started, alive: process.is_alive })
    }

    /// Whether it was opened from this file, under any path.
    pub fn is_of(&self, file: &File) -> bool {
        self.file.is_some() && file.metadata().ok().map(|about| FileId::of(&about)) == self.file
    }

    /// Whether the opened file still has its name.
    pub fn is_current(&self) -> bool {
        self.file.is_some() && FileId::at(&self.path) == self.file
    }
}

/// The number of a segment's metrics that no snapshot has, because another registry of the process
/// had their names first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeftOut(pub NonZero<usize>);

impl LeftOut {
    pub fn some(metrics: usize) -> Option<Self> {
        NonZero::new(metrics).map(Self)
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.0.get() == 1 { "metric is" } else { "metrics are" };
        write!(
            f,
            "{} {of} left out, because another registry of the process registered the same name \
             first: give each registry's metrics a prefix of their own, as with \
             #[metrics(prefix = \"risk\")]; of several exporters, only the first one's own metrics, \
             tickmetrics_..., are shown",
            self.0
        )
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pid, start, alive } = self;
        let state = if *alive { "lives" } else { "is dead" };
        write!(f, "process {pid} {state}")?;
        match SystemTime::now().duration_since(*start) {
            Ok(since) => write!(f, ", started {} ago", Ago(since.as_secs())),
            Err(_) => Ok(()),
        }
    }
}

/// Seconds in the two largest units that they fill.
pub struct Ago(pub u64);

impl fmt::Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            seconds @ 0..60 => write!(f, "{seconds}s"),
            seconds @ 60..3_600 => write!(f, "{}m{}s", seconds / 60, seconds % 60),
            seconds @ 3_600..86_400 => {
                write!(f, "{}h{}m", seconds / 3_600, seconds % 3_600 / 60)
            }
            seconds => write!(f, "{}d{}h", seconds / 86_400, seconds % 86_400 / 3_600),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(error: ReadError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::Ago;

    #[test]
    fn times_since() {
        for (seconds, text) in [(7, "7s"), (187, "3m7s"), (7_260, "2h1m"), (180_000, "2d2h")] {
            assert_eq!(Ago(seconds).to_string(), text);
        }
    }
}
