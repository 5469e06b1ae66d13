//! The texts of SQL that all stores share.

/// The views and functions of all stores.
pub(super) const VIEWS: &str = include_str!("sql/views.sql");

/// The names of the tables.
pub(super) const TABLES: [&str; 3] = ["trading_metrics", "trading_candles", "system_events"];
