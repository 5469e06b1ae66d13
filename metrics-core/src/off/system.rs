//! This build asks the system for no memory and reads no file, so nothing is refused.

use crate::sync::AtomicU64;
use std::fs::File;
use std::io::{self, ErrorKind};

pub(crate) type Descriptor = i32;

pub(crate) const MADV_DODUMP: i32 = 0;
pub(crate) const MADV_DONTDUMP: i32 = 0;
pub(crate) const MADV_HUGEPAGE: i32 = 0;
pub(crate) const MADV_NOHUGEPAGE: i32 = 0;

fn refused<T>() -> io::Result<T> {
    Err(io::Error::new(ErrorKind::Unsupported, "tickmetrics was built with its feature `off`"))
}

pub(crate) fn reserve(_: usize) -> io::Result<&'static [AtomicU64]> {
    refused()
}

pub(crate) fn forget(_: &'static [AtomicU64]) -> io::Result<()> {
    refused()
}

pub(crate) fn advise(_: &[AtomicU64], _: i32) -> io::Result<()> {
    refused()
}

pub(crate) fn make_accessible(_: &[AtomicU64]) -> io::Result<()> {
    refused()
}

pub(crate) fn populate(_: &[AtomicU64]) -> io::Result<()> {
    refused()
}

pub(crate) fn lock_on_fault(_: &[AtomicU64]) -> io::Result<()> {
    refused()
}

pub(crate) fn allocate(_: Descriptor, _: u64, _: u64) -> io::Result<()> {
    refused()
}

pub(crate) fn detach(_: &'static [AtomicU64], _: usize) -> io::Result<()> {
    refused()
}

pub(crate) fn read_exact_at(_: &File, _: &mut [u8], _: u64) -> io::Result<()> {
    refused()
}

pub(crate) fn close(_: Descriptor) {}

/// So the environment names no segment.
pub(crate) fn is_privileged() -> bool {
    true
}
