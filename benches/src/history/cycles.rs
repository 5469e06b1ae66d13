//! The three services of `trading`, each second.

use super::collecting::{Collecting, Folder, named, trading};
use super::http::Metrics;
use super::{Options, table};
use std::thread::sleep;

const PREFIX: &str = "tickmetrics_collector";

pub(super) fn measure(options: &Options) -> Result<String, String> {
    let duration = options.minutes(10);
    let folder = Folder::new("cycles")?;
    let (_trading, targets) = trading(&folder)?;
    let store = format!("duckdb:{}", folder.0.join("metrics.duckdb").display());
    let ours = Collecting::ours(&folder, "tickmetrics", &store, &named(&targets), &[])?;
    sleep(duration);
    let metrics = Metrics::of(ours.port)?;
    let number = |name: &str| metrics.number(&format!("{PREFIX}_{name}"));
    let stages = [
        ("scrape of a service: until its answer is complete", "scrape"),
        ("parse: an answer becomes rows", "parse"),
        ("the slowest service of a cycle, both of these", "slowest"),
        ("a batch is put together", "assemble"),
        ("a batch is written and on disk", "write"),
        ("**a whole cycle**, these three", "whole"),
        ("maintenance between cycles", "maintain"),
    ];
    let mut rows = Vec::new();
    for (title, name) in stages {
        let quantiles = metrics.stage(name)?;
        rows.push(row(title, quantiles));
    }
    let missed = number("missed_cycles_total")? + number("missed_scrapes_total")?;
    let lost = number("lost_batches_total")?;
    let (cycles, samples) = (number("cycles_total")?, number("samples_total")?);
    let cpu = ours.program.cpu()?;
    let share = 100.0 * cpu.as_secs_f64() / duration.as_secs_f64();
    let memory = ours.program.memory()? >> 20;
    Ok(format!(
        "{cycles} cycles in {} s, {missed} missed, {lost} batches lost. {samples} rows, {:.0} a \
         cycle. The collector took {share:.1} % of a core and {memory} MiB.\n\n{}",
        duration.as_secs(),
        samples / cycles,
        table(&["milliseconds", "p50", "p99", "max"], &rows)
    ))
}

fn row(title: &str, quantiles: [f64; 3]) -> Vec<String> {
    let quantiles = quantiles.map(|seconds| format!("{:.2}", seconds * 1e3));
    std::iter::once(title.to_owned()).chain(quantiles).collect()
}
