//! `query`: rows of a store, also of one that a collector writes.
//!
//! | module | what it is |
//! |---|---|
//! | `source` | what is asked: the collector, or the store |
//! | `cell` | a value of a row |
//! | `kinds` | types of columns that need another form |
//! | `table` | rows for people |
//! | `output` | rows as CSV, JSON and Parquet, and the files they go to |

mod cell;
mod kinds;
pub(crate) mod output;
pub(crate) mod source;
mod table;

use crate::Result;
use crate::args::{Query, RowFormat};
use crate::failure::Failure;
use crate::people;
use output::NewFile;
use source::Source;
use std::io::{IsTerminal as _, Write as _};
use tickmetrics_collector::__cli::counted;
use tickmetrics_collector::store::query::Limits;

/// The most bytes of rows of a store that is opened here. A collector has a lower limit.
const MOST_BYTES: usize = 1 << 30;

pub(crate) fn run(args: &Query) -> Result<()> {
    let mut stdout = std::io::stdout();
    if args.format == RowFormat::Parquet && args.output.is_none() && stdout.is_terminal() {
        return Err(Failure::told("Parquet is not for a terminal: give --output FILE"));
    }
    let source = Source::find(&args.asked)?;
    people::tell(format_args!("answered by {source}"));
    let limits = Limits { rows: args.rows, bytes: MOST_BYTES, time: args.timeout };
    let answer = source.query(&args.sql, &limits)?;
    kinds::check(&answer.schema, args.format)?;
    let bytes = match args.format {
        RowFormat::Table => {
            let width = args.output.is_none() && stdout.is_terminal();
            table::table(&answer, width.then(table::terminal_width))?.into_bytes()
        }
        RowFormat::Csv => output::csv(&answer)?.into_bytes(),
        RowFormat::Json => output::json(&answer)?.into_bytes(),
        RowFormat::Parquet => output::parquet(&kinds::without_intervals(answer.clone())?)?,
    };
    match &args.output {
        Some(path) => NewFile::write(path, &bytes)?,
        None => match String::from_utf8(bytes) {
            Ok(text) if args.format == RowFormat::Table => people::print_lines(&text)?,
            Ok(text) => people::print_data(&text, args.format == RowFormat::Json)?,
            Err(bytes) => {
                stdout.write_all(bytes.as_bytes())?;
                stdout.flush()?;
            }
        },
    }
    if answer.is_cut_off {
        let count = output::count(&answer);
        let rows = counted(count as u64, "row is", "rows are");
        let more = if count >= args.rows {
            "--rows gives more"
        } else {
            "more do not fit in one answer. Select fewer columns, or a shorter time"
        };
        people::tell(format_args!("only the first {rows} here: {more}"));
    }
    Ok(())
}
