//! The command line.

#![expect(clippy::doc_markdown, reason = "clap shows these comments as they are")]

use crate::credentials::Access;
use crate::day::Day;
use crate::hist::labels::{self, Labels};
use crate::people::{self, PrintablePath};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use tickmetrics_collector::__cli::{Named, named};
use tickmetrics_collector::store::Place;
use tickmetrics_exporter::__cli::parse_duration;

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

/// Store the metrics of exporters and processes, continuously.
///
/// Each cycle reads all targets at the same time, and stores what they answer: every sample, candles
/// of prices, and events such as a target that does not answer any more. A target that hangs, fails
/// or answers something else delays no other one.
///
/// Rows go to a file of DuckDB or to Parquet files. Standard error reports which of them, and each
/// event. Ctrl-C and SIGTERM store what is there, and end.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  Two services, each second:
    tickmetrics collect market-data=localhost:9091 risk=localhost:9093
  All processes on this machine, and candles of a minute:
    tickmetrics collect '/dev/shm/*.metrics' --price feed_price --candles 1m
  With a file, and the collector's own metrics:
    tickmetrics collect --config collector.yaml --listen 127.0.0.1:9099
  Once, for a script:
    tickmetrics collect gateway=localhost:9464 --once --store parquet:data")]
pub(crate) struct Collect {
    /// Exporters (HOST:PORT, http://, https://, or unix:PATH) and files of processes (paths,
    /// directories, or patterns with * ? []). SERVICE= in front names the service
    #[arg(value_name = "[SERVICE=]TARGET", value_hint = ValueHint::AnyPath)]
    pub(crate) targets: Vec<String>,
    /// A configuration file in YAML. Targets are added to its sources, and options come before its
    /// keys
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// duckdb:FILE, parquet:DIR, or a path that ends in .duckdb. By default metrics.duckdb, or
    /// metrics.parquet if DuckDB's library is not found
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Place>,
    /// Remove rows older than this, such as 720h
    #[arg(long, value_name = "TIME", value_parser = age)]
    pub(crate) keep: Option<Duration>,
    /// The time between two cycles, such as 500ms, 2s or 1m [default: 1s]
    #[arg(long, value_parser = interval)]
    pub(crate) interval: Option<Duration>,
    /// The longest time until an answer is complete [default: the interval]
    #[arg(long, value_name = "TIME", value_parser = interval)]
    pub(crate) timeout: Option<Duration>,
    /// Store only metrics whose name matches, such as 'market_data_*'; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) allow: Vec<String>,
    /// Store no metric whose name matches; may be repeated
    #[arg(long, value_name = "PATTERN")]
    pub(crate) deny: Vec<String>,
    /// The label that names the instrument [default: symbol]
    #[arg(long, value_name = "NAME")]
    pub(crate) symbol_label: Option<String>,
    /// The gauge whose prices make candles
    #[arg(long, value_name = "NAME")]
    pub(crate) price: Option<String>,
    /// The counter whose growth is the volume of candles
    #[arg(long, value_name = "NAME", requires = "price")]
    pub(crate) volume: Option<String>,
    /// The length of candles; may be repeated [default: 1m]
    #[arg(long, value_name = "TIME", requires = "price", value_parser = age)]
    pub(crate) candles: Vec<Duration>,
    /// The address of the collector's own metrics: HOST:PORT, where the system chooses for port 0,
    /// or unix:PATH
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<String>,
    /// The socket that query, export and status ask [default: the store's path and .sock; none with
    /// --once]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
    /// Read each target once, and end; with an error if one of them gave no metrics
    #[arg(long)]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) access: Access,
}

/// Which store is asked.
#[derive(Debug, ClapArgs)]
pub(crate) struct Asked {
    /// duckdb:FILE, parquet:DIR, or a path that ends in .duckdb. By default metrics.duckdb, or
    /// metrics.parquet if only that is here
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Place>,
    /// The socket of the collector that writes the store [default: the store's path and .sock]
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: Option<PathBuf>,
}

/// Print rows of a store, also while a collector writes it.
///
/// The collector that has a file of DuckDB open answers the query, within its limits: 1,000,000
/// rows, 64 MiB, a minute, four queries at one time. Without a collector, the file is opened, only
/// to read it. Parquet files are always read directly: rows are in them a minute later. Standard
/// error reports which of them answers. A query is one SELECT (or FROM, WITH, DESCRIBE, SUMMARIZE,
/// SHOW) over the store's tables and views. It can't change them, nor read other files.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  What there is:
    tickmetrics query 'SHOW TABLES'
  Candles of a day:
    tickmetrics query \"FROM candles WHERE start::DATE = '2026-11-29'\"
  For a spreadsheet:
    tickmetrics query 'FROM metric_rates' --format csv --output rates.csv")]
pub(crate) struct Query {
    /// The query, in DuckDB's SQL
    pub(crate) sql: String,
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// The format of the rows
    #[arg(long, value_enum, default_value_t = RowFormat::Table)]
    pub(crate) format: RowFormat,
    /// The most rows; standard error reports that there are more
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub(crate) rows: usize,
    /// The longest time of the query
    #[arg(long, value_name = "TIME", value_parser = interval, default_value = "10s")]
    pub(crate) timeout: Duration,
    /// Write the rows to a file, which has its name only when it is complete
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    /// Columns for people, cut to the width of the terminal
    Table,
    /// CSV with a header, by RFC 4180
    Csv,
    /// One JSON object a line
    Json,
    /// A Parquet file
    Parquet,
}

/// Write days of a store as Parquet files, also while a collector writes it.
///
/// Each table gets DIR/TABLE/day=DAY/export.parquet, if it has rows of the day. A file has its name
/// only when it is complete, and replaces an older one. Days are those of UTC.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tickmetrics export --day 2026-11-29 --output archive
  tickmetrics export --from 2026-11-01 --to 2026-11-30 --output archive
Then:
  SELECT * FROM read_parquet('archive/trading_metrics/*/*.parquet')")]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// The day, such as 2026-11-29
    #[arg(long, value_name = "DAY", required_unless_present = "from", conflicts_with_all = ["from", "to"])]
    pub(crate) day: Option<Day>,
    /// The first day
    #[arg(long, value_name = "DAY", requires = "to")]
    pub(crate) from: Option<Day>,
    /// The last day
    #[arg(long, value_name = "DAY", requires = "from")]
    pub(crate) to: Option<Day>,
    /// The folder that the files are written to
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output: PathBuf,
}

/// Report how a running collector does.
///
/// The exit status is 1 if there is a warning: a source is down, cycles were missed, batches were
/// lost, or nothing was written for five intervals; and if no collector runs.
#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  tickmetrics status --store /var/lib/metrics.duckdb
  tickmetrics status --json | jq '.sources[] | select(.is_up | not)'")]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// Print all of it as one JSON object; moments are seconds since 1970
    #[arg(long)]
    pub(crate) json: bool,
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

fn interval(text: &str) -> Result<Duration, String> {
    let interval = parse_duration(text).ok_or_else(|| {
        format!("{text:?} is not a time: give a number and its unit, such as 500ms or 2s")
    })?;
    // Less would measure the reading itself; more is a mistake.
    if !(Duration::from_millis(10)..=Duration::from_secs(86_400)).contains(&interval) {
        return Err(format!("{text} is not between 10ms and a day"));
    }
    Ok(interval)
}

/// A time of at least a second.
fn age(text: &str) -> Result<Duration, String> {
    let age = parse_duration(text).ok_or_else(|| {
        format!("{text:?} is not a time: give a number and its unit, such as 1m or 720h")
    })?;
    if age < Duration::from_secs(1) {
        Err(format!("{text} is less than a second"))
    } else {
        Ok(age)
    }
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
