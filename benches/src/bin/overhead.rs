//! Measures what recording costs, with this library and with others, in one run.

use lexopt::prelude::*;
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
cargo run --release -p benches --features peers --bin overhead [-- OPTIONS]

Prints a report of what recording costs, and writes overhead.json and overhead.svg.

  --quick               fewer batches: under a minute instead of under five
  --out DIR             where to write; the folder `benches` otherwise
  --update-readme[=FILE]  renew what stands between <!-- overhead: PART --> and
                        <!-- overhead: end --> in FILE (benches/README.md)
  --only GROUP          one group of operations
  --help                this text";

fn main() -> ExitCode {
    match options().and_then(|options| options.map_or(Ok(()), |it| benches::overhead(&it))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("overhead: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command line asks for; nothing where it is answered already.
fn options() -> Result<Option<benches::Options>, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut options =
        benches::Options { quick: false, out: folder.clone(), update_readme: None, only: None };
    let mut parser = lexopt::Parser::from_env();
    let error = |error: lexopt::Error| format!("{error}; --help tells more");
    while let Some(argument) = parser.next().map_err(error)? {
        match argument {
            Long("quick") => options.quick = true,
            Long("out") => options.out = parser.value().map_err(error)?.into(),
            Long("only") => {
                options.only = Some(parser.value().and_then(ValueExt::string).map_err(error)?);
            }
            Long("update-readme") => {
                let file = parser.optional_value().map(PathBuf::from);
                options.update_readme = Some(file.unwrap_or_else(|| folder.join("README.md")));
            }
            // A question of `groups::memory`.
            Long("child") => {
                let question = parser.value().and_then(ValueExt::string).map_err(error)?;
                println!("{}", benches::child(&question)?);
                return Ok(None);
            }
            Long("help") => {
                println!("{HELP}");
                return Ok(None);
            }
            other => return Err(error(other.unexpected())),
        }
    }
    Ok(Some(options))
}
