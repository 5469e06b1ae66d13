//! The version of the tables: creates them, and brings older ones up to date.

use super::connection::Connection;
use crate::batch::{Event, EventKind};
use crate::store::sql::{self, VIEWS};
use adbc_core::error::Result;
use std::time::SystemTime;

/// The version that this library writes.
pub(super) const VERSION: i64 = 4;

/// Step `i` makes version `i + 2` of version `i + 1`. Each is SQL that ends with a semicolon.
const STEPS: [&str; 3] = [
    include_str!("../sql/version_2.sql"),
    // Which service a candle is of was not kept, and is null.
    "ALTER TABLE trading_candles ADD COLUMN service VARCHAR;",
    include_str!("../sql/version_4.sql"),
];

const TABLES: &str = include_str!("../sql/tables.sql");

/// What the common views begin from.
const SOURCES: &str = include_str!("../sql/sources.sql");

/// What a file was found to be.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// It has the tables now, of the version that this library writes.
    Ready(Vec<Event>),
    /// It was written by a newer version of this library, and was left alone.
    Newer(i64),
    /// It has a table of such a name that this library did not make, and was left alone.
    Foreign(String),
}

/// Creates the tables in a new file; migrates those of an older version. Makes the views.
pub(super) fn prepare(connection: &mut Connection) -> Result<Found> {
    let steps: Vec<_> = (1..).zip(STEPS).collect();
    let found = migrate(connection, &steps)?;
    if matches!(found, Found::Ready(_)) {
        transaction(connection, &format!("{SOURCES}{VIEWS}"))?;
    }
    Ok(found)
}

/// The same with steps of the caller's: each with the version that it begins from.
fn migrate(connection: &mut Connection, steps: &[(i64, &str)]) -> Result<Found> {
    let known = "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() \
                 AND schema_name = 'main' AND table_name = 'tickmetrics_schema'";
    if connection.number(known)? == Some(0) {
        return create(connection);
    }
    let found = connection.number("SELECT max(version)::BIGINT FROM tickmetrics_schema")?;
    // A table without a row is one that nobody finished.
    let found = found.unwrap_or(0);
    if found > VERSION {
        return Ok(Found::Newer(found));
    }
    if found == VERSION {
        return Ok(Found::Ready(Vec::new()));
    }
    let sql: String =
        steps.iter().filter(|(from, _)| *from >= found).map(|(_, sql)| *sql).collect();
    let version = format!("INSERT INTO tickmetrics_schema VALUES ({VERSION}, {NOW});");
    transaction(connection, &format!("{sql}{version}"))?;
    let message = format!("The tables were brought from version {found} to {VERSION}.");
    let event =
        Event { time: SystemTime::now(), service: None, kind: EventKind::Migration, message };
    Ok(Found::Ready(vec![event]))
}

/// All of the statements, or none.
fn transaction(connection: &mut Connection, sql: &str) -> Result<()> {
    let done = connection.execute(&format!("BEGIN; {sql} COMMIT;"));
    if done.is_err() {
        // It fails where the error has ended the transaction.
        let _ = connection.execute("ROLLBACK");
    }
    done
}

const NOW: &str = "current_timestamp AT TIME ZONE 'UTC'";

fn create(connection: &mut Connection) -> Result<Found> {
    let names = ["metric_series", "metric_values", "metric_layouts", "metric_histograms"]
        .into_iter()
        .chain(sql::TABLES);
    for name in names {
        let there = format!(
            "SELECT count(*) FROM information_schema.tables \
             WHERE table_catalog = current_database() \
             AND table_schema = 'main' AND table_name = '{name}'"
        );
        if connection.number(&there)? != Some(0) {
            return Ok(Found::Foreign(name.to_owned()));
        }
    }
    let version = format!(
        "CREATE TABLE tickmetrics_schema (version INTEGER NOT NULL, since TIMESTAMP NOT NULL); \
         INSERT INTO tickmetrics_schema VALUES ({VERSION}, {NOW});"
    );
    transaction(connection, &format!("{TABLES}{version}"))?;
    Ok(Found::Ready(Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::duckdb::connection::Database;
    use crate::store::duckdb::library::Library;
    use arrow_array::RecordBatch;
    use std::path::Path;

    const VERSION_1: &str = include_str!("../../../tests/store/version_1.sql");

    /// Rows of two series, one of which has no symbol.
    const OLD_ROWS: &str = "DELETE FROM trading_metrics; INSERT INTO trading_metrics VALUES
        ('2026-01-01', 'risk', 'up', 'gauge', 'BTC', MAP {'symbol': 'BTC'}, 1, NULL),
        ('2026-01-01', 'risk', 'up', 'gauge', NULL, MAP {}, 2, NULL),
        ('2026-01-02', 'risk', 'up', 'gauge', 'BTC', MAP {'symbol': 'BTC'}, 3, NULL);";

    const ROWS: &str = "SELECT string_agg(day(timestamp) || coalesce(symbol, '-') || \
                        cardinality(labels) || value::INTEGER, ' ' ORDER BY value) FROM trading_metrics";

    fn version_1() -> Option<Connection> {
        let library =
            Library::load(None).map_err(|error| ::tests::programs::skip(&error.to_string()));
        let database = Database::open(&library.ok()?, Path::new(":memory:"), &[]).unwrap();
        let mut connection = database.connect().unwrap();
        connection.execute(VERSION_1).unwrap();
        connection.execute(OLD_ROWS).unwrap();
        Some(connection)
    }

    /// Whether the statement `ROWS` gives the rows of version 1.
    fn has_rows(connection: &mut Connection) -> bool {
        let same = format!("SELECT (({ROWS}) = '1BTC11 1-02 2BTC13')::BIGINT");
        connection.number(&same).unwrap() == Some(1)
    }

    #[test]
    fn an_older_version_is_brought_up() {
        let Some(mut connection) = version_1() else { return };
        assert!(has_rows(&mut connection));
        let Found::Ready(events) = prepare(&mut connection).unwrap() else { panic!() };
        assert_eq!(events[0].kind, EventKind::Migration);
        let message = format!("The tables were brought from version 1 to {VERSION}.");
        assert_eq!(events[0].message, message);
        assert!(has_rows(&mut connection));
        let series = connection.number("SELECT count(*) FROM metric_series").unwrap();
        assert_eq!(series, Some(2));
        assert_eq!(prepare(&mut connection).unwrap(), Found::Ready(Vec::new()));
    }

    /// Rows with lists, and with numbers that are hard to write as text.
    const HISTOGRAMS: &str = "INSERT INTO trading_metrics VALUES
        ('2026-01-03', 'risk', 'latency', 'histogram', NULL, MAP {}, NULL, {
            'count': 1e300, 'sum': 0.1, 'native': NULL, 'quantiles': [], 'buckets': [
                {'le': '-0'::DOUBLE, 'count': 1.5::DOUBLE}, {'le': 0.1, 'count': 10},
                {'le': 1e16, 'count': 1e23}, {'le': 'inf'::DOUBLE, 'count': 1e300}]}),
        ('2026-01-04', 'risk', 'latency', 'histogram', NULL, MAP {}, NULL, {
            'count': 1, 'sum': 'nan'::DOUBLE, 'buckets': [], 'native': NULL, 'quantiles': []}),
        ('2026-01-05', 'risk', 'native', 'histogram', NULL, MAP {}, NULL, {
            'count': 6, 'sum': -1.5, 'buckets': [], 'quantiles': [], 'native': {
                'schema': -3, 'zero_threshold': 1e-9, 'zero_count': 1,
                'positive': [{'index': -7, 'count': 2.5}, {'index': 120, 'count': 10}],
                'negative': [{'index': 3, 'count': 2}]}}),
        ('2026-01-06', 'risk', 'both', 'histogram', NULL, MAP {}, NULL, {
            'count': 6, 'sum': -1.5, 'buckets': [{'le': 0.1, 'count': 1}], 'quantiles': [],
            'native': {'schema': 8, 'zero_threshold': 0, 'zero_count': 0, 'positive': [], 'negative': []}}),
        ('2026-01-07', 'risk', 'size', 'summary', NULL, MAP {}, NULL, {
            'count': 5, 'sum': 50, 'buckets': [], 'native': NULL, 'quantiles': [
                {'quantile': 0.5, 'value': 'nan'::DOUBLE}, {'quantile': 0.99, 'value': '-inf'::DOUBLE}]}),
        ('2026-01-08', 'risk', 'latency', 'histogram', NULL, MAP {}, NULL, {
            'count': 3, 'sum': 3, 'native': NULL, 'quantiles': [], 'buckets': [
                {'le': '-0'::DOUBLE, 'count': 1::DOUBLE}, {'le': 0.1, 'count': 2},
                {'le': 1e16, 'count': 3}, {'le': 'inf'::DOUBLE, 'count': 3}]});";

    /// A file of an older version, and what `FROM trading_metrics` gave when it was of version 1.
    fn older(version: i64) -> Option<(Connection, Vec<RecordBatch>)> {
        let mut connection = version_1()?;
        connection.execute(HISTOGRAMS).unwrap();
        let rows = connection.rows(METRICS).unwrap();
        for (version, step) in (2..=version).zip(STEPS) {
            let version = format!("INSERT INTO tickmetrics_schema VALUES ({version}, {NOW});");
            transaction(&mut connection, &format!("{step}{version}")).unwrap();
        }
        Some((connection, rows))
    }

    const METRICS: &str = "FROM trading_metrics ORDER BY ALL";

    #[test]
    fn the_rows_are_the_same_after_each_migration() {
        for version in 1..VERSION {
            let Some((mut connection, rows)) = older(version) else { return };
            assert!(matches!(prepare(&mut connection).unwrap(), Found::Ready(_)));
            assert_eq!(connection.rows(METRICS).unwrap(), rows, "from version {version}");
            assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 9);
            let layouts = connection.number("SELECT count(*) FROM metric_layouts").unwrap();
            assert_eq!(layouts, Some(4));
        }
    }

    #[test]
    fn the_tables_are_the_same_after_each_migration() {
        for version in 1..VERSION {
            let Some((mut old, _)) = older(version) else { return };
            prepare(&mut old).unwrap();
            let library = Library::load(None).unwrap();
            let database = Database::open(&library, Path::new(":memory:"), &[]).unwrap();
            let mut new = database.connect().unwrap();
            prepare(&mut new).unwrap();
            let columns = "SELECT table_name, column_name, data_type, is_nullable FROM \
                           duckdb_columns() WHERE NOT internal ORDER BY table_name, column_index";
            assert_eq!(old.rows(columns).unwrap(), new.rows(columns).unwrap());
        }
    }

    #[test]
    fn a_step_that_fails_leaves_the_older_version() {
        let Some(mut connection) = version_1() else { return };
        let broken = format!("{} ALTER TABLE nothing ADD COLUMN x VARCHAR;", STEPS[0]);
        assert!(migrate(&mut connection, &[(1, &broken)]).is_err());
        let version = "SELECT max(version)::BIGINT FROM tickmetrics_schema";
        assert_eq!(connection.number(version).unwrap(), Some(1));
        assert!(has_rows(&mut connection));
    }

    #[test]
    fn steps_of_older_versions_are_left_out() {
        let Some(mut connection) = version_1() else { return };
        let steps = [(1, STEPS[0]), (2, STEPS[1]), (3, STEPS[2]), (0, "no SQL")];
        assert!(matches!(migrate(&mut connection, &steps).unwrap(), Found::Ready(_)));
    }

    #[test]
    fn each_version_has_a_step() {
        assert_eq!(STEPS.len(), usize::try_from(VERSION - 1).unwrap());
    }
}
