//! `dump`: all metrics of one process, once.

use crate::Result;
use crate::args::{Dump, Format};
use crate::segment::Segment;
use exporter::encode;
use std::io::Write;

pub(crate) fn run(args: &Dump) -> Result<()> {
    let mut segment = Segment::open(&args.path)?;
    // Before the snapshot: a process that was dead then has written all it ever will.
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
    // What stands on the output is whole without it.
    let _ = writeln!(std::io::stderr(), "{}: {process}", args.path.display());
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(out.as_bytes())?;
    stdout.flush()?;
    Ok(())
}
