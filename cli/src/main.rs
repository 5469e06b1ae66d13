//! `tickmetrics` reads the metrics of other processes from outside.
//!
//! | module | what it is |
//! |---|---|
//! | `args` | the command line |
//! | `failure` | a command's error, in one line |
//! | `people` | output for people |
//! | `prompt` | a question whose answer is typed unseen |
//! | `segment` | the file that a process keeps its metrics in |
//! | `day` | days as text |
//! | `number` | numbers for people and for scripts |
//! | `output` | files that are made of catalogues |
//! | `dump`, `serve`, `hist`, `top`, `collect`, `query`, `export`, `status`, `catalogue`, `lint`, `rules`, `dashboard`, `completions`, `man` | the commands |
//! | `scrape_url`, `credentials` | `top` of any exporter: HTTP, and the credentials for a protected one |
//! | `exposition`, `quantile` | `top` of any exporter: its series, and quantiles of buckets |
//!
//! Targets, scrapes and segments are those of `tickmetrics-collector`.

mod args;
mod catalogue;
mod collect;
mod completions;
mod credentials;
mod dashboard;
mod day;
mod dump;
mod export;
mod exposition;
mod failure;
mod hist;
mod lint;
mod man;
mod number;
mod output;
mod people;
mod prompt;
mod quantile;
mod query;
mod rules;
mod scrape_url;
mod segment;
mod serve;
mod status;
mod stop;
mod top;

use args::Command;
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    let done = match args::parse().command {
        Command::Dump(args) => dump::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Top(args) => top::run(&args),
        Command::Hist(args) => hist::run(&args),
        Command::Collect(args) => collect::run(&args),
        Command::Query(args) => query::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Catalogue(args) => catalogue::run(&args),
        Command::Lint(args) => lint::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Dashboard(args) => dashboard::run(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // The reader of the output has closed it on purpose.
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(Failure::Found(status)) => status.into(),
        Err(failure) => {
            people::tell(format_args!("tickmetrics: {failure}"));
            failure.status().into()
        }
    }
}

/// The result of every command.
type Result<T, E = Failure> = std::result::Result<T, E>;
