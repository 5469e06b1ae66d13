//! What the fuzz targets share. An input is a program: a list of changes to a small real segment.
//! After them a reader reads it.
//!
//! | module | what it is |
//! |---|---|
//! | `base` | the segment that every input starts from |
//! | `file`, `memory` | where it lies, is changed and put back |
//! | `changes` | what an input says |
//! | `walk` | reads everything, and holds it against what must be true |
//! | `cost` | what reading takes: memory and processor time |

pub mod base;
pub mod changes;
pub mod cost;
pub mod file;
pub mod memory;
pub mod walk;

/// The words of a segment, changed by an input.
pub trait Words {
    /// 0 behind the end.
    fn get(&self, at: usize) -> u64;
    /// Nothing behind the end.
    fn set(&mut self, at: usize, value: u64);
    /// Cuts the segment short.
    fn cut(&mut self, bytes: u64);
}
