//! The version of the tables: creates them, and brings older ones up to date.

use super::connection::Connection;
use crate::batch::{Event, EventKind};
use crate::store::sql::VIEWS;
use adbc_core::error::Result;
use std::time::SystemTime;

/// The version that this library writes.
pub(super) const VERSION: i64 = 1;

/// Step `i` makes version `i + 2` of version `i + 1`. Each is SQL that ends with a semicolon.
const STEPS: [&str; 0] = [];

const TABLES: &str = include_str!("../sql/tables.sql");

/// The parts of candles in the order that they were written.
const PARTS: &str = "CREATE OR REPLACE VIEW candle_parts AS \
                     SELECT *, rowid AS part FROM trading_candles;";

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
        transaction(connection, &format!("{PARTS}{VIEWS}"))?;
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
    let names = ["trading_metrics", "trading_candles", "system_events"];
    for name in names {
        let there = format!(
            "SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() \
             AND schema_name = 'main' AND table_name = '{name}'"
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
    use std::path::Path;

    /// A file whose tables have version 0, which never was: without the column `symbol`.
    fn version_0() -> Option<Connection> {
        let library =
            Library::load(None).map_err(|error| ::tests::programs::skip(&error.to_string()));
        let library = library.ok()?;
        let database = Database::open(&library, Path::new(":memory:"), &[]).unwrap();
        let mut connection = database.connect().unwrap();
        let tables = TABLES.replace("    symbol VARCHAR,\n", "");
        assert_ne!(tables, TABLES);
        connection.execute(&tables).unwrap();
        let row = "TIMESTAMP '2026-01-01', 'risk', 'up', 'gauge', MAP {'symbol': 'BTC'}, 1, NULL";
        connection.execute(&format!("INSERT INTO trading_metrics VALUES ({row})")).unwrap();
        let version = "CREATE TABLE tickmetrics_schema (version INTEGER NOT NULL, since TIMESTAMP \
                       NOT NULL); INSERT INTO tickmetrics_schema VALUES (0, '2026-01-01')";
        connection.execute(version).unwrap();
        Some(connection)
    }

    const STEP: &str = "ALTER TABLE trading_metrics ADD COLUMN symbol VARCHAR; \
                        UPDATE trading_metrics SET symbol = labels['symbol'];";

    #[test]
    fn an_older_version_is_brought_up() {
        let Some(mut connection) = version_0() else { return };
        // The second would fail: it is not for this version.
        let steps = [(0, STEP), (-1, "no SQL")];
        let Found::Ready(events) = migrate(&mut connection, &steps).unwrap() else { panic!() };
        assert_eq!(events[0].kind, EventKind::Migration);
        assert_eq!(events[0].message, "The tables were brought from version 0 to 1.");
        let kept = "SELECT count(*) FROM trading_metrics WHERE symbol = 'BTC' AND value = 1";
        assert_eq!(connection.number(kept).unwrap(), Some(1));
        assert_eq!(migrate(&mut connection, &steps).unwrap(), Found::Ready(Vec::new()));
    }

    #[test]
    fn a_step_that_fails_leaves_the_older_version() {
        let Some(mut connection) = version_0() else { return };
        let broken = format!("{STEP} ALTER TABLE nothing ADD COLUMN x VARCHAR;");
        assert!(migrate(&mut connection, &[(0, &broken)]).is_err());
        let version = "SELECT max(version)::BIGINT FROM tickmetrics_schema";
        assert_eq!(connection.number(version).unwrap(), Some(0));
        let columns = "SELECT count(*) FROM duckdb_columns() \
                       WHERE table_name = 'trading_metrics' AND column_name = 'symbol'";
        assert_eq!(connection.number(columns).unwrap(), Some(0));
    }

    #[test]
    fn each_version_has_a_step() {
        assert_eq!(STEPS.len(), usize::try_from(VERSION - 1).unwrap());
    }
}
