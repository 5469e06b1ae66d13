//! Adding one to a counter whose handle is kept.

use super::names::{FETCH_ADD, OURS, RAW};
use super::peers::{Metrics, Otel, shards};
use crate::candidate::{Candidate, batch, kept};
use crate::goal::Goal;
use crate::layout::{Column, Layout};
use crate::raw::{Owned, Raw};
use crate::run::{self, Effort};
use crate::table::Report;
use crate::threads;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tickmetrics::prelude::*;

/// Counters in the rotation: as many as a tick path might touch, and too few to leave the cache.
const ROTATION: usize = 8;

const COUNTER: Layout = Layout {
    id: "counter",
    title: "Counter, kept handle, one thread",
    note: "Back to back flatters plain adds and locked ones alike: the first wait only for the last \
           store to the same cell, the second for themselves.",
    columns: &["one cell: median ns", "minimum", "eight in rotation: median", "minimum"],
};

const BACK_TO_BACK: Column = COUNTER.column(0);
pub(crate) const IN_ROTATION: Column = COUNTER.column(2);

const THREADS: Layout = Layout {
    id: "counter threads",
    title: "One counter from two threads",
    note: "Wall time of each thread for each of its increments. Alone: the other thread waits.",
    columns: &["alone: median ns", "two threads: median", "two threads: minimum"],
};

const ALONE: Column = THREADS.column(0);
pub(crate) const TWO_THREADS: Column = THREADS.column(1);

pub(super) const GOALS: &[Goal] = &[
    Goal::ratio(
        "`inc`, one cell back to back",
        1.25,
        "× the raw design",
        (BACK_TO_BACK.of(OURS), BACK_TO_BACK.of(RAW)),
    ),
    Goal::ratio(
        "`inc`, eight counters in rotation",
        1.25,
        "× the raw design",
        (IN_ROTATION.of(OURS), IN_ROTATION.of(RAW)),
    ),
    Goal::ratio(
        "`inc`, one cell back to back",
        0.45,
        "× an uncontended `fetch_add`",
        (BACK_TO_BACK.of(OURS), BACK_TO_BACK.of(FETCH_ADD)),
    ),
    Goal::ratio(
        "`inc` of one counter from two threads",
        1.15,
        "× from one",
        (TWO_THREADS.of(OURS), ALONE.of(OURS)),
    ),
];

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let both = run::interleaved(&all(), effort)?;
    let (one, rotation) = both.split_at(both.len() / 2);
    let mut table = COUNTER.table();
    for (one, rotation) in one.iter().zip(rotation) {
        table.row(&one.name, [one.median, one.minimum, rotation.median, rotation.minimum]);
    }
    report.batches(&both);
    report.push(table);

    let pairs = threads::interleaved(&shared(), effort.divided_by(2))?;
    let mut table = THREADS.table();
    for pair in &pairs {
        table.row(&pair.alone.name, [pair.alone.median, pair.beside.median, pair.beside.minimum]);
        report.batches([&pair.alone, &pair.beside]);
    }
    report.push(table);
    Ok(())
}

/// Every library with eight counters in rotation.
pub(super) fn rotation() -> Vec<Candidate> {
    let mut both = all();
    both.split_off(both.len() / 2)
}

/// Every library with one counter, and then every library with several in rotation.
fn all() -> Vec<Candidate> {
    let registry = Registry::new();
    let (mut one, mut rotation) = (Vec::new(), Vec::new());
    let mut add = |[a, b]: [Candidate; 2]| {
        one.push(a);
        rotation.push(b);
    };
    add(plain());
    let cells = Owned::cells();
    let owned = "owned, relaxed load and store";
    add(pair(owned, |at| Owned::new(cells, number(at)), Owned::inc, Owned::count));
    add(pair(RAW, |at| Raw::new(number(at)), Raw::inc, Raw::count));
    add(ours(&registry));
    add(fetch_add());
    add(prometheus());
    add(prometheus_client());
    let recorder = kept(Metrics::new());
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    add(pair(
        "metrics, kept handle",
        |at| (recorder.counter(names[at]), names[at]),
        |(counter, _)| counter.increment(1),
        |(_, name)| recorder.total(name),
    ));
    add(pair(
        "opentelemetry_sdk",
        Unbound::new,
        |one| one.counter.add(1, &[]),
        |one| one.otel.total("a"),
    ));
    add(pair(
        "opentelemetry_sdk, bound",
        Bound::new,
        |one| one.counter.add(1),
        |one| one.otel.total("a"),
    ));
    add(metriken());
    add(metriken_sharded());
    add(fastmetrics());
    add(measured());
    add(fast_telemetry());
    one.append(&mut rotation);
    one
}

/// Those that several threads may add to.
fn shared() -> Vec<Candidate> {
    let registry = Registry::new();
    let total = kept(AtomicU64::new(0));
    let raw = kept(Raw::new(100));
    let sharded = kept(metriken::ShardedCounterGroup::new(1));
    let ours = kept(Ours::new(&registry, ROTATION + 1));
    let mut all = vec![
        // The raw design has no reader: each batch reports its own count.
        Candidate::batched(
            RAW,
            move |n| {
                let before = raw.count();
                batch(n, |_| raw.inc());
                total.fetch_add(raw.count() - before, Relaxed);
            },
            || total.load(Relaxed),
        ),
        Candidate::new(OURS, |_| ours.counter.inc(), || ours.count()),
        Candidate::new(
            "metriken, sharded",
            |_| {
                sharded.add(0, 1);
            },
            || sharded.value(0).unwrap_or(0),
        ),
    ];
    let recorder = kept(Metrics::new());
    let from_pairs = [
        fetch_add(),
        prometheus(),
        prometheus_client(),
        pair(
            "metrics, kept handle",
            |_| recorder.counter("a"),
            |counter| counter.increment(1),
            |_| recorder.total("a"),
        ),
        pair(
            "opentelemetry_sdk",
            Unbound::new,
            |one| one.counter.add(1, &[]),
            |one| one.otel.total("a"),
        ),
        pair(
            "opentelemetry_sdk, bound",
            Bound::new,
            |one| one.counter.add(1),
            |one| one.otel.total("a"),
        ),
        metriken(),
        fastmetrics(),
        measured(),
        fast_telemetry(),
    ];
    all.extend(from_pairs.map(|[one, _]| one));
    all
}

/// One library, with one counter and with several.
fn pair<H: Send + Sync + 'static>(
    name: &str,
    make: impl Fn(usize) -> H,
    inc: impl Fn(&H) + Copy + Send + Sync + 'static,
    count: impl Fn(&H) -> u64 + Copy + Send + Sync + 'static,
) -> [Candidate; 2] {
    let one = kept(make(ROTATION));
    let several: &'static [H; ROTATION] = kept(std::array::from_fn(make));
    [
        Candidate::new(name, move |_| inc(one), move || count(one)),
        Candidate::new(
            name,
            move |turn| inc(&several[turn % ROTATION]),
            move || several.iter().map(count).sum(),
        ),
    ]
}

/// As `pair`, with nothing but the handles side by side, as a struct of metrics has them.
fn ours(registry: &Registry) -> [Candidate; 2] {
    let all: [Ours; ROTATION + 1] = std::array::from_fn(|at| Ours::new(registry, at));
    let handles = all.each_ref().map(|ours| ours.counter);
    let all = kept(all);
    let one = kept(handles[ROTATION]);
    let several: &'static [Counter; ROTATION] = kept(std::array::from_fn(|at| handles[at]));
    [
        Candidate::new(OURS, |_| one.inc(), || all[ROTATION].count()),
        Candidate::new(
            OURS,
            |turn| several[turn % ROTATION].inc(),
            || all[..ROTATION].iter().map(Ours::count).sum(),
        ),
    ]
}

/// The rotation's counters have the numbers before the single one's.
fn number(at: usize) -> u32 {
    // The single one on a cache line of its own.
    u32::try_from(if at == ROTATION { 64 } else { at }).unwrap_or(0)
}

struct Ours {
    counter: Counter,
    registry: Registry,
    name: String,
}

impl Ours {
    fn new(registry: &Registry, at: usize) -> Self {
        let name = format!("counter_{at}_total");
        let description = Description::new(name.clone(), "Counted.");
        let counter = registry.register(&description).expect("the name is new");
        Self { counter, registry: registry.clone(), name }
    }

    fn count(&self) -> u64 {
        self.registry.snapshot().counter(&self.name, &[]).unwrap_or(0)
    }
}

/// An add to memory: no atomics, no thread-local, and nobody else could read it.
fn plain() -> [Candidate; 2] {
    let name = "plain add through memory";
    let make = |cells: usize| kept(Mutex::new(vec![0_u64; cells]));
    let run = |cells: &'static Mutex<Vec<u64>>, mask: usize| {
        move |n| {
            let mut cells = cells.lock().expect("nothing panics with it");
            let cells = black_box(cells.as_mut_slice());
            batch(n, |turn| {
                cells[turn & mask] += 1;
            });
        }
    };
    let count = |cells: &'static Mutex<Vec<u64>>| {
        move || cells.lock().expect("nothing panics with it").iter().sum()
    };
    let (one, several) = (make(1), make(ROTATION));
    [
        Candidate::batched(name, run(one, 0), count(one)),
        Candidate::batched(name, run(several, ROTATION - 1), count(several)),
    ]
}

fn fetch_add() -> [Candidate; 2] {
    pair(
        FETCH_ADD,
        |_| AtomicU64::new(0),
        |cell| {
            cell.fetch_add(1, Relaxed);
        },
        |cell| cell.load(Relaxed),
    )
}

fn prometheus() -> [Candidate; 2] {
    pair(
        "prometheus",
        |_| prometheus::IntCounter::new("a", "Counted.").expect("the name is valid"),
        prometheus::IntCounter::inc,
        prometheus::IntCounter::get,
    )
}

fn prometheus_client() -> [Candidate; 2] {
    pair(
        "prometheus-client",
        |_| prometheus_client::metrics::counter::Counter::<u64>::default(),
        |counter| {
            counter.inc();
        },
        prometheus_client::metrics::counter::Counter::get,
    )
}

struct Unbound {
    otel: Otel,
    counter: opentelemetry::metrics::Counter<u64>,
}

impl Unbound {
    fn new(_: usize) -> Self {
        let otel = Otel::new();
        Self { counter: otel.meter.u64_counter("a").build(), otel }
    }
}

struct Bound {
    otel: Otel,
    counter: opentelemetry::metrics::BoundCounter<u64>,
}

impl Bound {
    fn new(at: usize) -> Self {
        let Unbound { otel, counter } = Unbound::new(at);
        Self { counter: counter.bind(&[]), otel }
    }
}

fn metriken() -> [Candidate; 2] {
    pair(
        "metriken",
        |_| metriken::Counter::new(),
        |counter| {
            counter.increment();
        },
        metriken::Counter::value,
    )
}

fn metriken_sharded() -> [Candidate; 2] {
    let group = kept(metriken::ShardedCounterGroup::new(ROTATION + 1));
    pair(
        "metriken, sharded",
        |at| (group, at),
        |(group, at)| {
            group.increment(*at);
        },
        |(group, at)| group.value(*at).unwrap_or(0),
    )
}

fn fastmetrics() -> [Candidate; 2] {
    type Counter = fastmetrics::metrics::counter::Counter<u64>;
    pair("fastmetrics", |_| Counter::default(), Counter::inc, Counter::total)
}

fn measured() -> [Candidate; 2] {
    pair(
        "measured",
        |_| measured::Counter::new(),
        measured::Counter::inc,
        |counter| counter.get_metric().count.load(Relaxed),
    )
}

fn fast_telemetry() -> [Candidate; 2] {
    type Counter = fast_telemetry::Counter;
    pair(
        "fast-telemetry",
        |_| Counter::new(shards()),
        Counter::inc,
        |counter| u64::try_from(counter.sum()).unwrap_or(0),
    )
}
