//! An interval log for `HdrHistogram`'s own tools: V2 histograms, compressed.

use super::Chosen;
use crate::Result;
use crate::failure::Failure;
use crate::people::Printable;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::IntervalLogWriterBuilder;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tickmetrics_collector::__cli::Process;

/// One interval, from the start of the process until now, or until a dead process's last write to
/// its file. Values are in recorded units. The column of the largest value, with three decimals, is
/// in the exported unit, or in milliseconds for seconds, as in `HdrHistogram`'s own logs.
pub(super) fn log(chosen: &Chosen<'_>, process: &Process, path: &Path) -> Result<Vec<u8>> {
    let failed = |error: &dyn std::fmt::Debug| {
        Failure::told(format!("the interval log can't be written: {error:?}"))
    };
    let end = if process.alive {
        SystemTime::now()
    } else {
        let written = std::fs::metadata(path).and_then(|about| about.modified());
        written.unwrap_or_else(|_| SystemTime::now())
    };
    let length = end.duration_since(process.start).unwrap_or_default();
    let per_unit = chosen.histogram.recorded_per_unit();
    let (unit, divisor) = match chosen.unit {
        "seconds" => ("milliseconds", per_unit / 1e3),
        "" => ("recorded units", 1.0),
        unit => (unit, per_unit),
    };
    // A comment is one line, and Java's readers know more line endings than two.
    let title = format_args!("[{}, largest value in {unit}]", chosen.title);
    let title = Printable(title).to_string();
    let mut log = Vec::new();
    let mut serializer = V2DeflateSerializer::new();
    let mut writer = IntervalLogWriterBuilder::new()
        .add_comment(concat!("[Written by tickmetrics ", env!("CARGO_PKG_VERSION"), "]"))
        .add_comment(&title)
        .with_start_time(process.start)
        .with_base_time(process.start)
        .with_max_value_divisor(divisor)
        .begin_log_with(&mut log, &mut serializer)
        .map_err(|error| failed(&error))?;
    writer
        .write_histogram(&chosen.hdr, Duration::ZERO, length, None)
        .map_err(|error| failed(&error))?;
    drop(writer);
    Ok(log)
}
