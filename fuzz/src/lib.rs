//! The shared parts of the fuzz targets.
//!
//! `reader` and `directory`: an input is a list of changes to a small real segment. After them a
//! reader reads it.
//!
//! | module | what it is |
//! |---|---|
//! | `base` | the segment that every input starts from |
//! | `file`, `memory` | its place, where it is changed and restored |
//! | `changes` | the meaning of an input |
//! | `walk` | reads everything, and checks the invariants of any snapshot |
//! | `cells` | compares each value with its cells in the file |
//! | `cost` | the cost of reading: memory and processor time |
//!
//! `encoders`: an input is a list of metrics, with their records. It is encoded in every format and
//! read back.
//!
//! | module | what it is |
//! |---|---|
//! | `program` | the meaning of an input |
//! | `recorded` | registers and records it, and remembers |
//! | `arithmetic` | the values that metrics must have for it |
//! | `names` | the names and labels that a metric takes |
//! | `refused` | the metrics that a registry must refuse |
//! | `rewind` | restores the process's segment |
//! | `exposition` | parsers of the formats |
//! | `expected` | the results that they must have |
//!
//! `http` and `requests`: an input is a client's bytes over one connection, raw or as requests with
//! known responses.
//!
//! | module | what it is |
//! |---|---|
//! | `requests` | the meaning of an input, and the required responses |
//! | `answers` | the served metrics, and a parser of responses |
//!
//! `parse`: an input is an exposition for the exporter's parser, in any format.

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
#[cfg(fuzzing)]
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
