//! What recording costs, held against the libraries that one would pick instead.
//!
//! | module | what it is |
//! |---|---|
//! | `candidate` | one way to do an operation, and how many times it says it was done |
//! | `run`, `threads` | batches of all candidates, interleaved, on one thread and on two |
//! | `stats` | medians of the batches that nothing interrupted |
//! | `raw` | what the best code written by hand costs |
//! | `groups` | the operations, with the peers in them |
//! | `allocator` | what is allocated |
//! | `goals` | what must come out |
//! | `table` | results, also of several processes |
//! | `report`, `readme` | the run, and what it writes |
//! | `summary`, `chart` | what matters most of it, as a table and as a picture |
//! | `machine` | what it ran on |
//!
//! `cargo run --release -p benches --features peers --bin overhead`

#[cfg(feature = "peers")]
mod allocator;
#[cfg(feature = "peers")]
mod candidate;
#[cfg(feature = "peers")]
mod chart;
#[cfg(feature = "peers")]
mod goals;
#[cfg(feature = "peers")]
mod groups;
#[cfg(feature = "peers")]
mod machine;
#[cfg(feature = "peers")]
mod raw;
#[cfg(feature = "peers")]
mod readme;
#[cfg(feature = "peers")]
mod report;
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
pub use report::{Options, child, overhead};
