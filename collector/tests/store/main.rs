//! The stores, read by other programs than the one that wrote them.

mod disk;
mod duckdb;
mod faults;
mod folder;
mod histograms;
mod merges;
mod odd_rows;
mod older;
mod parquet;
mod round_trip;
mod rows;
