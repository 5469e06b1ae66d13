//! `hist`: one histogram in full.
//!
//! | module | what it is |
//! |---|---|
//! | `labels` | labels as they are given and listed |
//! | `choose` | which series is meant |
//! | `table` | percentiles as text |
//! | `svg` | the plot |
//! | `hlog` | the interval log |

mod choose;
mod hlog;
pub(crate) mod labels;
mod svg;
mod table;

use crate::Result;
use crate::args::Hist;
use crate::failure::Failure;
use crate::people::{self, PrintablePath};
use crate::segment;
use std::fs;
use std::path::Path;
use tickmetrics::HistogramSnapshot;

/// A histogram and its description.
struct Chosen<'a> {
    /// The name, and the labels in braces if there are any.
    title: String,
    help: &'a str,
    /// Empty without a unit.
    unit: &'a str,
    histogram: &'a HistogramSnapshot,
    /// `HdrHistogram`'s form, in recorded units.
    hdr: hdrhistogram::Histogram<u64>,
}

impl Chosen<'_> {
    /// A recorded value in the exported unit. The highest value of a cell may be above every value
    /// recorded in it. The result is never above the largest recorded value.
    fn export(&self, recorded: u64) -> f64 {
        let exported = recorded as f64 / self.histogram.recorded_per_unit();
        self.histogram.max().map_or(exported, |max| exported.min(max))
    }
}

pub(crate) fn run(args: &Hist) -> Result<()> {
    let mut segment = segment::open(&args.path)?;
    let process = segment.process()?;
    let snapshot = segment.snapshot()?;
    // The requested histogram may be one of them.
    if let Some(left_out) = segment.left_out() {
        people::tell(format_args!("{}: {left_out}", PrintablePath(&args.path)));
    }
    let labels: Vec<_> = args.labels.iter().flat_map(|labels| &labels.0).collect();
    let chosen = choose::choose(&snapshot, &args.name, &labels)?;
    if let Some(path) = &args.svg {
        write(path, svg::plot(&chosen)?.as_bytes())?;
    }
    if let Some(path) = &args.hlog {
        write(path, &hlog::log(&chosen, &process, segment.path())?)?;
    }
    if args.svg.is_none() && args.hlog.is_none() {
        table::table(&chosen, args.ticks).print()?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes)
        .map_err(|error| Failure::told(format!("can't write {}: {error}", PrintablePath(path))))
}
