//! Resident memory of series, and the time that a snapshot takes as threads and series grow.
//!
//! Each figure is from a process of its own: this program, started with `--child`.

use super::OURS;
use super::scrape::{counters, histograms, symbols};
use crate::report::ask;
use crate::run::{self, Effort};
use crate::stats::median;
use crate::table::{Report, Table};
use metrics_core::prelude::*;
use std::sync::Barrier;
use std::{fs, thread};

const COUNTERS: usize = 100_000;
const HISTOGRAMS: usize = 10_000;
const SHARDS: [usize; 4] = [1, 16, 64, 256];

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let mut table = Table::new(
        "memory",
        "Resident bytes of a series",
        "What the process grew by, label values and tables included. Counters with two labels, 100,000 \
         series; histograms with 100 log-normal values, 10,000 series. One thread recorded: with \
         tickmetrics, each further one that records to the same series takes 8 bytes of a counter \
         and most of the figure of a histogram again.",
        &["counter", "histogram"],
    );
    for (at, (name, _)) in counters::LIBRARIES.iter().enumerate() {
        let bytes = |what| child(&format!("{what} {at}"));
        table.row(name, [bytes("counters")?[0], bytes("histograms")?[0]]);
    }
    for sigfigs in [1, 3] {
        let bytes = child(&format!("sigfigs {sigfigs}"))?[0];
        table.row(&format!("{OURS}, sigfigs = {sigfigs}"), [f64::NAN, bytes]);
    }
    report.push(table);

    let series: &[usize] = if effort.quick { &[1_000, 10_000] } else { &[1_000, 10_000, 100_000] };
    let columns: Vec<String> = series.iter().map(|series| format!("{series} series")).collect();
    let mut table = Table::new(
        "snapshot",
        "Snapshot: nanoseconds for each cell",
        "A counter with so many series, to all of which so many threads counted: series × threads \
         cells are read.",
        &columns,
    );
    let mut rows = SHARDS.map(|shards| (shards, Vec::new()));
    for series in series {
        let nanos = child(&format!("snapshot {series}"))?;
        rows.iter_mut().zip(nanos).for_each(|((_, row), nanos)| row.push(nanos));
    }
    for (shards, row) in rows {
        table.row(&format!("{shards} threads"), row);
    }
    report.push(table);
    Ok(())
}

/// The numbers that a child answers.
fn child(question: &str) -> Result<Vec<f64>, String> {
    let text = ask(question)?;
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(|it| it.parse().ok()).collect();
    numbers.filter(|all| !all.is_empty()).ok_or_else(|| format!("{question}: {text}"))
}

/// Answers a question that [`child`] asks.
///
/// # Errors
/// A sentence, where it is none.
pub(crate) fn answer(question: &str) -> Result<String, String> {
    let unknown = || format!("{question}: not a question");
    let (what, number) = question.split_once(' ').ok_or_else(unknown)?;
    let number: usize = number.parse().map_err(|_| unknown())?;
    let library = |all: &[counters::Library]| all.get(number).map(|&(_, make)| make);
    let bytes = match what {
        "counters" => grown(COUNTERS, library(counters::LIBRARIES).ok_or_else(unknown)?),
        "histograms" => grown(HISTOGRAMS, library(histograms::LIBRARIES).ok_or_else(unknown)?),
        "sigfigs" => grown(HISTOGRAMS, |series| {
            histograms::ours_with(series, u8::try_from(number).unwrap_or(2))
        }),
        "snapshot" => return snapshots(number),
        _ => return Err(unknown()),
    };
    Ok(bytes.to_string())
}

/// Bytes for each series that the process grows by.
fn grown<T>(series: usize, make: impl Fn(usize) -> T) -> f64 {
    // What is needed to ask for series is not part of them.
    symbols(series).for_each(drop);
    super::durations();
    let before = resident();
    let metric = make(series);
    let after = resident();
    drop(metric);
    (after - before) / series as f64
}

/// Bytes of this process that are in memory.
fn resident() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib * 1024.0)
}

/// Nanoseconds of a snapshot for each cell, for each number of shards in turn.
fn snapshots(series: usize) -> Result<String, String> {
    #[derive(Clone, Copy, Label)]
    #[label(capacity = 100_000)]
    struct Symbol(LabelId);
    let registry = Registry::new();
    let counter: Counter<Symbol> = registry
        .register(&Description::new("a_total", "Counted."))
        .map_err(|error| error.to_string())?;
    let ids: Vec<Symbol> = (0..series).map(|at| Symbol::intern(&format!("COIN{at}"))).collect();
    let mut answers = Vec::new();
    let mut expected = 0;
    for shards in SHARDS {
        // All at the same time: a shard goes to the next thread when its own ends.
        let barrier = Barrier::new(shards);
        thread::scope(|scope| {
            for _ in 0..shards {
                scope.spawn(|| {
                    ids.iter().for_each(|&id| counter.with(id).inc());
                    barrier.wait();
                });
            }
        });
        expected += shards * series;
        let mut nanos = Vec::new();
        for _ in 0..9 {
            let mut total = 0;
            nanos.push(run::timed(|| total = count(&registry.snapshot())).nanos);
            if total != expected as u64 {
                return Err(format!("{expected} counted, {total} in the snapshot"));
            }
        }
        answers.push((median(&mut nanos) / (shards * series) as f64).to_string());
    }
    Ok(answers.join(" "))
}

/// The sum of all series, which also shows that the snapshot was used.
fn count(snapshot: &Snapshot) -> u64 {
    let Some(family) = snapshot.family("a_total") else { return 0 };
    let value = |value| if let metrics_core::Value::Counter(value) = value { value } else { 0 };
    family.series().map(|one| value(one.value())).sum()
}
