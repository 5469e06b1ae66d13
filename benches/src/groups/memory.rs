//! Resident memory of series, and the time that a snapshot takes as threads and series grow.
//!
//! Each figure is from a process of its own: this program, started with `--child`.

use super::inputs::durations;
use super::names::OURS;
use super::scrape::formats::{Library, Scrape};
use super::scrape::histograms::{self, Buckets};
use super::scrape::{counters, series::symbols};
use crate::ask::ask_numbers;
use crate::goal::Goal;
use crate::layout::{Column, Layout};
use crate::run::{self, Effort};
use crate::stats::median;
use crate::table::{Report, Table};
use std::sync::Barrier;
use std::{fs, thread};
use tickmetrics::prelude::*;

const SHARDS: [usize; 4] = [1, 16, 64, 256];

const MEMORY: Layout = Layout {
    id: "memory",
    title: "Resident bytes of a series",
    note: "What the process grew by, label values and tables included: counters with two labels, \
           100,000 series, and histograms with 100 log-normal values, 10,000 series. One thread \
           recorded; then another one did the same to the same series, and the process grew further: \
           by the thread itself where threads share a series. `metrics` queues values. `metriken` has \
           no labels: its series are numbers of a group, 1,000 of them for histograms.",
    columns: &["counter", "histogram", "counter, a further thread", "histogram, the same"],
};

pub(crate) const OF_HISTOGRAM: Column = MEMORY.column(1);

pub(super) const GOALS: &[Goal] = &[Goal::value(
    "resident memory of 100,000 counter series",
    64.0,
    "bytes a series",
    MEMORY.column(0).of(OURS),
)];

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let mut table = MEMORY.table();
    for (at, metrics) in metrics().iter().enumerate() {
        let bytes = |kind, exists: bool| {
            if exists { ask_numbers(&format!("memory {at} {kind}")) } else { Ok(vec![f64::NAN; 2]) }
        };
        let (counter, histogram) = (bytes(0, metrics.counter.is_some())?, bytes(1, true)?);
        table.row(&metrics.name, [counter[0], histogram[0], counter[1], histogram[1]]);
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
        let nanos = ask_numbers(&format!("snapshot {series}"))?;
        rows.iter_mut().zip(nanos).for_each(|((_, row), nanos)| row.push(nanos));
    }
    for (shards, row) in rows {
        table.row(&format!("{shards} threads"), row);
    }
    report.push(table);
    Ok(())
}

/// A maker of so many series, and their number.
type Series = (usize, Box<dyn Fn(usize) -> Scrape>);

/// A library's counters and histograms.
struct Metrics {
    name: String,
    counter: Option<Series>,
    histogram: Series,
}

fn metrics() -> Vec<Metrics> {
    let libraries = counters::LIBRARIES.iter().zip(histograms::LIBRARIES);
    let library = |((name, counter), (_, histogram)): (&'static Library, &'static Library)| {
        let counter: Option<Series> = Some((100_000, Box::new(counter)));
        Metrics { name: (*name).to_owned(), counter, histogram: (10_000, Box::new(histogram)) }
    };
    let sigfigs = |sigfigs| {
        let make = move |series| histograms::ours_with(series, Buckets::Classic(sigfigs));
        let name = format!("{OURS}, sigfigs = {sigfigs}");
        Metrics { name, counter: None, histogram: (10_000, Box::new(make)) }
    };
    let metriken = Metrics {
        name: "metriken, sharded".to_owned(),
        counter: Some((100_000, Box::new(metriken_counters))),
        histogram: (1_000, Box::new(metriken_histograms)),
    };
    libraries.map(library).chain([metriken]).chain([1, 3].map(sigfigs)).collect()
}

fn metriken_counters(series: usize) -> Scrape {
    let group = metriken::ShardedCounterGroup::new(series);
    let count = move || {
        for at in 0..series {
            group.increment(at);
        }
    };
    Scrape::new(count)
}

fn metriken_histograms(series: usize) -> Scrape {
    let group = metriken::ShardedCounterHistogramGroup::new(series, 7, 64);
    let record = move || {
        let mut numbers = 0..series;
        histograms::each(series, |_, _, values| {
            let number = numbers.next().unwrap_or(0);
            values.iter().for_each(|&value| drop(group.increment(number, value)));
        });
    };
    Scrape::new(record)
}

/// Answers a question of this group.
///
/// # Errors
/// If it is not a question.
pub(crate) fn answer(question: &str) -> Result<String, String> {
    let unknown = || format!("{question}: not a question");
    let mut words = question.split(' ');
    let what = words.next();
    let mut number = || words.next()?.parse().ok();
    let first: usize = number().ok_or_else(unknown)?;
    match what {
        Some("memory") => {
            let metrics = metrics().into_iter().nth(first).ok_or_else(unknown)?;
            let series =
                if number() == Some(0) { metrics.counter } else { Some(metrics.histogram) };
            let [first, further] = grown(series.ok_or_else(unknown)?);
            Ok(format!("{first} {further}"))
        }
        Some("snapshot") => snapshots(first),
        _ => Err(unknown()),
    }
}

/// Bytes for each series that the process grows by: as a thread records, and as a further one does.
fn grown((series, make): Series) -> [f64; 2] {
    // The data for requesting series is not part of them.
    symbols(series).for_each(drop);
    durations();
    let before = resident();
    let metric = make(series);
    let after = resident();
    metric.record_on_a_thread();
    let further = resident();
    drop(metric);
    [after - before, further - after].map(|bytes| bytes / series as f64)
}

/// Bytes of this process that are in memory.
pub(crate) fn resident() -> f64 {
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
    let value = |value| if let tickmetrics::Value::Counter(value) = value { value } else { 0 };
    family.series().map(|one| value(one.value())).sum()
}
