//! The process's one segment: its set-up, who owns which shard, and the cells handed out.

mod backing;
mod error;
#[cfg(not(tickmetrics_loom))]
mod fork;
mod lay_out;
#[cfg(not(tickmetrics_loom))]
mod options;
mod part;
mod process;
mod registration;
mod resumed;
mod stats;
mod view;

#[cfg(not(tickmetrics_loom))]
pub(crate) use backing::Backing;
pub use error::SegmentError;
#[cfg(not(tickmetrics_loom))]
pub(crate) use lay_out::cells_full;
pub(crate) use lay_out::{Full, MetricCells, claim, directory_full, fill_table, lay_out};
#[cfg(not(tickmetrics_loom))]
pub(crate) use options::Options;
#[cfg(not(tickmetrics_loom))]
pub(crate) use part::{CALL, Fault, FileWords};
pub(crate) use part::{Part, Window, Words};
pub use process::Segment;
#[cfg(not(tickmetrics_loom))]
pub(crate) use process::set_up;
pub(crate) use registration::{Exhausted, Registration};
#[cfg(not(tickmetrics_loom))]
pub(crate) use resumed::ResumedSet;
pub use stats::SegmentStats;
pub(crate) use view::View;
