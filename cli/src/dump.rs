//! `dump`: all metrics of one process, once.

use crate::Result;
use crate::args::{Dump, Format};
use crate::people::{self, PrintablePath};
use crate::segment;
use tickmetrics_exporter::encode;

pub(crate) fn run(args: &Dump) -> Result<()> {
    let mut segment = segment::open(&args.path)?;
    // Before the snapshot: a process that is dead at this point has written all its counts.
    let process = segment.process()?;
    let snapshot = segment.snapshot()?;
    let mut out = String::new();
    match args.format {
        Format::Text => encode::text(&snapshot, &mut out),
        Format::Openmetrics => encode::openmetrics(&snapshot, &mut out),
        Format::Json => {
            let process =
                encode::Process { pid: process.pid, start: process.start, alive: process.alive };
            encode::json(&snapshot, Some(process), &mut out);
            out.push('\n');
        }
    }
    // The output is complete without this line.
    people::tell(format_args!("{}: {process}", PrintablePath(&args.path)));
    if let Some(left_out) = segment.left_out() {
        people::tell(format_args!("{}: {left_out}", PrintablePath(&args.path)));
    }
    people::print_data(&out, args.format == Format::Json)
}
