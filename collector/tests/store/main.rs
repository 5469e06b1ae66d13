//! The stores, read by other programs than the one that wrote them.

mod duckdb;
mod folder;
mod parquet;
mod rows;
