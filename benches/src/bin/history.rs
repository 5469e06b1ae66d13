//! Measures the collector: its cycles, its load, its bytes on disk, and what it costs the processes
//! that it reads.

use benches::history::{self, Options};
use lexopt::prelude::*;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "\
cargo build --release --bins && cargo run --release -p benches --features peers --bin history -- PART

Runs `tickmetrics collect` beside others, prints a table, and renews its part of benches/HISTORY.md.

  cycles                the three services of `trading`, each second
  load                  100 endpoints of 1,000 series, each second, beside Prometheus and VictoriaMetrics
  disk                  the bytes that the same scrapes of `trading` take in each store
  readers               the hot path of a process whose segment is read

  --minutes N           how long: 10 for cycles and load, 60 for disk, 1 for readers unless given
  --prometheus PATH     the program `prometheus`; looked for in PATH otherwise
  --victoria-metrics PATH  the program `victoria-metrics`; looked for in PATH otherwise
  --print               print the table alone
  --help                this text";

fn main() -> ExitCode {
    benches::end("history", run())
}

fn run() -> Result<(), String> {
    let options = command().map_err(|error| format!("{error}; --help lists the options"))?;
    options.map_or_else(
        || {
            println!("{HELP}");
            Ok(())
        },
        |options| history::run(&options),
    )
}

fn command() -> Result<Option<Options>, lexopt::Error> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("HISTORY.md");
    let mut options = Options {
        part: String::new(),
        duration: None,
        prometheus: "prometheus".into(),
        victoria_metrics: "victoria-metrics".into(),
        file: Some(file),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Value(part) if options.part.is_empty() => options.part = part.string()?,
            Long("minutes") => {
                let minutes: f64 = parser.value()?.parse()?;
                options.duration = Duration::try_from_secs_f64(minutes * 60.0).ok();
            }
            Long("prometheus") => options.prometheus = parser.value()?.into(),
            Long("victoria-metrics") => options.victoria_metrics = parser.value()?.into(),
            Long("print") => options.file = None,
            Long("help") => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}
