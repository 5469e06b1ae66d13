//! The installation of the process's segment: its sizes, its file, the earlier run to resume, and
//! its handling in a forked child and when the library is unloaded.

mod builder;
#[cfg(not(tickmetrics_loom))]
mod environment;
#[cfg(not(tickmetrics_loom))]
#[cfg_attr(feature = "off", path = "../off/file.rs")]
mod file;
#[cfg(not(tickmetrics_loom))]
#[cfg_attr(feature = "off", path = "../off/fork.rs")]
mod fork;
#[cfg(all(feature = "loadable", not(feature = "off"), target_env = "gnu", not(tickmetrics_loom)))]
mod unload;

pub use builder::SegmentBuilder;
#[cfg(all(test, tickmetrics_loom))]
pub(crate) use builder::install;
#[cfg(not(tickmetrics_loom))]
pub(crate) use fork::prepare as prepare_for_forks;
