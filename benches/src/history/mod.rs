//! The figures of the collector.
//!
//! | module | what it is |
//! |---|---|
//! | `program` | a program that runs beside: its processor time and memory |
//! | `collecting` | the programs that collect: ours, Prometheus, VictoriaMetrics |
//! | `http` | requests, and the metrics of those programs |
//! | `endpoints` | endpoints that are scraped |
//! | `cycles`, `load`, `disk`, `readers` | the parts |

mod collecting;
mod cycles;
mod disk;
mod endpoints;
mod http;
mod load;
mod program;
mod readers;

use crate::{machine, readme};
use std::path::PathBuf;
use std::time::Duration;

/// What is measured, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the part.
    pub part: String,
    /// How long; the part's own default without it.
    pub duration: Option<Duration>,
    /// The program `prometheus`.
    pub prometheus: PathBuf,
    /// The program `victoria-metrics`.
    pub victoria_metrics: PathBuf,
    /// The file whose part is renewed.
    pub file: Option<PathBuf>,
}

impl Options {
    fn minutes(&self, default: u64) -> Duration {
        self.duration.unwrap_or(Duration::from_secs(default * 60))
    }
}

/// Measures a part, prints it, and renews it in the report.
///
/// # Errors
/// A program that is missing or fails, an endpoint that does not answer, or a file that can't be
/// written.
pub fn run(options: &Options) -> Result<(), String> {
    let table = match &*options.part {
        "cycles" => cycles::measure(options)?,
        "load" => load::measure(options)?,
        "disk" => disk::measure(options)?,
        "readers" => readers::measure(options)?,
        "" => return Err("no part is named: cycles, load, disk or readers".into()),
        other => return Err(format!("{other}: no part; cycles, load, disk and readers are")),
    };
    let text = format!("{}\n\n{table}", machine::line());
    println!("{text}");
    match &options.file {
        Some(file) => readme::update(file, "history", &[(&options.part, text)]),
        None => Ok(()),
    }
}

/// A table in Markdown.
fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let mut lines = vec![
        format!("| {} |", columns.join(" | ")),
        format!("|---{}|", "|--:".repeat(columns.len() - 1)),
    ];
    lines.extend(rows.iter().map(|cells| format!("| {} |", cells.join(" | "))));
    lines.join("\n")
}
