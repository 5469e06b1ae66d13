//! Recording a duration into a histogram whose handle is kept.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "each row shows the operation that is timed"
)]

use super::inputs::{EDGES, INPUTS, durations, edges, seconds};
use super::names::OURS;
use super::peers::{ClientHistogram, Metrics, Otel, client_count, measured_count, shards};
use crate::candidate::{Candidate, batch, kept};
use crate::goal::Goal;
use crate::layout::{Column, Layout, MEASURED};
use crate::raw::RawHistogram;
use crate::run::{self, Effort};
use crate::table::Report;
use crate::threads;
use std::cell::OnceCell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use tickmetrics::prelude::*;

const HISTOGRAM: Layout = Layout {
    id: "histogram",
    title: "Histogram, kept handle, one thread",
    note: "Log-normal values around 1.5 µs. tickmetrics, `hdrhistogram` and `metriken` keep the value \
           to two digits; the others count in 15 buckets. `metriken` keeps no sum, `hdrhistogram` and \
           the raw one nothing that another thread could read; `metrics` puts values into a queue that \
           its exporter sorts into buckets later, which is not in the figure.",
    columns: MEASURED,
};

pub(crate) const RECORD: Column = HISTOGRAM.column(0);

const THREADS: Layout = Layout {
    id: "histogram threads",
    title: "One histogram from two threads",
    note: "Wall time of each thread for each of its records.",
    columns: &["alone: median ns", "two threads: median", "two threads: minimum"],
};

const ALONE: Column = THREADS.column(0);
pub(crate) const TWO_THREADS: Column = THREADS.column(1);

pub(crate) const RAW: &str = "raw owned log-linear";
pub(crate) const RAW_EACH: &str = "raw owned log-linear, one a thread";
const HDR: &str = "hdrhistogram, plain";

pub(super) const GOALS: &[Goal] = &[
    Goal::ratio(
        "`Histogram::record`",
        1.35,
        "× a raw owned log-linear histogram",
        (RECORD.of(OURS), RECORD.of(RAW)),
    ),
    Goal::ratio(
        "`Histogram::record`",
        0.7,
        "× `hdrhistogram`, plain",
        (RECORD.of(OURS), RECORD.of(HDR)),
    ),
    Goal::ratio(
        "`record` into one histogram from two threads",
        1.2,
        "× from one",
        (TWO_THREADS.of(OURS), ALONE.of(OURS)),
    ),
];

pub(crate) fn measure(effort: Effort, report: &mut Report) -> Result<(), String> {
    let measured = run::interleaved(&all(), effort)?;
    report.push_measured(HISTOGRAM.table(), &measured);

    let mut candidates = vec![raw_threads()];
    candidates.extend(any_thread());
    let pairs = threads::interleaved(&candidates, effort.divided_by(2))?;
    let mut table = THREADS.table();
    for pair in &pairs {
        table.row(&pair.alone.name, [pair.alone.median, pair.beside.median, pair.beside.minimum]);
        report.batches([&pair.alone, &pair.beside]);
    }
    report.push(table);
    Ok(())
}

/// Every histogram, for one thread.
pub(super) fn all() -> Vec<Candidate> {
    let mut all = one_thread();
    all.extend(any_thread());
    all
}

/// A histogram that only one thread may use at a time, which locks it for a whole batch.
fn owned<H: Send + 'static>(
    name: &str,
    histogram: H,
    record: impl Fn(&mut H, u64) + Send + Sync + 'static,
    count: impl Fn(&mut H) -> u64 + Send + Sync + 'static,
) -> Candidate {
    let (histogram, values) = (kept(Mutex::new(histogram)), durations());
    let locked = || histogram.lock().expect("nothing panics with it");
    Candidate::batched(
        name,
        move |n| {
            let mut histogram = locked();
            let histogram = &mut *histogram;
            batch(n, |turn| record(histogram, values[turn % INPUTS]));
        },
        move || count(&mut locked()),
    )
}

fn hdr() -> hdrhistogram::Histogram<u64> {
    hdrhistogram::Histogram::new_with_bounds(1, 3_600_000_000_000, 2).expect("valid bounds")
}

/// A sync recorder and the histogram that it records to.
struct Recorder {
    shared: hdrhistogram::SyncHistogram<u64>,
    recorder: Option<hdrhistogram::sync::Recorder<u64>>,
}

fn one_thread() -> Vec<Candidate> {
    let shared = hdr().into_sync();
    let recorder = Recorder { recorder: Some(shared.recorder()), shared };
    vec![
        owned(RAW, RawHistogram::new(), |raw, value| raw.record(value), |raw| raw.count()),
        owned(HDR, hdr(), |hdr, value| hdr.saturating_record(value), |hdr| hdr.len()),
        owned(
            "hdrhistogram, sync recorder",
            recorder,
            |it, value| {
                if let Some(recorder) = &mut it.recorder {
                    recorder.saturating_record(value);
                }
            },
            |it| {
                // A recorder that does not record would make `refresh` wait.
                it.recorder = None;
                it.shared.refresh();
                it.shared.len()
            },
        ),
    ]
}

/// A histogram that any thread may use.
fn shared<H: Sync + Send + 'static>(
    name: &str,
    histogram: H,
    record: impl Fn(&H, u64) + Send + Sync + 'static,
    count: impl Fn(&H) -> u64 + Send + Sync + 'static,
) -> Candidate {
    let (histogram, values) = (kept(histogram), durations());
    Candidate::new(
        name,
        move |turn| record(histogram, values[turn % INPUTS]),
        move || count(histogram),
    )
}

/// The same, where the library wants seconds.
fn shared_f64<H: Sync + Send + 'static>(
    name: &str,
    histogram: H,
    record: impl Fn(&H, f64) + Send + Sync + 'static,
    count: impl Fn(&H) -> u64 + Send + Sync + 'static,
) -> Candidate {
    let (histogram, values) = (kept(histogram), seconds());
    Candidate::new(
        name,
        move |turn| record(histogram, values[turn % INPUTS]),
        move || count(histogram),
    )
}

/// The raw histogram, one for each thread.
fn raw_threads() -> Candidate {
    thread_local! {
        static OWN: OnceCell<RawHistogram> = const { OnceCell::new() };
    }
    let (total, values) = (kept(AtomicU64::new(0)), durations());
    Candidate::batched(
        RAW_EACH,
        move |n| {
            OWN.with(|own| {
                let raw = own.get_or_init(RawHistogram::new);
                batch(n, |turn| raw.record(values[turn % INPUTS]));
            });
            total.fetch_add(n as u64, Relaxed);
        },
        || total.load(Relaxed),
    )
}

fn any_thread() -> Vec<Candidate> {
    vec![
        ours(),
        hdr_locked(),
        metriken(),
        metriken_sharded(),
        prometheus(),
        prometheus_client(),
        metrics(),
        opentelemetry(),
        opentelemetry_bound(),
        fastmetrics(),
        measured(),
        fast_telemetry(),
        fast_telemetry_distribution(),
    ]
}

fn ours() -> Candidate {
    let registry = Registry::new();
    let description = Description::new("wait_seconds", "Waited.").unit("seconds").buckets(EDGES);
    let ours: Histogram = registry.register(&description).expect("the name is new");
    shared(
        OURS,
        ours,
        |ours, value| ours.record(value),
        move |_| {
            registry.snapshot().histogram("wait_seconds", &[]).map_or(0, HistogramSnapshot::count)
        },
    )
}

fn hdr_locked() -> Candidate {
    shared(
        "hdrhistogram, in a mutex",
        Mutex::new(hdr()),
        |hdr, value| {
            if let Ok(mut hdr) = hdr.lock() {
                hdr.saturating_record(value);
            }
        },
        |hdr| hdr.lock().map_or(0, |hdr| hdr.len()),
    )
}

fn metriken() -> Candidate {
    shared(
        "metriken",
        metriken::AtomicCounterHistogram::new(7, 64),
        |histogram, value| {
            let _ = histogram.increment(value);
        },
        |histogram| histogram.load().map_or(0, |loaded| loaded.as_slice().iter().sum()),
    )
}

fn metriken_sharded() -> Candidate {
    shared(
        "metriken, sharded",
        metriken::ShardedCounterHistogram::new(7, 64),
        |histogram, value| {
            let _ = histogram.increment(value);
        },
        |histogram| histogram.load().map_or(0, |loaded| loaded.as_slice().iter().sum()),
    )
}

fn prometheus() -> Candidate {
    let options = prometheus::HistogramOpts::new("a", "Waited.").buckets(edges().to_vec());
    shared_f64(
        "prometheus",
        prometheus::Histogram::with_opts(options).expect("valid options"),
        |histogram, value| histogram.observe(value),
        |histogram| histogram.get_sample_count(),
    )
}

fn prometheus_client() -> Candidate {
    shared_f64(
        "prometheus-client",
        ClientHistogram::new(edges()),
        |histogram, value| histogram.observe(value),
        client_count,
    )
}

fn metrics() -> Candidate {
    let recorder = kept(Metrics::new());
    shared_f64(
        "metrics, kept handle",
        recorder.histogram("a"),
        |it, value| it.record(value),
        |_| recorder.total("a_count"),
    )
    .between(|| recorder.handle.run_upkeep())
}

/// A histogram of OpenTelemetry, with our buckets.
fn of_meter(otel: &Otel) -> opentelemetry::metrics::Histogram<f64> {
    otel.meter.f64_histogram("a").with_boundaries(edges().to_vec()).build()
}

fn opentelemetry() -> Candidate {
    let otel = Otel::new();
    shared_f64(
        "opentelemetry_sdk",
        of_meter(&otel),
        |histogram, value| histogram.record(value, &[]),
        move |_| otel.total("a"),
    )
}

fn opentelemetry_bound() -> Candidate {
    let otel = Otel::new();
    shared_f64(
        "opentelemetry_sdk, bound",
        of_meter(&otel).bind(&[]),
        |histogram, value| histogram.record(value),
        move |_| otel.total("a"),
    )
}

fn fastmetrics() -> Candidate {
    shared_f64(
        "fastmetrics",
        fastmetrics::metrics::histogram::Histogram::new(edges()),
        |histogram, value| histogram.observe(value),
        |histogram| histogram.with_snapshot(|snapshot| snapshot.count()),
    )
}

fn measured() -> Candidate {
    shared_f64(
        "measured",
        measured::Histogram::<15>::with_metadata(
            measured::metric::histogram::Thresholds::with_buckets(edges()),
        ),
        |histogram, value| histogram.observe(value),
        measured_count,
    )
}

fn fast_telemetry() -> Candidate {
    shared(
        "fast-telemetry",
        fast_telemetry::Histogram::new(&EDGES, shards()),
        |histogram, value| histogram.record(value),
        |histogram| histogram.count(),
    )
}

fn fast_telemetry_distribution() -> Candidate {
    shared(
        "fast-telemetry, distribution",
        fast_telemetry::Distribution::new(shards()),
        |histogram, value| histogram.record(value),
        |histogram| histogram.count(),
    )
}
