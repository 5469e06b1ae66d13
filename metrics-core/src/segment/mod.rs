//! The process's one segment: its set-up, the owners of its shards, and the cells handed out.

mod allocated;
mod error;
#[cfg(not(tickmetrics_loom))]
mod fork;
mod lay_out;
mod options;
mod part;
mod process;
mod registration;
mod resumed;
mod stats;
mod view;

pub(crate) use allocated::Allocated;
pub use error::SegmentError;
pub(crate) use lay_out::cells_full;
pub(crate) use lay_out::{
    Full, MetricCells, claim, directory_full, fill_table, lay_out, lay_out_values,
};
pub(crate) use options::Options;
pub(crate) use part::{CALL, Fault, FileWords};
pub(crate) use part::{Part, Window, Words};
pub use process::Segment;
pub(crate) use process::set_up;
pub(crate) use registration::{Exhausted, Registration};
pub(crate) use resumed::ResumedSet;
pub use stats::SegmentStats;
pub(crate) use view::View;
