//! Turning all series into Prometheus' text.

pub(crate) mod counters;
pub(crate) mod histograms;

use super::OURS;
use crate::run::{self, Effort};
use crate::stats::{Measured, Sample};
use crate::table::{Report, Table};
use metrics_core::prelude::*;
use std::sync::OnceLock;
use std::thread;

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let sizes = [1_000, 10_000, 100_000].map(|series| (series, make(counters::LIBRARIES, series)));
    let note = "Nanoseconds for each series of a scrape: the values read and written out as text, \
                into a buffer that is kept where the library lets one. One thread counted.";
    let columns = ["1,000 series", "10,000", "100,000"];
    let table = Table::new("scrape counters", "Scrape: counters with two labels", note, &columns);
    fill(table, sizes, "a", effort, report)?;

    let sizes = [1_000, 10_000].map(|series| (series, make(histograms::LIBRARIES, series)));
    let note = "100 log-normal values in each series. tickmetrics sums some hundred fine cells into \
                the 15 buckets; the others have 15 buckets. It says how much finer it keeps them, not \
                that anybody needs it.";
    let columns = ["1,000 series", "10,000"];
    let table = Table::new("scrape histograms", "Scrape: histograms of 15 buckets", note, &columns);
    fill(table, sizes, "a_bucket", effort, report)
}

/// A library's series, and how it writes them.
pub(crate) struct Scrape {
    record: Box<dyn Fn() + Send + Sync>,
    write: Box<dyn Fn(&mut String)>,
}

impl Scrape {
    /// `record` records to all series, and is called at once.
    pub(crate) fn new(
        record: impl Fn() + Send + Sync + 'static,
        write: impl Fn(&mut String) + 'static,
    ) -> Self {
        record();
        Self { record: Box::new(record), write: Box::new(write) }
    }

    /// Records once more, to the same series, on a thread of its own.
    pub(crate) fn record_on_a_thread(&self) {
        let record = &self.record;
        thread::scope(|scope| {
            scope.spawn(record);
        });
    }
}

fn make(libraries: &[counters::Library], series: usize) -> Vec<(&'static str, Scrape)> {
    libraries.iter().map(|&(name, make)| (name, make(series))).collect()
}

/// Scrapes all libraries in turn, for each size, and pushes the table.
fn fill<const N: usize>(
    mut table: Table,
    sizes: [(usize, Vec<(&'static str, Scrape)>); N],
    name: &str,
    effort: Effort,
    report: &mut Report,
) -> Result<(), String> {
    let mut rows: Vec<(&str, [f64; N])> = Vec::new();
    for (at, (series, scrapes)) in sizes.into_iter().enumerate() {
        let repetitions = repetitions(series, effort);
        let mut samples = vec![Vec::new(); scrapes.len()];
        let mut text = String::new();
        for repetition in 0..=repetitions {
            for ((library, scrape), samples) in scrapes.iter().zip(&mut samples) {
                text.clear();
                let sample = run::timed(|| (scrape.write)(&mut text));
                // A scrape of milliseconds is seldom left alone: the median is of all.
                let nanos = sample.nanos / series as f64;
                // The first makes the buffers large enough.
                if repetition == 0 {
                    check(library, &text, name, series)?;
                } else {
                    samples.push(Sample { nanos, interrupted: false });
                }
            }
        }
        for ((library, _), samples) in scrapes.iter().zip(samples) {
            let measured = Measured::of(library, &samples);
            report.batches([&measured]);
            if at == 0 {
                rows.push((library, [f64::NAN; N]));
            }
            if let Some((_, row)) = rows.iter_mut().find(|(name, _)| name == library) {
                row[at] = measured.median;
            }
        }
    }
    for (name, row) in rows {
        table.row(name, row);
    }
    report.push(table);
    Ok(())
}

fn repetitions(series: usize, effort: Effort) -> usize {
    let repetitions = if effort.quick { 12_000 } else { 100_000 } / series;
    repetitions.clamp(3, 50)
}

/// Whether the text has all series.
fn check(library: &str, text: &str, name: &str, series: usize) -> Result<(), String> {
    let of_name = |line: &&str| {
        line.starts_with(name) && (!line.contains("le=") || line.contains("le=\"+Inf\""))
    };
    let lines = text.lines().filter(of_name).filter(|line| line.contains('{')).count();
    if lines == series {
        return Ok(());
    }
    let start = text.lines().take(4).collect::<Vec<_>>().join("\n");
    Err(format!("{library}: {series} series were counted, and {lines} scraped:\n{start}"))
}

/// The names of half as many symbols as series: each has two sides.
pub(crate) fn symbols(series: usize) -> impl Iterator<Item = &'static str> {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| (0..50_000).map(|at| format!("COIN{at:05}USDT")).collect());
    names[..series / 2].iter().map(String::as_str)
}

/// Symbols that are interned, in a table for as many as there are series.
macro_rules! interned {
    ($($name:ident $capacity:literal),+) => {
        $(
            #[derive(Clone, Copy, Label)]
            #[label(rename = "symbol", capacity = $capacity)]
            struct $name(LabelId);
        )+
    };
}

interned!(Symbol500 500, Symbol5000 5_000, Symbol50000 50_000);
