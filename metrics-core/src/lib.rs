//! Metrics for code whose durations are nanoseconds.
//!
//! A record is one plain add to memory that only the recording thread writes: no lock, no locked
//! instruction, no allocation and no system call. Data passes from record to shard to snapshot. The
//! `tickmetrics-exporter` crate encodes and serves snapshots.
//!
//! ```
//! use tickmetrics::prelude::*;
//!
//! #[derive(Clone, Copy, Label)]
//! enum Side { Buy, Sell }
//!
//! #[derive(Metrics)]
//! #[metrics(prefix = "execution")]
//! struct ExecutionMetrics {
//!     /// Orders submitted to the venue.
//!     orders_submitted: Counter<Side>,
//!     /// Time from submission to fill.
//!     #[metric(unit = "seconds", max = "10s")]
//!     fill_latency: Histogram,
//! }
//!
//! let registry = Registry::new();
//! let metrics = ExecutionMetrics::register(&registry)?;
//! metrics.orders_submitted.with(Side::Buy).inc();
//! metrics.fill_latency.record(1_500); // nanoseconds
//!
//! let snapshot = registry.snapshot();
//! assert_eq!(snapshot.counter("execution_orders_submitted_total", &[("side", "buy")]), Some(1));
//! let latency = snapshot.histogram("execution_fill_latency_seconds", &[]).unwrap();
//! assert_eq!(latency.max(), Some(1.5e-6));
//! # Ok::<(), tickmetrics::RegisterError>(())
//! ```
//!
//! # By task
//!
//! **Count by symbol.** Label values that are unknown at compile time are interned, up to a
//! capacity. Values beyond it are counted as `other`. A delisted symbol is
//! [retired](Interner#retired-values): its series are hidden until it is interned again.
//!
//! ```
//! use tickmetrics::prelude::*;
//!
//! #[derive(Clone, Copy, Label)]
//! #[label(capacity = 4096)]
//! struct Symbol(LabelId);
//!
//! let ticks: Counter<Symbol> =
//!     Registry::global().register(&Description::new("ticks_total", "Ticks, by symbol."))?;
//! let btc = ticks.with(Symbol::intern("BTCUSDT")); // once, at the first sight of the symbol
//! btc.inc();
//! # Ok::<(), tickmetrics::RegisterError>(())
//! ```
//!
//! **Time a function**, sync or `async`. The time of an `async` function runs from its first poll
//! to its end. [`timed`] documents samples, outcomes, names, and histograms of your own.
//!
//! ```
//! use tickmetrics::prelude::*;
//!
//! #[timed(outcome)] // function_calls_total, function_duration_seconds {module, function, outcome}
//! async fn submit(quantity: u64) -> Result<u64, String> {
//!     quantity.checked_mul(2).ok_or_else(|| "too many".into())
//! }
//! ```
//!
//! **Show what something else counts or holds**: a queue's depth, a driver's total. A function is asked
//! at each snapshot, for one value or by label, until its guard is dropped: [`Registry::gauge_fn_with`],
//! [`Registry::counter_fn_with`].
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use tickmetrics::prelude::*;
//!
//! # let registry = Registry::new();
//! let queue = Arc::new(Mutex::new(vec!['a', 'b']));
//! let depth = Description::new("queue_depth", "Orders that wait.").constant("queue", "new");
//! let guard = registry.gauge_fn_with(&depth, move || queue.lock().unwrap().len())?;
//! assert_eq!(registry.snapshot().gauge("queue_depth", &[("queue", "new")]), Some(2.0));
//! drop(guard); // or `guard.forget()`, to keep the function
//! # Ok::<(), tickmetrics::RegisterError>(())
//! ```
//!
//! **Test your metrics.** A registry of the test's own sees no other test's counts, and a
//! mock clock sets the time (`with_mock_clock`, with the feature `test-util`).
//!
//! ```
//! use tickmetrics::prelude::*;
//!
//! #[derive(Metrics)]
//! struct OrderMetrics {
//!     /// Orders.
//!     orders: Counter,
//!     /// Time to fill.
//!     #[metric(unit = "seconds")]
//!     fill: Histogram,
//! }
//!
//! let registry = Registry::new();
//! let metrics = OrderMetrics::register(&registry)?;
//! metrics.orders.inc();
//! # #[cfg(feature = "test-util")]
//! tickmetrics::with_mock_clock(|clock| {
//!     let timer = metrics.fill.start();
//!     clock.advance(std::time::Duration::from_micros(3));
//!     drop(timer);
//! });
//! assert_eq!(metrics.orders.get(), 1);
//! let snapshot = registry.snapshot();
//! # #[cfg(feature = "test-util")]
//! assert_eq!(snapshot.get(&metrics.fill).unwrap().max(), Some(3e-6));
//! # Ok::<(), tickmetrics::RegisterError>(())
//! ```
//!
//! **Expose metrics, push them, or add them to your own server**: the crate `tickmetrics-exporter`.
//!
//! **Read metrics after a crash.** A [segment](Segment::builder) in a file outlives its process.
//! The program `tickmetrics` or a [`SegmentReader`] reads it. This needs no change to the program:
//! run `TICKMETRICS_SEGMENT=/dev/shm/gateway.metrics ./gateway`, and `tickmetrics dump` with that
//! path.
//!
//! # Features
//!
//! `loadable`: for code in a shared library, that is a `cdylib` (a plugin, a Python module), a
//! `dylib`, or a static library that is linked into a shared object. Without the feature, linking a
//! shared library fails on x86-64, and the linker's error names the feature. A program that is
//! built with it works as well; each record then costs one or two instructions more.
//!
//! `off`: turns all recording into nothing, on any platform, so that a library can use this crate without
//! a cost to programs that want no metrics. The program turns it on. Names and labels are still checked,
//! and strings interned. A record, a timer and `#[timed]` are no instruction, and `Metrics::global()`
//! remains the look at whether its struct is there. A timer answers [`Duration::ZERO`](std::time::Duration),
//! functions are not asked, snapshots of registries are empty, and [`Segment::builder`] and
//! [`SegmentReader`] answer an error that names the feature. The exporter needs Linux. With this feature
//! it serves the process's own metrics.
//!
//! `test-util`: a clock for tests that moves only when the test moves it (`with_mock_clock`). Turn it on in
//! `[dev-dependencies]`.
//!
//! # Coming from `prometheus` or `metrics`
//!
//! | there | here |
//! |---|---|
//! | `IntCounter`, `Counter`, `counter!` | [`Counter`]; with a unit of time `add_duration` counts nanoseconds |
//! | `inc_by(n)`, `increment(n)` | [`add(n)`](Counter::add) |
//! | a counter with `dec`, a gauge with `inc` and `dec` | [`UpDownCounter`] |
//! | `IntGauge`, `Gauge`, `gauge!` | [`Gauge`], which is [`set`](Gauge::set) |
//! | `observe(value)`, `record(value)` in seconds | [`record(nanoseconds)`](Histogram::record), `record_f64(seconds)`, `record_duration` |
//! | `start_timer()` | [`start()`](Histogram::start) |
//! | `observe_closure_duration(f)` | [`time(f)`](Histogram::time) |
//! | `timer.stop_and_discard()` | [`timer.discard()`](Timer::discard) |
//! | `CounterVec`, `with_label_values(&["buy"])`, `counter!(…, "side" => "buy")` | `Counter<Side>`, [`with(Side::Buy)`](Counter::with), where `Side` is a [`Label`] |
//! | `remove_label_values` | `retire` of an interned label |
//! | `HistogramOpts::buckets`, `linear_buckets` | [`Description::buckets`], `#[metric(buckets = […])]` |
//! | `const_label`, `Opts::const_labels` | [`Description::constant`], `#[metric(labels(…))]` |
//! | `register_int_counter!`, `lazy_static!`, `describe_counter!` | `#[derive(Metrics)]` and [`Metrics::global`], or [`Registry::register`] |
//! | a collector, `PullingGauge` | [`Registry::gauge_fn_with`], [`Registry::counter_fn_with`] |
//! | `gather()`, `PrometheusHandle::render` | [`Registry::snapshot`], and the crate `tickmetrics-exporter` |
//!
//! # For contributors
//!
//! | module | what it is |
//! |---|---|
//! | `sync`, `memory`, `layout` | atomics, the mapping, and the position of everything in it |
//! | `bucket`, `scale`, `clock` | histogram cells, units, clock ticks |
//! | `names` | valid names, and the escaping of names for older readers |
//! | `printable`, `report` | foreign text, made safe for a terminal or a log; one line on standard error, from any thread |
//! | `cell` | cell numbers, which records use unchecked |
//! | `segment`, `directory` | the process's one segment: each shard's owner, each cell's meaning |
//! | `slot`, `shard` | the hot path: a thread's own cells, and the pointer to them |
//! | `exemplar` | a value with its trace, written by one thread and read by others; the thread's trace |
//! | `labels` | bounded labels, and the series that they name |
//! | `handles` | counters, gauges, histograms and timers, as held by recording code |
//! | `snapshot` | all shards summed into owned values |
//! | `reader` | another process's segment, read from its file |
//! | `resume` | counts of an earlier run of the program, taken over |
//! | `install` | the making of the process's segment, in memory or in a file |
//! | `registry` | names, checks, registration |
//! | `timed`, `warm_up` | functions that are timed; threads that are made ready to record |
//! | `model` | models of the concurrent parts, for a model checker |

#![cfg_attr(docsrs, feature(doc_cfg), doc(auto_cfg(hide(tickmetrics_loom))))]
#![cfg_attr(
    tickmetrics_loom,
    allow(
        dead_code,
        unused_imports,
        reason = "models need a part of what reads files and resumes"
    )
)]
#![cfg_attr(
    feature = "off",
    allow(dead_code, unused_imports, reason = "what counts is compiled and never used")
)]

#[cfg(not(any(target_os = "linux", feature = "off")))]
compile_error!(
    "tickmetrics needs Linux: a mapping that is reserved without being committed. Elsewhere its \
     feature `off` turns recording into nothing: tickmetrics = { version = \"...\", features = [\"off\"] }"
);

/// Whether the feature `off` is on. Then `off/` takes the place of the system.
const IS_OFF: bool = cfg!(feature = "off");

mod bucket;
mod cell;
#[cfg_attr(feature = "off", path = "off/clock.rs")]
mod clock;
mod directory;
pub mod exemplar;
mod handles;
mod install;
mod labels;
mod layout;
mod memory;
#[cfg(all(test, tickmetrics_loom))]
mod model;
mod names;
mod printable;
#[cfg(not(tickmetrics_loom))]
#[cfg_attr(feature = "off", path = "off/reader.rs")]
mod reader;
mod registry;
#[cfg_attr(feature = "off", path = "off/report.rs")]
mod report;
#[cfg(not(any(tickmetrics_loom, feature = "off")))]
mod resume;
mod scale;
mod segment;
mod shard;
mod slot;
mod snapshot;
mod sync;
mod timed;
mod warm_up;

#[cfg(feature = "test-util")]
pub use clock::{MockClock, with_mock_clock};
pub use directory::{Exposure, Kind};
pub use handles::{Counter, Gauge, Histogram, Number, Recordable, Timer, UpDownCounter};
pub use install::SegmentBuilder;
pub use labels::{Dimension, Interner, Label, LabelId, LabelSetError, Labels, Values};
pub use names::Escaping;
#[cfg(fuzzing)]
pub use reader::read_words;
#[cfg(not(tickmetrics_loom))]
pub use reader::{Process, ReadError, SegmentReader};
pub use registry::declared;
pub use registry::{
    CounterValues, Description, Dynamic, DynamicMetric, FunctionGuard, GaugeValues, Metric,
    Metrics, RegisterError, Registry,
};
pub use segment::{Segment, SegmentError, SegmentStats};
pub use snapshot::{
    Added, Bucket, ClassicHistogram, ConflictReason, Exemplar, ExternalLabels, Family, Handle,
    HistogramSnapshot, MergeConflict, MetricLabels, NativeBucket, NativeBuckets, Series, Snapshot,
    Summary, Value, VariableLabel,
};
pub use tickmetrics_macros::{Label, Labels, Metrics, timed};
pub use timed::Outcome;
pub use warm_up::warm_up;

/// The names that a recording program needs: `use tickmetrics::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Counter, Description, Gauge, Histogram, HistogramSnapshot, Label, LabelId, Labels, Metrics,
        RegisterError, Registry, Snapshot, Timer, UpDownCounter, timed,
    };
}

/// The text functions that `tickmetrics-exporter` needs. Not part of the interface.
#[doc(hidden)]
pub mod __text {
    pub use crate::printable::{Printable, PrintablePath, is_text};
    pub use crate::report::report;
}

/// The names that the macros use. Not part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::registry::{
        Scope, Visitor, build_global, build_registered, describe, kebab_case,
    };
    pub use crate::timed::{
        Call, Counted, Ended, Function, NoResult, OutcomeCall, Timed, call, due, path_of,
    };
    pub use std;
}
