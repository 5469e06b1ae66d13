//! Timing a function that does nothing: the remaining time is the instrumentation's.

use super::{EDGES, edges};
use crate::candidate::{Candidate, batch, kept};
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

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let measured = run::interleaved(&all(), effort)?;
    let note = "Most of a timing is the clock: one read of the time stamp counter, or of the \
                system's clock through the vDSO. `prometheus`, `measured`, `autometrics` and those \
                marked `Instant` read the latter, as their users do. The subscriber of `tracing` \
                counts closed spans and does nothing else.";
    report.push_measured("timing", "Timing an empty function", note, &measured);

    let measured = run::interleaved(&stages(), effort)?;
    let note = "Nanoseconds for all four stages.";
    report.push_measured("stages", "Timing four stages in a row", note, &measured);
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
            "floor: two clock reads, scaling, raw record",
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
        Candidate::new("#[timed]", |_| timed_function(), since("timed_function")),
        Candidate::new("#[timed(sample = 64)]", |_| sampled_function(), since("sampled_function")),
        Candidate::new(
            "#[timed] async, ready at first poll",
            |_| poll(timed_async()),
            since("timed_async"),
        ),
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
    let options = prometheus::HistogramOpts::new("a", "Took.").buckets(edges().to_vec());
    let of_prometheus = kept(prometheus::Histogram::with_opts(options).expect("valid options"));
    let of_client = kept(super::peers::ClientHistogram::new(edges()));
    let of_measured = kept(measured::Histogram::<15>::with_metadata(
        measured::metric::histogram::Thresholds::with_buckets(edges()),
    ));
    let of_fast = kept(fast_telemetry::SampledTimer::new(&EDGES, super::peers::shards(), 1));
    let of_fast_64 = kept(fast_telemetry::SampledTimer::new(&EDGES, super::peers::shards(), 64));
    let recorder = kept(super::Metrics::new());
    let of_metrics = kept(recorder.histogram("a"));
    let closed = kept(AtomicU64::new(0));
    let subscriber = tracing::Dispatch::new(tracing_subscriber::registry().with(Closed(closed)));
    let untraced = kept(AtomicU64::new(0));
    // `tracing` keeps for each function whether anyone listens, as it was at the first call.
    untraced_function();
    tracing::dispatcher::with_default(&subscriber, traced_function);
    closed.store(0, Relaxed);
    vec![
        Candidate::new(
            "prometheus, start_timer",
            |_| drop(of_prometheus.start_timer()),
            || of_prometheus.get_sample_count(),
        ),
        Candidate::new(
            "prometheus-client, Instant",
            |_| {
                let start = Instant::now();
                of_client.observe(start.elapsed().as_secs_f64());
            },
            || super::peers::client_count(of_client),
        ),
        Candidate::new(
            "metrics, Instant",
            |_| {
                let start = Instant::now();
                of_metrics.record(start.elapsed().as_secs_f64());
            },
            || recorder.total("a_count"),
        )
        .between(|| recorder.handle.run_upkeep()),
        Candidate::new(
            "measured, start_timer",
            |_| drop(of_measured.start_timer()),
            || super::peers::measured_count(of_measured),
        ),
        Candidate::new(
            "fast-telemetry, SampledTimer of stride 1",
            |_| of_fast.start().finish(),
            || of_fast.sample_count(),
        ),
        Candidate::new(
            "fast-telemetry, SampledTimer of stride 64",
            |_| of_fast_64.start().finish(),
            || of_fast_64.calls(),
        ),
        Candidate::new("autometrics", |_| autometrics_function(), autometrics_calls),
        Candidate::batched(
            "tracing, no subscriber",
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
            "start, lap, lap, lap, drop",
            move |_| drop(stages[0].start().lap(&stages[1]).lap(&stages[2]).lap(&stages[3])),
            move || all.iter().map(|(_, count)| count()).sum::<u64>() / 4,
        ),
        Candidate::new(
            "four timers",
            move |_| {
                for timer in timers {
                    drop(timer.start());
                }
            },
            move || of_timers.iter().map(|(_, count)| count()).sum::<u64>() / 4,
        ),
    ]
}
