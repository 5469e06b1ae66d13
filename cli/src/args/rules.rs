//! The commands for rules and dashboards.

use crate::credentials::Access;
use clap::{Args as ClapArgs, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;

/// Print the catalogue of a process's metrics, or what changed in it.
///
/// The catalogue is JSON: each family with its kind, unit, help text, labels and the values that
/// they can have, bucket edges and quantiles. The order is stable, so that the file can be
/// committed, and a change shows in review. A process's file has every metric that is registered,
/// and every value of labels whose type has a fixed list. An exporter's answer has the series that
/// are there now.
///
/// With --diff, the differences to an older catalogue are printed. The exit status is 0 if rules
/// and dashboards for the old one still work, 1 if a change, marked !, can break them, and 2 if a
/// catalogue can't be read.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tickmetrics catalogue /dev/shm/feed.metrics --service feed > feed.json
  tickmetrics catalogue localhost:9464 > gateway.json
  tickmetrics catalogue /dev/shm/feed.metrics --diff feed.json")]
pub(crate) struct Catalogue {
    /// The file that the process writes, an exporter (HOST:PORT, http://, https:// or unix:PATH), or
    /// a catalogue, whose name ends in .json
    #[arg(value_name = "PATH|ADDR", value_hint = ValueHint::AnyPath)]
    pub(crate) target: OsString,
    /// The name of the service, for the catalogue
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// The older catalogue to compare with
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) diff: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) access: Access,
}
