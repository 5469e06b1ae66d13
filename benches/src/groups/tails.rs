//! Not the median of a record, but the worst one in a thousand and in ten thousand.

use super::inputs::durations;
use crate::candidate::kept;
use crate::goal::Goal;
use crate::layout::{Column, Layout};
use crate::raw::{Raw, RawHistogram};
use crate::run::{self, Effort};
use crate::table::Report;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;
use tickmetrics::prelude::*;

/// Records of each operation in a turn of the round.
const CHUNK: usize = 2_000;

const TAILS: Layout = Layout {
    id: "tails",
    title: "Tails, in ticks of the clock",
    note: "Each record alone between two clock reads, which are part of the figure (the row \"nothing\" \
           is them alone). Interrupts are part of it, too: they hit all rows alike. The clock may move \
           in steps, 26 ticks on some processors, which hides what is smaller.",
    columns: &["p50", "p99.9", "p99.99"],
};

const P999: Column = TAILS.column(1);

const INC: &str = "inc";
const RAW_INC: &str = "raw inc";
const RECORD: &str = "record";
const RAW_RECORD: &str = "raw record";

pub(super) const GOALS: &[Goal] = &[
    Goal::ratio(
        "p99.9 of `inc`, alone",
        1.2,
        "× the raw design's",
        (P999.of(INC), P999.of(RAW_INC)),
    ),
    Goal::ratio(
        "p99.9 of `record`, alone",
        1.2,
        "× the raw design's",
        (P999.of(RECORD), P999.of(RAW_RECORD)),
    ),
];

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let rounds = if effort.quick { 50 } else { 1_000 };
    let registry = Registry::new();
    let register = |name: &str| registry.register(&Description::new(name, "Counted."));
    let counter: Counter = register("a_total").map_err(|error| error.to_string())?;
    let description = Description::new("b_seconds", "Waited.").unit("seconds");
    let histogram: Histogram =
        registry.register(&description).map_err(|error| error.to_string())?;
    fill_series(&registry)?;
    let handles = kept(Handles { counter, histogram, shared: kept(AtomicU64::new(0)) });

    tickmetrics::warm_up();

    let mut table = TAILS.table();
    let mut push = |when: &str, rows: Vec<(&'static str, [u64; 3])>| {
        for (name, values) in rows {
            table.row(&format!("{name}{when}"), values.map(|ticks| ticks as f64));
        }
    };
    push("", sample(handles, rounds));
    push(
        ", beside a second writer",
        beside(handles, rounds, |_| {
            for _ in 0..1_000 {
                handles.counter.inc();
                handles.histogram.record(1_500);
                handles.shared.fetch_add(1, Relaxed);
            }
        }),
    );
    push(
        ", while 100,000 series are scraped ten times a second",
        beside(handles, rounds, |text| {
            text.clear();
            tickmetrics_exporter::encode::text(&registry.snapshot(), text);
            thread::sleep(Duration::from_millis(100));
        }),
    );
    report.push(table);
    Ok(())
}

/// A counter with 100,000 series, for the scraper.
fn fill_series(registry: &Registry) -> Result<(), String> {
    #[derive(Clone, Copy, Label)]
    #[label(capacity = 50_000)]
    struct Symbol(LabelId);
    let series: Counter<(Symbol, bool)> = registry
        .register(&Description::new("series_total", "Counted."))
        .map_err(|error| error.to_string())?;
    for symbol in 0..50_000 {
        let symbol = Symbol::intern(&format!("COIN{symbol:05}USDT"));
        series.with((symbol, false)).inc();
        series.with((symbol, true)).inc();
    }
    Ok(())
}

struct Handles {
    counter: Counter,
    histogram: Histogram,
    shared: &'static AtomicU64,
}

/// Percentiles of all operations while another thread does something again and again.
fn beside(
    handles: &Handles,
    rounds: usize,
    what: impl Fn(&mut String) + Sync,
) -> Vec<(&'static str, [u64; 3])> {
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut text = String::new();
            while !stop.load(Relaxed) {
                what(&mut text);
            }
        });
        let rows = sample(handles, rounds);
        stop.store(true, Relaxed);
        rows
    })
}

/// Percentiles of all operations, in chunks in turn.
fn sample(handles: &Handles, rounds: usize) -> Vec<(&'static str, [u64; 3])> {
    let values = durations();
    let value = |at: usize| values[at % values.len()];
    let (raw, raw_histogram) = (Raw::new(200), RawHistogram::new());
    let mut tails = ["nothing", INC, RAW_INC, "fetch_add", RECORD, RAW_RECORD]
        .map(|name| (name, Tail::default()));
    for _ in 0..rounds {
        let [nothing, inc, raw_inc, fetch_add, record, raw_record] = &mut tails;
        nothing.1.chunk(|_| ());
        inc.1.chunk(|_| handles.counter.inc());
        raw_inc.1.chunk(|_| raw.inc());
        fetch_add.1.chunk(|_| {
            handles.shared.fetch_add(1, Relaxed);
        });
        record.1.chunk(|at| handles.histogram.record(value(at)));
        raw_record.1.chunk(|at| raw_histogram.record(value(at)));
    }
    tails.into_iter().map(|(name, tail)| (name, tail.percentiles())).collect()
}

/// How often an operation took so many ticks.
struct Tail {
    /// By ticks; all longer ones are in the last.
    ticks: Vec<u64>,
}

impl Default for Tail {
    fn default() -> Self {
        Self { ticks: vec![0; 1 << 16] }
    }
}

impl Tail {
    #[inline(never)]
    fn chunk(&mut self, operation: impl Fn(usize)) {
        let (clock, last) = (run::clock(), self.ticks.len() - 1);
        for at in 0..CHUNK {
            let start = clock.raw();
            operation(at);
            let ticks = usize::try_from(clock.raw().saturating_sub(start)).unwrap_or(last);
            self.ticks[ticks.min(last)] += 1;
        }
    }

    /// The median, p99.9 and p99.99.
    fn percentiles(&self) -> [u64; 3] {
        let total: u64 = self.ticks.iter().sum();
        [5_000, 9_990, 9_999].map(|of_10_000| {
            let rank = (total * of_10_000).div_ceil(10_000);
            let mut below = 0;
            let at = self.ticks.iter().position(|count| {
                below += count;
                below >= rank
            });
            at.unwrap_or(0) as u64
        })
    }
}
