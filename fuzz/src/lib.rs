//! What the fuzz targets share.
//!
//! `reader` and `directory`: an input is a list of changes to a small real segment. After them a
//! reader reads it.
//!
//! | module | what it is |
//! |---|---|
//! | `base` | the segment that every input starts from |
//! | `file`, `memory` | where it lies, is changed and put back |
//! | `changes` | what an input says |
//! | `walk` | reads everything, and holds it against what must be true |
//! | `cells` | holds each value against the cells that the file has for it |
//! | `cost` | what reading takes: memory and processor time |
//!
//! `encoders`: an input is a list of metrics, and what is recorded to them. It is encoded in every
//! format and read back.
//!
//! | module | what it is |
//! |---|---|
//! | `program` | what an input says |
//! | `recorded` | registers and records it, and remembers |
//! | `arithmetic` | what metrics must have of that |
//! | `names` | the names and labels that a metric takes |
//! | `refused` | which metrics a registry must refuse |
//! | `rewind` | puts the process's segment back |
//! | `exposition` | parsers of the formats |
//! | `expected` | what they must find |
//!
//! `http` and `requests`: an input is what a client says over one connection, as bytes or as requests of
//! which the answers are known.
//!
//! | module | what it is |
//! |---|---|
//! | `requests` | what an input says, and how that must be answered |
//! | `answers` | what is served, and a parser of answers |

#[cfg(fuzzing)]
pub mod answers;
pub mod arithmetic;
pub mod base;
pub mod cells;
pub mod changes;
pub mod cost;
pub mod expected;
pub mod exposition;
pub mod file;
pub mod memory;
pub mod names;
pub mod program;
pub mod recorded;
pub mod refused;
pub mod requests;
pub mod rewind;
pub mod walk;

#[path = "../../exporter/tests/protobuf/client_model.rs"]
mod client_model;

/// The words of a segment, changed by an input.
pub trait Words {
    /// 0 behind the end.
    fn get(&self, at: usize) -> u64;
    /// Nothing behind the end.
    fn set(&mut self, at: usize, value: u64);
    /// Cuts the segment short.
    fn cut(&mut self, bytes: u64);
    /// Makes some pages a hole.
    fn punch(&mut self, page: usize, pages: usize);
    /// Makes it longer, by a hole, where that can be.
    fn stretch(&mut self, bytes: u64);
}
