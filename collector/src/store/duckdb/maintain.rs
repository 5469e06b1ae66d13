//! What is done between two cycles: the log is merged into the file, and old rows are removed.

use super::connection::Connection;
use crate::counted::counted;
use crate::store::columns;
use crate::store::keep::Keep;
use adbc_core::error::Result;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The tables, and the column of each that tells its age.
const TIMES: [(&str, &str); 4] = [
    ("metric_values", "timestamp"),
    ("metric_histograms", "timestamp"),
    ("trading_candles", "start"),
    ("system_events", "timestamp"),
];

/// A file over its limit is brought to this part of it, so that rows are not removed each time.
const TARGET: f64 = 0.8;

/// The length of the log, in bytes.
pub(super) fn log_length(file: &Path) -> u64 {
    let mut log = file.as_os_str().to_owned();
    log.push(".wal");
    // Only its length: to open and close a file that DuckDB has open would release its lock.
    fs::metadata(PathBuf::from(log)).map_or(0, |log| log.len())
}

/// Removes the rows that the limits leave no place for. Returns what was removed, in words.
pub(super) fn retain(
    connection: &mut Connection,
    file: &Path,
    keep: &Keep,
    now: SystemTime,
) -> Result<Vec<String>> {
    let mut removed = Vec::new();
    if let Some(oldest) = keep.age.and_then(|age| now.checked_sub(age)) {
        let rows = remove(connection, columns::micros(oldest))?;
        if rows > 0 {
            removed.push(format!("{} removed for their age.", removed_rows(rows)));
        }
    }
    let Some(limit) = keep.bytes else { return Ok(removed) };
    if used(connection)? + log_length(file) <= limit {
        return Ok(removed);
    }
    connection.execute("CHECKPOINT")?;
    let mut rows = 0;
    // Rows differ in size, and blocks become free by whole groups of rows: so more than once.
    for _ in 0..4 {
        let used = used(connection)?;
        if used <= limit {
            break;
        }
        let share = 1.0 - TARGET * limit as f64 / used as f64;
        let cut = connection.number(&format!(
            "SELECT approx_quantile(epoch_us(timestamp), {share})::BIGINT FROM \
             (SELECT timestamp FROM metric_values UNION ALL SELECT timestamp FROM metric_histograms)"
        ))?;
        let Some(cut) = cut else { break };
        // A row later, so that something goes even where many rows have the same time.
        rows += remove(connection, cut.saturating_add(1))?;
        connection.execute("CHECKPOINT")?;
    }
    if rows > 0 {
        removed.push(format!("{} removed, the oldest, to keep {limit} bytes.", removed_rows(rows)));
    }
    Ok(removed)
}

fn removed_rows(number: i64) -> String {
    counted(number.unsigned_abs(), "row was", "rows were")
}

/// Removes the series that have no samples any more, and the layouts that no histogram has.
pub(super) fn prune(connection: &mut Connection) -> Result<()> {
    connection.execute(
        "DELETE FROM metric_series WHERE id NOT IN \
         (SELECT series FROM metric_values UNION SELECT series FROM metric_histograms)",
    )?;
    connection.execute(
        "DELETE FROM metric_layouts WHERE id NOT IN (SELECT layout FROM metric_histograms)",
    )
}

/// The bytes of the file that hold something. Free blocks stay in the file and are used again.
fn used(connection: &mut Connection) -> Result<u64> {
    let used = connection.number(
        "SELECT (used_blocks * block_size)::BIGINT FROM pragma_database_size() \
         WHERE database_name = current_database()",
    )?;
    Ok(used.and_then(|used| u64::try_from(used).ok()).unwrap_or(0))
}

/// Removes all rows before a time, given in microseconds.
fn remove(connection: &mut Connection, before: i64) -> Result<i64> {
    let condition = |time: &str| format!("{time} < make_timestamp({before}::BIGINT)");
    let mut rows = 0;
    connection.execute("BEGIN")?;
    for (table, time) in TIMES {
        let condition = condition(time);
        let count = format!("SELECT count(*) FROM {table} WHERE {condition}");
        let count = connection.number(&count)?.unwrap_or(0);
        if count > 0 {
            connection.execute(&format!("DELETE FROM {table} WHERE {condition}"))?;
            rows += count;
        }
    }
    connection.execute("COMMIT")?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::duckdb::connection::Database;
    use crate::store::duckdb::library::Library;
    use crate::store::duckdb::schema;

    #[test]
    fn series_and_layouts_go_with_their_last_sample() {
        let library = match Library::load(None) {
            Ok(library) => library,
            Err(error) => return ::tests::programs::skip(&error.to_string()),
        };
        let database = Database::open(&library, Path::new(":memory:"), &[]).unwrap();
        let mut connection = database.connect().unwrap();
        schema::prepare(&mut connection).unwrap();
        let rows = "INSERT INTO metric_series SELECT id, id, 'risk', 'up', 'gauge', NULL, MAP {} \
                 FROM (SELECT unnest([1, 2, 3, 4]) AS id); \
             INSERT INTO metric_layouts SELECT id, id, id, NULL FROM (SELECT unnest([5, 6, 7]) AS id); \
             INSERT INTO metric_values VALUES ('2026-01-01', 1, 0), ('2026-01-02', 2, 0); \
             INSERT INTO metric_histograms (timestamp, series, layout) VALUES \
                 ('2026-01-01', 3, 5), ('2026-01-02', 4, 6), ('2026-01-02', 4, 6);";
        connection.execute(rows).unwrap();
        let mut left = || {
            let ids = "SELECT list_sum(list(id * pow(10, id)))::BIGINT FROM \
                       (SELECT id FROM metric_series UNION ALL SELECT id FROM metric_layouts)";
            prune(&mut connection).unwrap();
            let before = connection.number(ids).unwrap();
            let cut = "SELECT epoch_us(TIMESTAMP '2026-01-02')";
            let cut = connection.number(cut).unwrap().unwrap();
            (before, remove(&mut connection, cut).unwrap())
        };
        assert_eq!(left(), (Some(6_543_210), 2));
        assert_eq!(left(), (Some(6_040_200), 0));
    }
}
