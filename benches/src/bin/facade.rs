//! Compares recorders for the facade `metrics` in one run.

use std::env;
use std::process::ExitCode;

const HELP: &str = "\
cargo run --release -p benches --features peers --bin facade [-- OPTIONS]

Prints what records through the facade `metrics` cost with each recorder, and what they keep.

  --quick   fewer batches
  --help    this text";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answer = match arguments[..] {
        [] => benches::facade::report(false),
        ["--quick"] => benches::facade::report(true),
        ["--child", question] => benches::facade::answer(question),
        ["--help"] => Ok(HELP.to_owned()),
        _ => Err("unknown options: --help lists them".to_owned()),
    };
    benches::end("facade", answer.map(|text| println!("{text}")))
}
