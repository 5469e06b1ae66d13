//! The command line.

#![expect(clippy::doc_markdown, reason = "clap shows these comments as they are")]

mod history;
mod rules;
mod time;

pub(crate) use history::{Asked, Collect, Export, Query, RowFormat, Status};
pub(crate) use rules::{Catalogue, Dashboard, Lint, LintFormat, Rules};

use crate::credentials::Access;
use crate::hist::labels::{self, Labels};
use crate::people::{self, PrintablePath};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tickmetrics_collector::__cli::{Named, named};
use time::interval;

/// Reads the metrics of other processes.
///
/// A process that keeps its metrics in a file, usually in /dev/shm, needs no thread and no port for
/// them. This program reads the file while the process writes, and after it has died.
#[derive(Debug, Parser)]
#[command(
    name = "tickmetrics",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  tickmetrics dump /dev/shm/feed.metrics
  tickmetrics serve '/dev/shm/*.metrics' --listen 127.0.0.1:9187
  tickmetrics top /dev/shm/feed.metrics
  tickmetrics top localhost:9464
  tickmetrics hist /dev/shm/feed.metrics fill_latency_seconds
  tickmetrics collect feed=localhost:9464 --store duckdb:metrics.duckdb
  tickmetrics query 'FROM candles'"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Parses the user's arguments. If they are invalid, the program ends here.
pub(crate) fn parse() -> Args {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    Args::try_parse_from(&arguments).unwrap_or_else(|error| {
        // Errors repeat arguments, and a shell's pattern may have made them from file names that
        // anybody chose. Parsing the arguments as they are shown gives the same error.
        let shown = arguments.iter().map(|it| PrintablePath(it.as_ref()).to_string());
        let Err(shown) = Args::try_parse_from(shown) else {
            // An argument was not UTF-8.
            let text = error.render().to_string();
            text.lines().for_each(|line| people::tell(format_args!("{line}")));
            std::process::exit(error.exit_code())
        };
        shown.exit()
    })
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Dump(Dump),
    Serve(Serve),
    Top(Top),
    Hist(Hist),
    Collect(Box<Collect>),
    Query(Query),
    Export(Export),
    Status(Status),
    Catalogue(Catalogue),
    Lint(Lint),
    Rules(Rules),
    Dashboard(Dashboard),
    Completions(Completions),
    Man(Man),
}

/// Print all metrics of a process once, whether it is alive or dead.
///
/// Standard error reports whether the process is alive, so that the output contains only the
/// metrics; in JSON it is the field process.alive. Standard error also reports the number of
/// metrics that are left out because another registry of the process has their names. On a
/// terminal, control characters and invisible characters are escaped as \u{1b}. In a file or a
/// pipe, everything is exact.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tickmetrics dump /dev/shm/feed.metrics | promtool check metrics
  tickmetrics dump /dev/shm/feed.metrics --format json | jq '.metrics[].name'")]
pub(crate) struct Dump {
    /// The file that the process writes
    pub(crate) path: PathBuf,
    /// The format of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Prometheus' text format 0.0.4
    Text,
    /// OpenMetrics 1.0.0
    Openmetrics,
    /// One JSON document, with quantiles
    Json,
}

/// Serve the metrics of any number of processes to Prometheus.
///
/// A label distinguishes the processes: the stem of the file's name (feed of
/// /dev/shm/feed.metrics), or the whole path if another file has that stem. A file with several
/// paths is served once. Families of one name become one, with the help text of the first process.
/// A family that has another type or unit there is left out, counted in
/// tickmetrics_serve_left_out_families, named in tickmetrics_serve_left_out and reported on
/// standard error.
///
/// Responses have every format of a program's own exporter: text, OpenMetrics, protobuf with native
/// histograms. Responses are compressed if other machines can reach the address.
///
/// The program serves its own user's files, those of root if it runs as root, and those of the
/// users given by --user. The program's own user comes first, then the others in the given order,
/// and then all users of "any" by their numbers. The first user has the stem of a name and the type
/// of a family, whatever is in the files. A file whose folder belongs to somebody else is not
/// served. Each user other than the program's own has a quarter of each limit.
///
/// Each scrape looks for files. New files are added, and the counts of a dead process stay until
/// its file is removed. tickmetrics_serve_alive has whether each process is alive, and
/// tickmetrics_serve_left_out_metrics its number of metrics under names that another of its
/// registries registered first.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  All segments in a directory:
    tickmetrics serve /dev/shm
  Quoted, so that later files are found:
    tickmetrics serve '/dev/shm/*.metrics'
  On all addresses:
    tickmetrics serve feed.metrics risk.metrics --listen 0.0.0.0:9187
  Of two users, and your own:
    tickmetrics serve /dev/shm --user feed --user risk")]
pub(crate) struct Serve {
    /// Files, patterns with * ? [], or directories, which stand for all segments in them
    #[arg(required = true, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) paths: Vec<String>,
    /// The address to listen on: HOST:PORT, where the system chooses for port 0, or unix:PATH
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9187")]
    pub(crate) listen: String,
    /// TLS, passwords, tokens and headers: the web configuration file of Prometheus' exporters
    #[arg(long = "web.config.file", value_name = "FILE")]
    pub(crate) web_config: Option<PathBuf>,
    /// Another user whose files are served: a name or a number, or any for all users; may be
    /// repeated, the most trusted first
    #[arg(long = "user", value_name = "USER", value_parser = named)]
    pub(crate) users: Vec<Named>,
    /// The most files that are served
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_files: u32,
    /// MiB of memory for one snapshot of all files; a response has a quarter of it, and at most
    /// four responses hold a snapshot at one time
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_memory: u32,
    /// MiB of memory for each file's snapshot, instead of 16 and 16 times its size on the disk
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_file_memory: Option<u32>,
    /// The label that distinguishes processes
    #[arg(long, value_name = "NAME", default_value = "process", value_parser = label_name)]
    pub(crate) label: String,
    /// Expose when counters and histograms began to count, in OpenMetrics and protobuf
    #[arg(long)]
    pub(crate) created: bool,
}

/// Watch a process or any Prometheus exporter in the terminal.
///
/// Counters show their rate, gauges their value, histograms their percentiles over the last
/// interval. The trend is that of the rate, of the value, or of the 99th percentile. The top series
/// is shown in full until the user chooses another, which stays chosen in any order.
/// An exporter is scraped in protobuf, for its native histograms, or else in text format. Its
/// percentiles are interpolated within the buckets as Prometheus' histogram_quantile does. A password or a token is sent to the exporter alone, and
/// never to an address that it redirects to. Over http://, anybody on the network path can read it.
#[derive(Clone, Debug, ClapArgs)]
#[command(after_help = "\
Keys:
  q quit   ? all keys   / filter   s sort by the next column   r reverse
  p pause  i interval or all time   ↑ ↓ PgUp PgDn End choose   Home to the top

Examples:
  tickmetrics top /dev/shm/feed.metrics --interval 500ms
  tickmetrics top localhost:9464
  tickmetrics top http://127.0.0.1:9464/other/path
  tickmetrics top https://feed1:9464 --ca-file ca.pem --user ops
  tickmetrics top https://feed1:9464 --bearer-file /run/secrets/token
  tickmetrics top unix:/run/trading/metrics
  tickmetrics top --once /dev/shm/feed.metrics | grep latency
  tickmetrics top --once --human /dev/shm/feed.metrics --filter latency")]
pub(crate) struct Top {
    /// The file that the process writes, or an exporter: HOST:PORT, its http:// or https:// address,
    /// or unix:PATH for a socket
    #[arg(value_name = "PATH|ADDR", value_hint = ValueHint::AnyPath)]
    pub(crate) target: OsString,
    /// The time between two readings, such as 500ms, 2s or 1m
    #[arg(long, value_parser = interval, default_value = "1s")]
    pub(crate) interval: Duration,
    /// Print one interval as plain text, with exact figures in the exported units, and exit
    #[arg(long)]
    pub(crate) once: bool,
    /// With --once, print figures as the screen shows them: 1.50µs, 12.3k
    #[arg(long, requires = "once")]
    pub(crate) human: bool,
    /// Percentiles of all values since the start, not of the last interval; always for a dead
    /// process
    #[arg(long)]
    pub(crate) all_time: bool,
    /// Only series whose name or labels contain this
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub(crate) filter: String,
    /// The sort column
    #[arg(long, value_enum, default_value_t = Sort::Name)]
    pub(crate) sort: Sort,
    #[command(flatten)]
    pub(crate) access: Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    Name,
    Value,
    Rate,
    P50,
    P99,
    P999,
}

/// Show the percentile distribution of one histogram.
///
/// Without --svg and --hlog the distribution is printed, in the form of HdrHistogram's own tools.
/// Values are in the exported unit, except in the log, where they are in the recorded unit.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tickmetrics hist /dev/shm/feed.metrics fill_latency_seconds
  tickmetrics hist feed.metrics slippage_bps --labels symbol=AAPL,side=buy
  tickmetrics hist feed.metrics slippage_bps --labels '{venue=\"a,b\"}'
  tickmetrics hist feed.metrics latency_seconds --svg plot.svg --hlog log.hlog")]
pub(crate) struct Hist {
    /// The file that the process writes
    pub(crate) path: PathBuf,
    /// The histogram's name
    pub(crate) name: String,
    /// Labels of the series, such as symbol=AAPL,side=buy, as many as needed to select one. A value
    /// with a comma is quoted, as in PromQL: {venue="a,b"}
    #[arg(long, value_name = "LABELS", value_parser = labels::parse)]
    pub(crate) labels: Vec<Labels>,
    /// Percentiles shown for each halving of the rest
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) ticks: u32,
    /// Write a plot of value by percentile
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    /// Write an interval log that HdrHistogram's tools read: one interval, from the process's start
    #[arg(long, value_name = "FILE")]
    pub(crate) hlog: Option<PathBuf>,
}

/// Print the completion script for a shell.
///
/// Bash evaluates the script. Zsh and fish read it from a file in one of their completion folders.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  source <(tickmetrics completions bash)            in ~/.bashrc
  tickmetrics completions zsh > \"${fpath[1]}/_tickmetrics\"
  tickmetrics completions fish > ~/.config/fish/completions/tickmetrics.fish")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Write the manual pages, one for the program and one for each command.
///
/// Without a directory, the page of the program is printed.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tickmetrics man ~/.local/share/man/man1           then: man tickmetrics-top
  tickmetrics man | man -l -")]
pub(crate) struct Man {
    /// The directory that the pages are written to. It is made if it is missing
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) directory: Option<PathBuf>,
}

fn label_name(text: &str) -> Result<String, String> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let valid = text.starts_with(first)
        && text.chars().all(|c| first(c) || c.is_ascii_digit())
        && !text.starts_with("__")
        && !matches!(text, "le" | "quantile" | "family" | "reason");
    valid.then(|| text.into()).ok_or_else(|| {
        "a label's name has ASCII letters, digits and '_', starts with a letter or one '_', and is \
         none of le, quantile, family and reason"
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::{Args, interval};
    use clap::CommandFactory;
    use std::time::Duration;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
    }

    /// clap wraps all other text.
    #[test]
    fn examples_fit_80_columns() {
        let all = Args::command();
        for command in std::iter::once(&all).chain(all.get_subcommands()) {
            let text = command.get_after_help().unwrap().to_string();
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{}: {line}", command.get_name());
            }
        }
    }

    #[test]
    fn times() {
        assert_eq!(interval("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(interval("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(interval("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(interval("1h"), Ok(Duration::from_secs(3600)));
        for wrong in ["", "5", "ms", "25h", "0s", "-1s", "1e300s", "1µs", "2d"] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }
}
