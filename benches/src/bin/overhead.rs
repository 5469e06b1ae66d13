//! Measures the cost of recording, with this library and with others, in one run.

use benches::{Counting, Options};
use lexopt::prelude::*;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const HELP: &str = "\
cargo run --release -p benches --features peers --bin overhead [-- OPTIONS]

Prints a report of what recording costs, and writes overhead.json and overhead.svg.

  --quick               fewer batches: under a minute instead of under five
  --only GROUP          one group of operations, printed and not written
  --replay FILE         feed the tick path from a recording: CSV, plain or gzip, with the columns
                        local_ts_ns,stream,event_ms,transaction_ms,price,qty
  --from FILE           measure nothing: take the figures from the overhead.json of an earlier run
  --out DIR             where to write; the folder `benches` otherwise
  --update-readme[=FILE]  renew the parts between <!-- overhead: PART --> and
                        <!-- overhead: end --> in FILE, or in the project's own two
  --help                this text";

fn main() -> ExitCode {
    benches::end("overhead", run())
}

fn run() -> Result<(), String> {
    match command().map_err(|error| format!("{error}; --help lists the options"))? {
        Command::Help => println!("{HELP}"),
        Command::Report(options) => benches::overhead(&options)?,
        Command::Child(question, options) => println!("{}", benches::child(&question, &options)?),
    }
    Ok(())
}

/// The project's own files with generated parts, from this crate's folder.
const OWN: [&str; 2] = ["README.md", "../README.md"];

/// The command line.
enum Command {
    Help,
    Report(Options),
    /// A question of the report's own.
    Child(String, Options),
}

fn command() -> Result<Command, lexopt::Error> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut options = Options {
        quick: false,
        out: folder.to_owned(),
        only: None,
        replay: None,
        from: None,
        readmes: Vec::new(),
    };
    let mut question = None;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("quick") => options.quick = true,
            Long("only") => options.only = Some(parser.value()?.string()?),
            Long("replay") => options.replay = Some(parser.value()?.into()),
            Long("from") => options.from = Some(parser.value()?.into()),
            Long("out") => options.out = parser.value()?.into(),
            Long("update-readme") => match parser.optional_value() {
                Some(file) => options.readmes.push(PathBuf::from(file)),
                None => options.readmes.extend(OWN.map(|file| folder.join(file))),
            },
            Long("child") => question = Some(parser.value()?.string()?),
            Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(match question {
        Some(question) => Command::Child(question, options),
        None => Command::Report(options),
    })
}
