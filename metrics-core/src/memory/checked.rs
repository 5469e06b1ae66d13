//! Memory as far as the model checker needs any.

use crate::sync::AtomicU64;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

pub(crate) type Descriptor = i32;

#[expect(clippy::unnecessary_wraps, reason = "the system's version can fail")]
pub(crate) fn reserve(words: usize) -> io::Result<&'static [AtomicU64]> {
    Ok(Vec::leak((0..words).map(|_| AtomicU64::new(0)).collect()))
}

pub(crate) fn make_accessible(_: &[AtomicU64]) -> io::Result<()> {
    Ok(())
}

pub(crate) fn populate(_: &[AtomicU64]) -> io::Result<()> {
    Ok(())
}

pub(crate) fn allocate(_: i32, _: u64, _: u64) -> io::Result<()> {
    Ok(())
}

pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    file.read_exact_at(bytes, offset)
}
