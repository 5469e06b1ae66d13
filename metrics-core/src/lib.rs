//! Metrics for code that counts its time in nanoseconds.
//!
//! A record is one plain add to memory that only the recording thread writes: no lock, no locked
//! instruction, no allocation and no system call. The way of the data is
//! record → shard → snapshot; the `tickmetrics-exporter` crate goes on with encode → serve.
//!
//! | module | what it is |
//! |---|---|
//! | `sync`, `memory`, `layout` | atomics, the mapping, and where everything lies in it |
//! | `cell` | numbers of cells, which records believe |
//! | `bucket`, `scale`, `clock` | histogram cells, units, clock ticks |
//! | `names` | what may be a name, and what it becomes where that can't be read |
//! | `segment`, `directory` | the process's one segment: who owns which shard, what each cell means |
//! | `slot`, `shard` | the hot path: a thread's own cells, and the pointer to them |
//! | `exemplar` | a value with its trace, written by one thread and read by others |
//! | `handles` | what recording code holds: counters, gauges, histograms, timers |
//! | `labels` | bounded labels, and the arithmetic of `with` |
//! | `registry` | names, checks, registration |
//! | `snapshot` | all shards summed into owned values |
//! | `printable` | text for people, whoever wrote it |
//! | `report` | a line on standard error, from whichever thread |
//! | `reader` | another process's segment, read from its file |
//! | `resume` | what an earlier run of the program counted, taken over |
//! | `install` | the making of the process's segment, in memory or in a file |
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
//! **Count by symbol.** The values of a label that are not known when the program is written are interned,
//! up to a capacity. Those beyond it are counted as `other`.
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
//! let btc = ticks.with(Symbol::intern("BTCUSDT")); // once, where the symbol is first met
//! btc.inc();
//! # Ok::<(), tickmetrics::RegisterError>(())
//! ```
//!
//! **Time a function**, also an `async` one, whose time is that from its first poll to its end. See
//! [`timed`] for samples, outcomes, names, and a histogram of your own.
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
//! [mock clock](with_mock_clock) tells the time.
//!
//! ```
//! use tickmetrics::prelude::*;
//! use tickmetrics::with_mock_clock;
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
//! with_mock_clock(|clock| {
//!     let timer = metrics.fill.start();
//!     clock.advance(std::time::Duration::from_micros(3));
//!     drop(timer);
//! });
//! assert_eq!(metrics.orders.get(), 1);
//! let snapshot = registry.snapshot();
//! assert_eq!(snapshot.get(&metrics.fill).unwrap().max(), Some(3e-6));
//! # Ok::<(), tickmetrics::RegisterError>(())
//! ```
//!
//! **Expose, push, or put them into a server of your own**: the crate `tickmetrics-exporter`.
//!
//! **Read them after a crash.** A [segment](Segment::builder) in a file stays when its process dies, and
//! the program `tickmetrics` or a [`SegmentReader`] reads it. A program need not be changed for it:
//! `TICKMETRICS_SEGMENT=/dev/shm/gateway.metrics ./gateway`, and `tickmetrics dump` with that path.
//!
//! # Features
//!
//! `loadable`: for code that becomes part of a shared library, that is a `cdylib` (a plugin, a Python
//! module), a `dylib`, or a static library that is linked into a shared object. Without it a linker
//! makes none on x86-64, and its error names this feature. A program that is built with it counts as
//! well, at one or two instructions more for each record.

#[cfg(not(target_os = "linux"))]
compile_error!("tickmetrics needs Linux: a mapping that is reserved without being committed");

mod bucket;
mod cell;
mod clock;
mod directory;
mod exemplar;
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
mod reader;
mod registry;
mod report;
#[cfg(not(tickmetrics_loom))]
mod resume;
mod scale;
mod segment;
mod shard;
mod slot;
mod snapshot;
mod sync;
mod timed;
mod warm_up;

pub use clock::{MockClock, with_mock_clock};
pub use directory::{Exposure, Kind};
pub use handles::{Counter, Gauge, Histogram, Number, Recordable, Timer, UpDownCounter};
pub use install::SegmentBuilder;
pub use labels::{Dimension, Interner, Label, LabelId, Labels, Values};
pub use names::Escaping;
#[cfg(fuzzing)]
pub use reader::read_words;
#[cfg(not(tickmetrics_loom))]
pub use reader::{Process, ReadError, SegmentReader};
pub use registry::{
    CounterValues, Description, FunctionGuard, GaugeValues, Metric, Metrics, RegisterError,
    Registry,
};
pub use segment::{Segment, SegmentError, SegmentStats};
pub use snapshot::{
    Bucket, ConflictReason, Exemplar, ExternalLabels, Family, Handle, HistogramSnapshot,
    MergeConflict, NativeBucket, NativeBuckets, Series, Snapshot, Value,
};
pub use tickmetrics_macros::{Label, Labels, Metrics, timed};
pub use timed::Outcome;
pub use warm_up::warm_up;

/// What a program that records needs: `use tickmetrics::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Counter, Description, Gauge, Histogram, HistogramSnapshot, Label, LabelId, Labels, Metrics,
        RegisterError, Registry, Snapshot, Timer, UpDownCounter, timed,
    };
}

/// What `tickmetrics-exporter` needs for what it prints. Not part of the interface.
#[doc(hidden)]
pub mod __text {
    pub use crate::printable::{Printable, PrintablePath, is_text};
    pub use crate::report::report;
}

/// What the macros may name. Not part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use crate::registry::{Scope, Visitor, build_global, build_registered, describe};
    pub use crate::timed::{
        Call, Counted, Ended, Function, NoResult, OutcomeCall, Timed, call, due, path_of,
    };
    pub use std;
}
