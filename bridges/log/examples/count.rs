//! Counts what a program logs.
//!
//! `RUST_LOG=info cargo run -p tickmetrics-log --example count`

use std::error::Error;
use tickmetrics::prelude::*;
use tickmetrics_log::LogCounts;

fn main() -> Result<(), Box<dyn Error>> {
    let registry = Registry::new();
    let logger = env_logger::Builder::from_default_env().build();
    let most = logger.filter();
    LogCounts::new(&registry).by_target(200).errors_by_module(100).wrap(logger)?.install(most)?;
    log::info!("started");
    log::error!(target: "orders", "rejected");
    println!("{:#?}", registry.snapshot());
    Ok(())
}
