//! The commands that store metrics and read what is stored.

use super::time::{age, interval};
use crate::credentials::Access;
use crate::day::Day;
use clap::{Args as ClapArgs, ValueEnum, ValueHint};
use std::path::PathBuf;
use std::time::Duration;
use tickmetrics_collector::store::Place;

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
/// The collector that writes the store answers the query, within its limits: 1,000,000 rows, 64 MiB,
/// a minute, four queries at one time. Without a collector, the store is opened, only to read it.
/// Standard error reports which of them answers. A query is one SELECT (or FROM, WITH, DESCRIBE, SUMMARIZE,
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
/// The exit status is 1 if there is a warning: a source is down, the store has failed, nothing was
/// written for five intervals, or cycles were missed or batches lost in the last five minutes. What was
/// missed or lost before is in the totals alone. It is 1 as well if no collector runs.
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
