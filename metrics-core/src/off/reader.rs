//! No segment can be read. The reader depends on Linux.

#[path = "../reader/error.rs"]
mod error;
#[path = "../reader/process.rs"]
mod process;

pub use error::ReadError;
pub use process::Process;

use crate::segment::SegmentStats;
use crate::snapshot::Snapshot;
use std::convert::Infallible;
use std::fs::File;
use std::io::{Error, ErrorKind};
use std::path::PathBuf;

/// Reads the metrics of another process from its segment's file. With the feature `off` no file can be
/// opened.
#[derive(Debug)]
pub struct SegmentReader(Infallible);

impl SegmentReader {
    /// Opens nothing.
    ///
    /// # Errors
    /// [`ReadError::Io`] of the kind `Unsupported`, always.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        let reason = "tickmetrics was built with its feature `off`, which reads no segments";
        let error = Error::new(ErrorKind::Unsupported, reason);
        Err(ReadError::Io { path: path.into(), error })
    }

    /// As [`open`](Self::open).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_file(_: File, path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        Self::open(path)
    }

    /// As without the feature `off`.
    pub fn set_memory_limit(&mut self, _: u64) {
        match self.0 {}
    }

    /// As without the feature `off`.
    pub fn memory(&self) -> u64 {
        match self.0 {}
    }

    /// As without the feature `off`.
    ///
    /// # Errors
    /// As without the feature `off`.
    pub fn snapshot(&mut self) -> Result<Snapshot, ReadError> {
        match self.0 {}
    }

    /// As without the feature `off`.
    ///
    /// # Errors
    /// As without the feature `off`.
    pub fn snapshot_within(&mut self, _: u64) -> Result<Snapshot, ReadError> {
        match self.0 {}
    }

    /// As without the feature `off`.
    pub fn left_out(&self) -> usize {
        match self.0 {}
    }

    /// As without the feature `off`.
    ///
    /// # Errors
    /// As without the feature `off`.
    pub fn process(&self) -> Result<Process, ReadError> {
        match self.0 {}
    }

    /// As without the feature `off`.
    ///
    /// # Errors
    /// As without the feature `off`.
    pub fn stats(&self) -> Result<SegmentStats, ReadError> {
        match self.0 {}
    }
}
