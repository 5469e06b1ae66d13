//! The texts of SQL that all stores share.

use std::path::Path;

/// The views and functions of all stores.
pub(super) const VIEWS: &str = include_str!("sql/views.sql");

/// The names of the tables.
pub(super) const TABLES: [&str; 3] = ["trading_metrics", "trading_candles", "system_events"];

/// The pattern that matches this path alone.
pub(super) fn pattern(path: &Path) -> String {
    let characters = path.display().to_string();
    let escaped = characters.chars().map(|character| match character {
        '*' | '?' | '[' => format!("[{character}]"),
        other => other.to_string(),
    });
    escaped.collect()
}
