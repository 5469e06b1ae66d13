//! Compares layers of tower in one run.

use std::env;
use std::process::ExitCode;

const HELP: &str = "\
cargo run --release -p benches --features peers --bin requests [-- OPTIONS]

Prints what layers of tower add to a request of an axum router.

  --quick   fewer batches
  --help    this text";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match arguments[..] {
        [] => benches::requests::report(false),
        ["--quick"] => benches::requests::report(true),
        ["--help"] => Ok(HELP.to_owned()),
        _ => Err("unknown options: --help lists them".to_owned()),
    };
    benches::end("requests", answer.map(|text| println!("{text}")))
}
