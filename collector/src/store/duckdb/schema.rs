//! The version of the tables: creates them, and brings older ones up to date.

use super::connection::Connection;
use crate::batch::{Event, EventKind};
use crate::store::VIEWS;
use adbc_core::error::Result;
use std::time::SystemTime;

/// The version that this library writes.
pub(super) const VERSION: i64 = 1;

/// Step `i` makes version `i + 2` of version `i + 1`.
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
        connection.execute(&format!("BEGIN; {PARTS} {VIEWS} COMMIT"))?;
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
    connection.execute("BEGIN")?;
    for (from, step) in steps {
        if *from >= found {
            connection.execute(step)?;
        }
    }
    connection.execute(&format!("INSERT INTO tickmetrics_schema VALUES ({VERSION}, {NOW})"))?;
    connection.execute("COMMIT")?;
    let message = format!("The tables were brought from version {found} to {VERSION}.");
    let event =
        Event { time: SystemTime::now(), service: None, kind: EventKind::Migration, message };
    Ok(Found::Ready(vec![event]))
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
    connection.execute("BEGIN")?;
    connection.execute(TABLES)?;
    connection.execute(&format!(
        "CREATE TABLE tickmetrics_schema (version INTEGER NOT NULL, since TIMESTAMP NOT NULL); \
         INSERT INTO tickmetrics_schema VALUES ({VERSION}, {NOW})"
    ))?;
    connection.execute("COMMIT")?;
    Ok(Found::Ready(Vec::new()))
}
