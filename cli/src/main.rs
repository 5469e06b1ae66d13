//! `tickmetrics` reads the metrics of other processes from outside.
//!
//! | module | what it is |
//! |---|---|
//! | `args` | the command line |
//! | `failure` | what went wrong, in one line |
//! | `people` | what is printed for people |
//! | `segment` | a segment's file, followed while processes come and go |
//! | `number` | numbers for people and for scripts |
//! | `dump`, `serve`, `hist`, `top`, `completions` | the commands |
//! | `watch`, `trust` | the files that `serve` reads: patterns and directories, and whose they are |
//! | `scrape_url`, `credentials` | for `top` of any exporter: HTTP, and what a protected one is shown |
//! | `exposition`, `quantile` | for `top` of any exporter: the text format, classic buckets |

mod args;
mod completions;
mod credentials;
mod dump;
mod exposition;
mod failure;
mod hist;
mod number;
mod people;
mod quantile;
mod scrape_url;
mod segment;
mod serve;
mod stop;
mod top;
mod trust;
mod watch;

use args::Command;
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let done = match args::parse().command {
        Command::Dump(args) => dump::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Top(args) => top::run(&args),
        Command::Hist(args) => hist::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            people::tell(format_args!("tickmetrics: {failure}"));
            ExitCode::FAILURE
        }
    }
}

/// What all commands return.
type Result<T, E = Failure> = std::result::Result<T, E>;
