//! `export`: the days of a store as Parquet files.

use crate::Result;
use crate::args::Export;
use crate::day::Day;
use crate::failure::Failure;
use crate::people;
use crate::query::output::{NewFile, Rows, count, unwritten};
use crate::query::source::Source;
use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;
use tickmetrics_collector::__cli::counted;
use tickmetrics_collector::store::query::{Answer, Limits};

/// The tables, and the column of each that has the time.
const TABLES: [(&str, &str); 3] = [
    ("trading_metrics", "timestamp"),
    ("trading_candles", "start"),
    ("system_events", "timestamp"),
];

/// Rows that are asked for at one time. They are in memory, here and in the collector.
const LIMITS: Limits = Limits { rows: 200_000, bytes: 64 << 20, time: Duration::from_secs(60) };

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

pub(crate) fn run(args: &Export) -> Result<()> {
    let (from, to) = match (args.day, args.from, args.to) {
        (Some(day), ..) => (day, day),
        (None, Some(from), Some(to)) if from.0 <= to.0 => (from, to),
        _ => return Err(Failure::told("--from is after --to")),
    };
    if args.output.join("version").exists() {
        let reason = "is a store itself, whose rows would be there twice: name another folder";
        return Err(Failure::told(format!("{} {reason}", args.output.display())));
    }
    let source = Source::find(&args.asked)?;
    people::tell(format_args!("answered by {source}"));
    let mut all = 0;
    for day in from.0..=to.0 {
        let name = Day(day);
        for (table, time) in TABLES {
            let folder = args.output.join(table).join(format!("day={name}"));
            let rows = export(&source, (table, time), day * DAY, &folder)?;
            all += rows;
            if rows > 0 {
                people::tell(format_args!(
                    "{}: {}",
                    folder.display(),
                    counted(rows as u64, "row", "rows")
                ));
            }
        }
    }
    if all == 0 {
        return Err(Failure::told("the store has no rows of these days"));
    }
    Ok(())
}

/// Writes a table's rows of the day that begins at a time, if there are any. Returns their number.
fn export(source: &Source, table: (&str, &str), begin: i64, folder: &Path) -> Result<usize> {
    let path = folder.join("export.parquet");
    let mut writing: Option<(NewFile, Rows<File>)> = None;
    let mut rows = 0;
    // Windows of an hour, and shorter ones where an hour has more rows than are asked for.
    let mut windows: Vec<_> =
        (0..24).rev().map(|it| begin + it * HOUR).map(|it| (it, it + HOUR)).collect();
    while let Some((since, until)) = windows.pop() {
        let answer = window(source, table, since, until)?;
        if answer.is_cut_off {
            let middle = since.midpoint(until);
            if middle == since {
                let message = "a microsecond of the store has more rows than can be asked for";
                return Err(Failure::told(message));
            }
            windows.extend([(middle, until), (since, middle)]);
            continue;
        }
        let found = count(&answer);
        if found == 0 {
            continue;
        }
        rows += found;
        if writing.is_none() {
            fs::create_dir_all(folder).map_err(|error| unwritten(folder, &error))?;
            let (new, file) = NewFile::create(&path)?;
            writing = Some((new, Rows::new(file, &answer)?));
        }
        if let Some((_, file)) = &mut writing {
            file.add(&answer)?;
        }
    }
    if let Some((new, file)) = writing {
        new.complete(&file.finish()?)?;
    }
    Ok(rows)
}

fn window(source: &Source, (table, time): (&str, &str), since: i64, until: i64) -> Result<Answer> {
    let sql = format!(
        "SELECT * FROM {table} WHERE {time} >= make_timestamp({since}::BIGINT) \
         AND {time} < make_timestamp({until}::BIGINT) ORDER BY {time}"
    );
    source.query(&sql, &LIMITS)
}
