//! The cost of recording, compared with other libraries.
//!
//! | module | what it is |
//! |---|---|
//! | `candidate` | one way to do an operation, and its own count of operations |
//! | `run`, `threads` | batches of all candidates, interleaved, on one thread and on two |
//! | `stats` | medians of the batches that nothing interrupted |
//! | `raw` | the cost of the best code written by hand |
//! | `groups` | the operations, with the peers in them |
//! | `allocator` | the allocated bytes |
//! | `table`, `layout` | results, also of several processes; the tables and their columns |
//! | `goal`, `goals` | a limit for a figure, which the groups state; all of them in a run |
//! | `results`, `report`, `readme` | the results of a run; the run, and its output |
//! | `program` | the end of a program |
//! | `ask` | processes of its own for single measurements |
//! | `summary`, `chart` | the most important figures, as a table and as a picture |
//! | `machine` | the machine of the run |
//! | `facade` | the recorders of the facade `metrics`, in a report of their own |
//! | `requests` | layers of tower, in a report of their own |
//! | `history` | the figures of the collector, in a report of their own |
//!
//! `cargo run --release -p benches --features peers --bin overhead`

#[cfg(feature = "peers")]
mod allocator;
#[cfg(feature = "peers")]
mod ask;
#[cfg(feature = "peers")]
mod candidate;
#[cfg(feature = "peers")]
mod chart;
#[cfg(feature = "peers")]
pub mod facade;
#[cfg(feature = "peers")]
mod goal;
#[cfg(feature = "peers")]
mod goals;
#[cfg(feature = "peers")]
mod groups;
#[cfg(feature = "peers")]
pub mod history;
#[cfg(feature = "peers")]
mod layout;
#[cfg(feature = "peers")]
mod machine;
#[cfg(feature = "peers")]
mod program;
#[cfg(feature = "peers")]
mod raw;
#[cfg(feature = "peers")]
mod readme;
#[cfg(feature = "peers")]
mod report;
#[cfg(feature = "peers")]
pub mod requests;
#[cfg(feature = "peers")]
mod results;
#[cfg(feature = "peers")]
mod run;
#[cfg(feature = "peers")]
mod stats;
#[cfg(feature = "peers")]
mod summary;
#[cfg(feature = "peers")]
mod table;
#[cfg(feature = "peers")]
mod threads;

#[cfg(feature = "peers")]
pub use allocator::Counting;
#[cfg(feature = "peers")]
pub use candidate::Candidate;
#[cfg(feature = "peers")]
pub use groups::operations;
#[cfg(feature = "peers")]
pub use program::end;
#[cfg(feature = "peers")]
pub use report::{Options, child, overhead};
