//! `status`: the state of a running collector.

use crate::Result;
use crate::args::{Asked, Status};
use crate::failure::Failure;
use crate::people::{self, Lines};
use crate::query::source;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tickmetrics_collector::__cli::counted;
use tickmetrics_collector::ask::AskError;

pub(crate) fn run(args: &Status) -> Result<()> {
    let place = source::place(&args.asked);
    let client = source::client(&args.asked, &place);
    let state = client.status().map_err(|error| unanswered(&args.asked, &error))?;
    let mut state: Value = serde_json::from_str(&state)
        .map_err(|error| Failure::told(format!("the collector's state is no JSON: {error}")))?;
    let mut bytes = size(place.path());
    let mut log = place.path().as_os_str().to_owned();
    log.push(".wal");
    bytes += size(Path::new(&log));
    state["store"] = place.to_string().into();
    state["store_bytes"] = bytes.into();
    if args.json {
        people::print_data(&format!("{state}\n"), true)?;
    } else {
        lines(&state).print()?;
    }
    let warnings = state["warnings"].as_array().map_or(0, Vec::len);
    if warnings == 0 {
        return Ok(());
    }
    let is = if warnings == 1 { "is" } else { "are" };
    Err(Failure::told(format!("there {is} {}", counted(warnings as u64, "warning", "warnings"))))
}

fn unanswered(asked: &Asked, error: &AskError) -> Failure {
    let remedy = match (error, &asked.socket) {
        (AskError::NoCollector(_), Some(_)) => {
            ": give --socket as tickmetrics collect has it, or start a collector"
        }
        (AskError::NoCollector(_), None) => {
            ": start tickmetrics collect with the same --store, or give its --store or --socket"
        }
        _ => "",
    };
    Failure::told(format!("{error}{remedy}"))
}

/// The bytes of a file, or of all files in a folder. Only their lengths: to open and close DuckDB's
/// file is left to DuckDB.
fn size(path: &Path) -> u64 {
    let Ok(metadata) = fs::symlink_metadata(path) else { return 0 };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    entries.flatten().map(|entry| size(&entry.path())).sum()
}

fn lines(state: &Value) -> Lines {
    let count = |name: &str| state[name].as_u64().unwrap_or(0);
    let of = |name: &str, one: &str, many: &str| counted(count(name), one, many);
    let ago = |name: &str| match state[name].as_f64() {
        Some(time) => format!("{} ago", short(now() - time)),
        None => "never".to_owned(),
    };
    let mut lines = Lines::default();
    let mut line = |name: &str, text: String| lines.push(format_args!("{name:<12} {text}"));
    let uptime = short(state["uptime_seconds"].as_f64().unwrap_or(0.0));
    let version = state["version"].as_str().unwrap_or("?");
    line("collector", format!("{version}, process {}, up for {uptime}", count("pid")));
    let store = state["store"].as_str().unwrap_or("?");
    line("store", format!("{store}, {}", of("store_bytes", "byte", "bytes")));
    line(
        "cycles",
        format!(
            "{}, {} missed; the last one was {}",
            count("cycles"),
            count("missed_cycles"),
            ago("last_cycle")
        ),
    );
    line(
        "rows",
        format!(
            "{}, {}, {}; last written {}",
            of("samples", "sample", "samples"),
            of("candles", "candle", "candles"),
            of("events", "event", "events"),
            ago("last_write")
        ),
    );
    line(
        "queue",
        format!(
            "{} of {}, {} lost",
            count("queued"),
            of("queue", "batch", "batches"),
            count("lost")
        ),
    );
    line(
        "errors",
        format!(
            "{} failed, {} failed",
            of("failed_scrapes", "scrape", "scrapes"),
            of("write_errors", "write", "writes")
        ),
    );
    line("checkpoint", ago("last_checkpoint"));
    for source in state["sources"].as_array().into_iter().flatten() {
        let text = |name: &str| source[name].as_str().unwrap_or("");
        let state = if source["is_up"] == true {
            format!("up, {} series", source["series"].as_u64().unwrap_or(0))
        } else {
            format!("down: {}", text("error"))
        };
        line("source", format!("{} ({}): {state}", text("service"), text("target")));
    }
    for warning in state["warnings"].as_array().into_iter().flatten() {
        line("warning", warning.as_str().unwrap_or("").to_owned());
    }
    lines
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64()
}

/// A time in its two largest units.
fn short(seconds: f64) -> String {
    let seconds = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO).as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}
