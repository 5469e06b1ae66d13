//! Which queries are allowed: those that read the store, and nothing else.
//!
//! A transaction that only reads is not enough. `read_blob` of the store's own file would open and
//! close it, which releases this process' lock; `arrow_scan` takes addresses of memory. So the parsed
//! query is looked through, before DuckDB binds it, which is when it opens files.

use super::connection::Connection;
use super::fault;
use crate::store::query::QueryError;
use arrow_array::Array as _;
use arrow_array::cast::AsArray as _;
use serde_json::Value;

/// Table functions that read no file and no memory but the database's.
const FUNCTIONS: &[&str] = &[
    "duckdb_columns",
    "duckdb_functions",
    "duckdb_settings",
    "duckdb_tables",
    "duckdb_views",
    "generate_series",
    "histogram_increase",
    "histogram_quantile_over",
    "histogram_quantile_over_all",
    "pragma_database_size",
    "pragma_table_info",
    "pragma_version",
    "range",
    "repeat",
    "unnest",
];

/// Refuses a query that is not one `SELECT` over the store's tables.
pub(super) fn check(connection: &mut Connection, sql: &str) -> Result<(), QueryError> {
    let quoted = sql.replace('\'', "''");
    let rows = connection
        .rows(&format!("SELECT json_serialize_sql('{quoted}')::VARCHAR"))
        .map_err(|error| fault::refused(&error))?;
    let tree = rows.first().and_then(|rows| {
        let column = rows.column(0).as_string_opt::<i32>()?;
        (column.len() == 1 && column.is_valid(0)).then(|| column.value(0))
    });
    // Its depth is bounded by serde_json.
    let tree = serde_json::from_str(tree.unwrap_or_default());
    let tree: Value = tree.map_err(|_| refused("The query is nested too deeply"))?;
    if tree["error"] != false {
        // Any other kind of statement.
        if tree["error_type"] == "not implemented" {
            let pivot =
                "PIVOT needs the values that become columns: PIVOT … ON symbol IN ('A', 'B')";
            return Err(if sql.to_lowercase().contains("pivot") {
                refused(&format!("A query is one SELECT, and can't change the store. {pivot}"))
            } else {
                refused("A query is one SELECT, and can't change the store")
            });
        }
        let reason = tree["error_message"].as_str().unwrap_or("It can't be read");
        return Err(refused(&format!("A query is one SELECT: {reason}")));
    }
    if tree["statements"].as_array().is_none_or(|statements| statements.len() != 1) {
        return Err(refused("A query is one SELECT"));
    }
    look_through(&tree)
}

fn look_through(tree: &Value) -> Result<(), QueryError> {
    match tree {
        Value::Array(parts) => parts.iter().try_for_each(look_through),
        Value::Object(parts) => {
            if parts.get("class").is_some_and(|class| class == "PARAMETER") {
                return Err(refused("A query has no parameters, such as ? and $1"));
            }
            match parts.get("type").and_then(Value::as_str) {
                Some("TABLE_FUNCTION") => {
                    let function = tree["function"]["function_name"].as_str().unwrap_or("?");
                    if !FUNCTIONS.contains(&function.to_lowercase().as_str()) {
                        return Err(refused(&format!(
                            "Queries may not use the table function {function}. They may use: {}",
                            FUNCTIONS.join(", ")
                        )));
                    }
                }
                // A name with a dot or a slash is one of a file, which DuckDB would open.
                Some("BASE_TABLE") => {
                    let table = tree["table_name"].as_str().unwrap_or("/");
                    if table.contains(['.', '/']) {
                        return Err(refused(&format!("Queries may not read the file {table}")));
                    }
                }
                _ => {}
            }
            parts.values().try_for_each(look_through)
        }
        _ => Ok(()),
    }
}

fn refused(reason: &str) -> QueryError {
    QueryError::Refused(reason.to_owned())
}
