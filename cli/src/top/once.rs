//! One interval as plain text: exact figures unless people are to read them, columns separated by
//! spaces, the series last.

use super::app::arrange;
use super::model::{Frame, Row, rows};
use super::source::Source;
use crate::Result;
use crate::args::Top;
use crate::number::{exact, is_time, short};
use crate::people::{self, Lines, Printable};
use std::fmt::Write as _;
use std::thread;

const HEAD: [&str; 8] = ["VALUE", "RATE/S", "P50", "P99", "P99.9", "MAX", "UNIT", "SERIES"];

/// Reads again after the interval, and prints.
pub(super) fn run(args: &Top, source: &mut Source, first: &Frame) -> Result<()> {
    thread::sleep(args.interval);
    let second = source.frame()?;
    if let Some(left_out) = source.left_out() {
        people::tell(format_args!("{left_out}"));
    }
    let mut rows = rows(Some(first), &second);
    arrange(&mut rows, &args.filter, args.sort, false, args.all_time);
    if rows.is_empty() && !args.filter.is_empty() {
        let filter = &args.filter;
        people::tell(format_args!("no series has {filter:?} in its name or its labels"));
    } else if rows.is_empty() {
        people::tell(format_args!("{} has no series", second.target));
    }
    lines(args, &second, &rows).print()
}

fn lines(args: &Top, second: &Frame, rows: &[Row]) -> Lines {
    let cells: Vec<_> = [HEAD.map(String::from)]
        .into_iter()
        .chain(rows.iter().map(|row| cells(row, args)))
        .collect();
    let width =
        |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..HEAD.len() - 1).map(width).collect();
    let mut lines = Lines::default();
    lines.push(format_args!("# {}  {}", second.target, second.state));
    for row in &cells {
        let Some((series, numbers)) = row.split_last() else { continue };
        let mut columns = String::new();
        for (cell, width) in numbers.iter().zip(&widths) {
            let _ = write!(columns, "{cell:>width$}  ");
        }
        lines.push(format_args!("{columns}{series}"));
    }
    lines
}

fn cells(row: &Row, args: &Top) -> [String; 8] {
    let written = |number: f64, unit: &str| {
        if args.human { short(number, unit) } else { exact(number) }
    };
    let or_dash =
        |number: Option<f64>| number.map_or_else(|| "-".into(), |it| written(it, &row.unit));
    let summary = row.summary(args.all_time);
    let [p50, p99, p999] = summary.map(|it| it.percentiles).unwrap_or_default();
    // Checked here, since the column is as wide as its visible content.
    let is_shown = !(row.unit.is_empty() || args.human && is_time(&row.unit));
    let unit = Printable(if is_shown { &row.unit } else { "-" });
    [
        written(row.value, row.value_unit()),
        row.rate.map_or_else(|| "-".into(), |rate| written(rate, "")),
        or_dash(p50),
        or_dash(p99),
        or_dash(p999),
        or_dash(summary.and_then(|it| it.max)),
        unit.to_string(),
        row.title.to_string(),
    ]
}
