//! Timing a function that does nothing: the remaining time is the instrumentation's.

use super::inputs::{EDGES, edges};
use super::peers::{ClientHistogram, Metrics, client_count, measured_count, shards};
use crate::candidate::{Candidate, batch, kept};
use crate::goal::Goal;
use crate::layout::{Column, Layout, MEASURED};
use crate::raw::RawHistogram;
use crate::run::{self, Effort};
use crate::table::Report;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Waker};
use std::time::Instant;
use tickmetrics::prelude::*;
use tracing_subscriber::layer::{Context as LayerContext, Layer, SubscriberExt};

const TIMING: Layout = Layout {
    id: "timing",
    title: "Timing an empty function",
    note: "Most of a timing is the clock: one read of the time stamp counter, or of the system's clock \
           through the vDSO. `prometheus`, `measured`, `autometrics` and those marked `Instant` read \
           the latter, as their users do. The subscriber of `tracing` counts closed spans and does \
           nothing else.",
    columns: MEASURED,
};

pub(crate) const EMPTY: Column = TIMING.column(0);

pub(crate) const TIMED: &str = "#[timed]";
const SAMPLED: &str = "#[timed(sample = 64)]";
const ASYNC: &str = "#[timed] async, ready at first poll";
pub(crate) const FLOOR: &str = "floor: two clock reads, scaling, raw record";
/// A part of a row's name: `fast-telemetry` times one call of 64.
pub(crate) const STRIDE_64: &str = "stride 64";
/// A part of a row's name: `tracing` does nothing.
pub(crate) const NO_SUBSCRIBER: &str = "no subscriber";

const STAGES: Layout = Layout {
    id: "stages",
    title: "Timing four stages in a row",
    note: "Nanoseconds for all four stages.",
    columns: MEASURED,
};

const LAPS: &str = "start, lap, lap, lap, drop";
const FOUR_TIMERS: &str = "four timers";

pub(super) const GOALS: &[Goal] = &[
    Goal::ratio(
        "`#[timed]` on an empty function",
        1.15,
        "× two clock reads, scaling, raw record",
        (EMPTY.of(TIMED), EMPTY.of(FLOOR)),
    ),
    Goal::ratio(
        "`#[timed(sample = 64)]`",
        0.12,
        "× `#[timed]`",
        (EMPTY.of(SAMPLED), EMPTY.of(TIMED)),
    ),
    Goal::ratio(
        "a chain of `lap()` through 4 stages",
        0.75,
        "× four timers",
        (STAGES.column(0).of(LAPS), STAGES.column(0).of(FOUR_TIMERS)),
    ),
    Goal::ratio(
        "an async function, ready at the first poll",
        1.3,
        "× the sync one",
        (EMPTY.of(ASYNC), EMPTY.of(TIMED)),
    ),
];

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let measured = run::interleaved(&all(), effort)?;
    report.push_measured(TIMING.table(), &measured);
    let measured = run::interleaved(&stages(), effort)?;
    report.push_measured(STAGES.table(), &measured);
    Ok(())
}

/// Every way to time an empty function.
pub(super) fn all() -> Vec<Candidate> {
    let mut all = floors();
    all.extend(ours());
    all.extend(peers());
    all
}

#[timed]
#[inline(never)]
fn timed_function() {}

#[timed(sample = 64)]
#[inline(never)]
fn sampled_function() {}

#[timed]
#[expect(clippy::unused_async, reason = "ready at the first poll")]
async fn timed_async() {}

#[inline(never)]
#[autometrics::autometrics]
fn autometrics_function() {}

#[inline(never)]
#[tracing::instrument]
fn traced_function() {}

#[inline(never)]
#[tracing::instrument]
fn untraced_function() {}

/// The calls of a function under `#[timed]`.
fn calls(function: &str) -> u64 {
    let snapshot = Registry::global().snapshot();
    let labels = [("module", module_path!()), ("function", function)];
    snapshot.counter("function_calls_total", &labels).unwrap_or(0)
}

/// A histogram of ours, and how to read its count.
fn histogram(registry: &Registry, name: &'static str) -> (Histogram, impl Fn() -> u64 + use<>) {
    let description = Description::new(name, "Took.").unit("seconds").buckets(EDGES);
    let histogram = registry.register(&description).expect("the name is new");
    let registry = registry.clone();
    let count =
        move || registry.snapshot().histogram(name, &[]).map_or(0, HistogramSnapshot::count);
    (histogram, count)
}

fn floors() -> Vec<Candidate> {
    let clock = run::clock();
    let turns = |name, read: fn(&quanta::Clock) -> u64| {
        // Nothing counts clock reads: the sum of their results shows that they were done.
        let done = kept(AtomicU64::new(0));
        Candidate::batched(
            name,
            move |n| {
                let mut positive = 0;
                batch(n, |_| positive += u64::from(read(clock) > 0));
                done.fetch_add(positive, Relaxed);
            },
            || done.load(Relaxed),
        )
    };
    let raw = kept(Mutex::new(RawHistogram::new()));
    vec![
        turns("one clock read", quanta::Clock::raw),
        turns("two clock reads", |clock| clock.raw().wrapping_add(clock.raw())),
        Candidate::batched(
            FLOOR,
            move |n| {
                let raw = raw.lock().expect("nothing panics with it");
                let raw = &*raw;
                batch(n, |_| {
                    let start = clock.raw();
                    raw.record(clock.delta_as_nanos(start, clock.raw()));
                });
            },
            || raw.lock().map_or(0, |raw| raw.count()),
        ),
    ]
}

fn ours() -> Vec<Candidate> {
    let registry = Registry::new();
    let (timer, timer_count) = histogram(&registry, "timer_seconds");
    let timer = kept(timer);
    // The first call registers the function.
    timed_function();
    sampled_function();
    poll(timed_async());
    let since = |function: &'static str| {
        let before = calls(function);
        move || calls(function) - before
    };
    vec![
        Candidate::new("start and drop", |_| drop(timer.start()), timer_count),
        Candidate::new(TIMED, |_| timed_function(), since("timed_function")),
        Candidate::new(SAMPLED, |_| sampled_function(), since("sampled_function")),
        Candidate::new(ASYNC, |_| poll(timed_async()), since("timed_async")),
    ]
}

#[inline]
fn poll(future: impl Future<Output = ()>) {
    let ready = pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready();
    black_box(ready);
}

/// Counts the spans that close.
struct Closed(&'static AtomicU64);

impl<S: tracing::Subscriber> Layer<S> for Closed {
    fn on_close(&self, _: tracing::span::Id, _: LayerContext<'_, S>) {
        self.0.fetch_add(1, Relaxed);
    }
}

fn peers() -> Vec<Candidate> {
    let [untraced, traced] = tracing();
    vec![
        prometheus(),
        prometheus_client(),
        metrics(),
        measured(),
        fast_telemetry(),
        fast_telemetry_sampled(),
        Candidate::new("autometrics", |_| autometrics_function(), autometrics_calls),
        untraced,
        traced,
    ]
}

fn prometheus() -> Candidate {
    let options = prometheus::HistogramOpts::new("a", "Took.").buckets(edges().to_vec());
    let histogram = kept(prometheus::Histogram::with_opts(options).expect("valid options"));
    Candidate::new(
        "prometheus, start_timer",
        |_| drop(histogram.start_timer()),
        || histogram.get_sample_count(),
    )
}

fn prometheus_client() -> Candidate {
    let histogram = kept(ClientHistogram::new(edges()));
    Candidate::new(
        "prometheus-client, Instant",
        |_| {
            let start = Instant::now();
            histogram.observe(start.elapsed().as_secs_f64());
        },
        || client_count(histogram),
    )
}

fn metrics() -> Candidate {
    let recorder = kept(Metrics::new());
    let histogram = kept(recorder.histogram("a"));
    Candidate::new(
        "metrics, Instant",
        |_| {
            let start = Instant::now();
            histogram.record(start.elapsed().as_secs_f64());
        },
        || recorder.total("a_count"),
    )
    .between(|| recorder.handle.run_upkeep())
}

fn measured() -> Candidate {
    let histogram = kept(measured::Histogram::<15>::with_metadata(
        measured::metric::histogram::Thresholds::with_buckets(edges()),
    ));
    Candidate::new(
        "measured, start_timer",
        |_| drop(histogram.start_timer()),
        || measured_count(histogram),
    )
}

fn fast_telemetry() -> Candidate {
    let timer = kept(fast_telemetry::SampledTimer::new(&EDGES, shards(), 1));
    Candidate::new(
        "fast-telemetry, SampledTimer of stride 1",
        |_| timer.start().finish(),
        || timer.sample_count(),
    )
}

fn fast_telemetry_sampled() -> Candidate {
    let timer = kept(fast_telemetry::SampledTimer::new(&EDGES, shards(), 64));
    let name = format!("fast-telemetry, SampledTimer of {STRIDE_64}");
    Candidate::new(&name, |_| timer.start().finish(), || timer.calls())
}

/// A function with a span, without a subscriber and with one.
fn tracing() -> [Candidate; 2] {
    let closed = kept(AtomicU64::new(0));
    let subscriber = tracing::Dispatch::new(tracing_subscriber::registry().with(Closed(closed)));
    let untraced = kept(AtomicU64::new(0));
    // `tracing` keeps for each function whether anyone listens, as it was at the first call.
    untraced_function();
    tracing::dispatcher::with_default(&subscriber, traced_function);
    closed.store(0, Relaxed);
    [
        Candidate::batched(
            &format!("tracing, {NO_SUBSCRIBER}"),
            |n| {
                batch(n, |_| untraced_function());
                untraced.fetch_add(n as u64, Relaxed);
            },
            || untraced.load(Relaxed),
        ),
        Candidate::batched(
            "tracing, a subscriber",
            move |n| {
                tracing::dispatcher::with_default(&subscriber, || batch(n, |_| traced_function()));
            },
            || closed.load(Relaxed),
        ),
    ]
}

/// The content of `prometheus`'s default registry for the function.
fn autometrics_calls() -> u64 {
    let families = prometheus::gather();
    let calls = families.iter().filter(|family| family.name() == "function_calls_total");
    let series = calls.flat_map(prometheus::proto::MetricFamily::get_metric);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole")]
    series.map(|one| one.get_counter().value() as u64).sum()
}

fn stages() -> Vec<Candidate> {
    let registry = Registry::new();
    let names = ["stage_1_seconds", "stage_2_seconds", "stage_3_seconds", "stage_4_seconds"];
    let all = names.map(|name| histogram(&registry, name));
    let stages: &'static [Histogram; 4] = kept(all.each_ref().map(|(histogram, _)| *histogram));
    let of_timers = ["timer_1_seconds", "timer_2_seconds", "timer_3_seconds", "timer_4_seconds"]
        .map(|name| histogram(&registry, name));
    let timers: &'static [Histogram; 4] =
        kept(of_timers.each_ref().map(|(histogram, _)| *histogram));
    vec![
        Candidate::new(
            LAPS,
            move |_| drop(stages[0].start().lap(&stages[1]).lap(&stages[2]).lap(&stages[3])),
            move || all.iter().map(|(_, count)| count()).sum::<u64>() / 4,
        ),
        Candidate::new(
            FOUR_TIMERS,
            move |_| {
                for timer in timers {
                    drop(timer.start());
                }
            },
            move || of_timers.iter().map(|(_, count)| count()).sum::<u64>() / 4,
        ),
    ]
}
