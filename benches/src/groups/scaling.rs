//! More threads on one metric: CPU time for each operation.

use super::inputs::{EDGES, INPUTS, durations, edges};
use super::names::FETCH_ADD;
use super::peers::shards;
use crate::candidate::{Candidate, kept};
use crate::goal::Goal;
use crate::layout::Layout;
use crate::run::Effort;
use crate::stats::median;
use crate::table::Report;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use tickmetrics::prelude::*;

const SCALING: Layout = Layout {
    id: "scaling",
    title: "Scaling: CPU nanoseconds for each operation",
    note: "The time that the threads ran, not the time that passed, so that more threads than cores \
           mean something, too. The last row is the goal's: as many threads as there are cores, to \
           one.",
    columns: &["1 thread", "2", "4", "8", "16"],
};

/// The threads of each column.
const THREADS: [usize; SCALING.columns.len()] = [1, 2, 4, 8, 16];

const INC: &str = "tickmetrics: inc";
const MOST_TO_ONE: &str = "inc: most threads that have a core, to one";

pub(super) const GOALS: &[Goal] = &[Goal::value(
    "threads, as many as cores, on one counter",
    1.15,
    "× one thread, CPU time",
    SCALING.column(0).of(MOST_TO_ONE),
)];

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let candidates = candidates();
    let (rounds, turns) = if effort.quick { (5, 200_000) } else { (15, 1_000_000) };
    let mut nanos = vec![[const { Vec::new() }; THREADS.len()]; candidates.len()];
    for _ in 0..rounds {
        for (candidate, nanos) in candidates.iter().zip(&mut nanos) {
            for (&threads, nanos) in THREADS.iter().zip(nanos) {
                nanos.push(run(candidate, threads, turns / threads));
            }
        }
    }
    for candidate in &candidates {
        let all: usize = THREADS.iter().map(|threads| turns / threads * threads).sum();
        candidate.check((rounds * all) as u64)?;
    }
    let cores = shards();
    let mut table = SCALING.table();
    let mut ratio = f64::NAN;
    for (candidate, nanos) in candidates.iter().zip(nanos) {
        let nanos = nanos.map(|mut nanos| median(&mut nanos));
        if candidate.name == INC {
            let most = THREADS.iter().rposition(|&threads| threads <= cores).unwrap_or(0);
            ratio = nanos[most] / nanos[0];
        }
        table.row(&candidate.name, nanos);
    }
    table.row(MOST_TO_ONE, [ratio]);
    report.push(table);
    Ok(())
}

fn candidates() -> Vec<Candidate> {
    let registry = Registry::new();
    let counter: Counter =
        registry.register(&Description::new("a_total", "Counted.")).expect("the name is new");
    let description = Description::new("b_seconds", "Waited.").unit("seconds");
    let histogram: Histogram = registry.register(&description).expect("the name is new");
    let (counter, histogram, values) = (kept(counter), kept(histogram), durations());
    let of_counter = registry.clone();
    let cell = kept(AtomicU64::new(0));
    let group = kept(metriken::ShardedCounterGroup::new(1));
    let fast = kept(fast_telemetry::Histogram::new(&EDGES, shards()));
    let buckets = prometheus::HistogramOpts::new("a", "Waited.").buckets(edges().to_vec());
    let locked = kept(prometheus::Histogram::with_opts(buckets).expect("valid options"));
    vec![
        Candidate::new(
            INC,
            |_| counter.inc(),
            move || of_counter.snapshot().counter("a_total", &[]).unwrap_or(0),
        ),
        Candidate::new(
            "tickmetrics: record",
            move |turn| histogram.record(values[turn % INPUTS]),
            move || {
                registry.snapshot().histogram("b_seconds", &[]).map_or(0, HistogramSnapshot::count)
            },
        ),
        Candidate::new(
            FETCH_ADD,
            |_| {
                cell.fetch_add(1, Relaxed);
            },
            || cell.load(Relaxed),
        ),
        Candidate::new(
            "metriken, sharded: increment",
            |_| {
                group.increment(0);
            },
            || group.value(0).unwrap_or(0),
        ),
        Candidate::new(
            "fast-telemetry: histogram",
            move |turn| fast.record(values[turn % INPUTS]),
            || fast.count(),
        ),
        Candidate::new(
            "prometheus: histogram",
            move |turn| locked.observe(values[turn % INPUTS] as f64 * 1e-9),
            || locked.get_sample_count(),
        ),
    ]
}

/// CPU nanoseconds of all threads for each operation.
fn run(candidate: &Candidate, threads: usize, turns: usize) -> f64 {
    let barrier = Barrier::new(threads);
    let nanos: f64 = thread::scope(|scope| {
        let work = |number: usize| {
            pin(number % shards());
            // A new thread's first record finds its shard, and takes a page fault for each page.
            candidate.run(turns / 8);
            barrier.wait();
            let start = cpu_nanos();
            candidate.run(turns - turns / 8);
            cpu_nanos() - start
        };
        let threads: Vec<_> =
            (0..threads).map(|number| scope.spawn(move || work(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(f64::NAN)).sum()
    });
    nanos / (threads * (turns - turns / 8)) as f64
}

/// Keeps this thread on one core: otherwise two threads may share one and never meet.
fn pin(core: usize) {
    let mut cores = CpuSet::new();
    // If that fails, the thread runs on a core of the system's choice.
    let _ = cores.set(core).and_then(|()| sched_setaffinity(Pid::from_raw(0), &cores));
}

/// The CPU time of this thread so far.
fn cpu_nanos() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(std::time::Duration::from);
    time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e9)
}
