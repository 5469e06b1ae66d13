//! The cost of spans and events, with the layer and without it. The program of each line is the same;
//! the subscriber differs.

use criterion::{
    BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use std::hint::black_box;
use std::io;
use tickmetrics::exemplar;
use tickmetrics_tracing::JsonLogs;
use tracing::{Dispatch, debug_span, dispatcher, info, info_span};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

/// A layer that takes all, and does nothing with it.
struct Nothing;

impl<S: tracing_core::Subscriber> tracing_subscriber::Layer<S> for Nothing {}

/// A sink that is one system call less than a file.
fn sink() -> io::Sink {
    io::sink()
}

fn metrics() -> tickmetrics_tracing::Builder {
    tickmetrics_tracing::layer().fields(["venue"])
}

fn bench(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    subscriber: impl Into<Dispatch>,
    program: impl Fn(u64),
) {
    dispatcher::with_default(&subscriber.into(), || {
        let mut n = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                n += 1;
                program(black_box(n));
            });
        });
    });
}

fn spans(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("span");
    let program = |n| info_span!("submit", n).in_scope(|| black_box(()));
    bench(&mut group, "no subscriber", dispatcher::Dispatch::none(), program);
    bench(&mut group, "registry", registry().with(Nothing), program);
    bench(&mut group, "metrics", registry().with(metrics().build().unwrap()), program);
    let with_exemplars = metrics().exemplars(exemplar::current).build().unwrap();
    bench(&mut group, "metrics and exemplars", registry().with(with_exemplars), |n| {
        let _scope = exemplar::Scope::enter(n.into(), n);
        program(n);
    });
    bench(&mut group, "metrics by a field", registry().with(metrics().build().unwrap()), |n| {
        info_span!("submit", n, venue = "xnas").in_scope(|| black_box(()));
    });
    let program = |n| debug_span!("unasked", n).in_scope(|| black_box(()));
    bench(&mut group, "not asked for", registry().with(metrics().build().unwrap()), program);
    group.finish();
}

fn events(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("event");
    let program = |n| info!(n, "filled");
    bench(&mut group, "no subscriber", dispatcher::Dispatch::none(), program);
    bench(&mut group, "registry", registry().with(Nothing), program);
    bench(&mut group, "metrics", registry().with(metrics().build().unwrap()), program);
    bench(&mut group, "JSON", registry().with(JsonLogs::new().with_writer(sink)), program);
    let fmt = tracing_subscriber::fmt::layer().json().with_writer(sink);
    bench(&mut group, "JSON of tracing-subscriber", registry().with(fmt), program);
    let program = |n| tracing::debug!(n, "unasked");
    bench(&mut group, "not asked for", registry().with(metrics().build().unwrap()), program);
    group.finish();
}

criterion_group!(benches, spans, events);
criterion_main!(benches);
