//! The cost of a record: kept handles on a warm thread.
//!
//! `cargo bench -p benches`; with `--features peers`, `peers.rs` measures other libraries, too.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
#[label(capacity = 1024)]
struct Symbol(LabelId);

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Metrics)]
#[metrics(prefix = "bench")]
struct BenchMetrics {
    /// Events.
    events: Counter,
    /// Events by side.
    by_side: Counter<Side>,
    /// Events by symbol and side.
    by_symbol: Counter<(Symbol, Side)>,
    /// Orders in flight.
    in_flight: UpDownCounter,
    /// A price.
    price: Gauge,
    /// A duration.
    #[metric(unit = "seconds")]
    latency: Histogram,
}

#[timed]
#[inline(never)]
fn timed_function() {}

#[timed(sample = 64)]
#[inline(never)]
fn sampled_function() {}

#[inline(never)]
fn plain_function() {}

fn counters(c: &mut Criterion) {
    let m = black_box(BenchMetrics::global());
    tickmetrics::warm_up();
    let mut group = c.benchmark_group("counter");
    let shared = AtomicU64::new(0);
    group.bench_function("shared fetch_add, for comparison", |b| {
        b.iter(|| black_box(&shared).fetch_add(1, Ordering::Relaxed));
    });
    group.bench_function("inc", |b| b.iter(|| m.events.inc()));
    group.bench_function("with(enum).inc", |b| {
        b.iter(|| m.by_side.with(black_box(Side::Sell)).inc());
    });
    let symbol = Symbol::intern("AAPL");
    group.bench_function("with(interned, enum).inc", |b| {
        b.iter(|| m.by_symbol.with(black_box((symbol, Side::Buy))).inc());
    });
    group.bench_function("intern a known value", |b| b.iter(|| Symbol::intern(black_box("AAPL"))));
    group.bench_function("up_down add and sub", |b| {
        b.iter(|| {
            m.in_flight.add(1);
            m.in_flight.sub(1);
        });
    });
    group.bench_function("gauge set", |b| b.iter(|| m.price.set(black_box(61_800.2))));
}

fn histograms(c: &mut Criterion) {
    let m = black_box(BenchMetrics::global());
    tickmetrics::warm_up();
    let mut group = c.benchmark_group("histogram");
    let mut hdr = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 2)
        .expect("these bounds are valid");
    // Durations of 100 ns to 100 µs, in an order that no predictor learns.
    let mut value = 1_u64;
    let mut next = move || {
        value = value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        100 + (value >> 47)
    };
    group.bench_function("hdrhistogram record, for comparison", |b| {
        b.iter(|| hdr.saturating_record(next()));
    });
    group.bench_function("record", |b| b.iter(|| m.latency.record(next())));
}

fn timings(c: &mut Criterion) {
    let m = black_box(BenchMetrics::global());
    tickmetrics::warm_up();
    let mut group = c.benchmark_group("timing");
    group.bench_function("no timing, for comparison", |b| b.iter(plain_function));
    group.bench_function("start and drop", |b| b.iter(|| drop(m.latency.start())));
    group.bench_function("start and three laps", |b| {
        b.iter(|| drop(m.latency.start().lap(&m.latency).lap(&m.latency).lap(&m.latency)));
    });
    group.bench_function("#[timed]", |b| b.iter(timed_function));
    group.bench_function("#[timed(sample = 64)]", |b| b.iter(sampled_function));
}

criterion_group!(benches, counters, histograms, timings);
criterion_main!(benches);
