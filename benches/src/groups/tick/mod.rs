//! A tick through a small trading path, with four counters, a counter by side, two gauges, two
//! histograms and two timings on its way.

mod libraries;
mod library;
mod message;
mod path;
mod recording;
pub(crate) mod ticks;

use super::names::OURS;
use super::peers::{Metrics, Otel};
use crate::candidate::{Candidate, batch, kept};
use crate::goal::Goal;
use crate::layout::{Column, Layout};
use crate::run::{self, Effort};
use crate::table::Report;
use libraries::{
    FastMetrics, FastTelemetry, Measured, Metriken, Nothing, Ours, Prometheus, PrometheusClient,
};
use library::{Kept, Library, OurClock, SameHandles};
use path::State;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tickmetrics::prelude::*;
use ticks::ticks;

const NOTHING: &str = "no metrics";
/// The suffix of a library's name if its timings read our clock.
pub(crate) const OUR_CLOCK: &str = ", our clock";

const TICK: Layout = Layout {
    id: "tick",
    title: "A tick: book update, signal, risk check",
    // The source of the ticks is put before it.
    note: "Four counters, a counter by side, two gauges, two histograms and two timings a tick, handles \
           kept. \"Our clock\": the library's metrics, with timings that read the time stamp counter as \
           tickmetrics does, which its users could do by hand.",
    columns: &["median ns", "added", "minimum ns"],
};

pub(crate) const ADDED: Column = TICK.column(1);

pub(super) const GOALS: &[Goal] = &[
    Goal::to_best(
        "the tick path: added cost",
        0.4,
        "× the best peer's",
        (ADDED.of(OURS), |name| is_peer(name) && !name.ends_with(OUR_CLOCK)),
    ),
    Goal::to_best(
        "the tick path, where peers are given our clock by hand",
        0.4,
        "× the best peer's",
        (ADDED.of(OURS), is_peer),
    ),
];

fn is_peer(name: &str) -> bool {
    ![OURS, NOTHING].contains(&name)
}

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let measured = run::interleaved(&candidates(), effort)?;
    let bare = measured.iter().find(|one| one.name == NOTHING).map_or(f64::NAN, |one| one.median);
    let mut table = TICK.table();
    table.note = format!("{} {}", ticks().source, TICK.note);
    for one in &measured {
        table.row(&one.name, [one.median, one.median - bare, one.minimum]);
    }
    report.batches(&measured);
    report.push(table);
    Ok(())
}

fn candidates() -> Vec<Candidate> {
    let ours = Ours(Registry::new());
    let recorder: &Metrics = kept(Metrics::new());
    let otel = Otel::new();
    let prometheus_clocked: Kept<OurClock<Prometheus>> = Kept::new(&SameHandles(&Prometheus));
    let client_clocked: Kept<OurClock<PrometheusClient>> =
        Kept::new(&SameHandles(&PrometheusClient));
    let metriken_clocked: Kept<OurClock<Metriken>> = Kept::new(&SameHandles(&Metriken));
    let fast_clocked: Kept<OurClock<FastTelemetry>> = Kept::new(&SameHandles(&FastTelemetry));
    let fastmetrics_clocked: Kept<OurClock<FastMetrics>> = Kept::new(&SameHandles(&FastMetrics));
    let measured_clocked: Kept<OurClock<Measured>> = Kept::new(&SameHandles(&Measured));
    let named = |name: &str| format!("{name}{OUR_CLOCK}");
    vec![
        bare(),
        path(OURS, Kept::<Ours>::new(&ours), {
            let registry = ours.0.clone();
            move |_| registry.snapshot().counter("ticks", &[]).unwrap_or(0)
        }),
        path("prometheus", Kept::<Prometheus>::new(&Prometheus), |kept| kept.ticks.get()),
        path(&named("prometheus"), prometheus_clocked, |kept| kept.ticks.get()),
        path("prometheus-client", Kept::<PrometheusClient>::new(&PrometheusClient), |kept| {
            kept.ticks.get()
        }),
        path(&named("prometheus-client"), client_clocked, |kept| kept.ticks.get()),
        path("metrics", Kept::<Metrics>::new(recorder), |_| recorder.total("ticks"))
            .between(|| recorder.handle.run_upkeep()),
        path("opentelemetry_sdk, bound", Kept::<Otel>::new(&otel), move |_| otel.total("ticks")),
        path("metriken, sharded", Kept::<Metriken>::new(&Metriken), |kept| count(kept.ticks)),
        path(&named("metriken, sharded"), metriken_clocked, |kept| count(kept.ticks)),
        path("fast-telemetry", Kept::<FastTelemetry>::new(&FastTelemetry), |kept| {
            u64::try_from(kept.ticks.sum()).unwrap_or(0)
        }),
        path(&named("fast-telemetry"), fast_clocked, |kept| {
            u64::try_from(kept.ticks.sum()).unwrap_or(0)
        }),
        path("fastmetrics", Kept::<FastMetrics>::new(&FastMetrics), |kept| kept.ticks.total()),
        path(&named("fastmetrics"), fastmetrics_clocked, |kept| kept.ticks.total()),
        path("measured", Kept::<Measured>::new(&Measured), |kept| measured_count(&kept.ticks)),
        path(&named("measured"), measured_clocked, |kept| measured_count(&kept.ticks)),
    ]
}

fn count((group, at): (&metriken::ShardedCounterGroup, usize)) -> u64 {
    group.value(at).unwrap_or(0)
}

fn measured_count(counter: &measured::Counter) -> u64 {
    counter.get_metric().count.load(Relaxed)
}

/// A library on the path; `count` returns its number of ticks.
fn path<L: Library>(
    name: &str,
    metrics: Kept<L>,
    count: impl Fn(&Kept<L>) -> u64 + Send + Sync + 'static,
) -> Candidate {
    let (state, ticks, metrics) = (kept(Mutex::new(State::default())), ticks().all, kept(metrics));
    Candidate::batched(
        name,
        move |n| {
            let mut state = state.lock().expect("nothing panics with it");
            let state = &mut *state;
            // Continues at the end of the last batch.
            let next = state.seen;
            batch(n, |turn| state.on_tick(&ticks[(next + turn) & (ticks.len() - 1)], metrics));
            state.seen = next + n;
            black_box(state.orders);
        },
        move || count(metrics),
    )
}

/// The path alone. It does not count its ticks, so each batch does.
fn bare() -> Candidate {
    let done = kept(AtomicU64::new(0));
    let path = path(NOTHING, Kept::<Nothing>::new(&Nothing), |_| 0);
    Candidate::batched(
        NOTHING,
        move |n| {
            path.run(n);
            done.fetch_add(n as u64, Relaxed);
        },
        || done.load(Relaxed),
    )
}
