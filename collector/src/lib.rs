//! Reads Prometheus endpoints and segment files continuously, and stores every sample, candle and
//! event.
//!
//! source → parse → batch → store. Each stage knows only the one before it.
//!
//! | module | what it is |
//! |---|---|
//! | [`batch`] | what is stored: samples, candles and events of one cycle |
//! | [`store`] | where it is stored |
//! | [`ask`] | queries and the state, over a Unix socket while the collector writes |
//! | `source` | what the values come from: exporters over HTTP, and segments' files |
//! | `reading`, `series`, `filter` | an answer as samples of series, each of which is there once |
//! | `health` | whether a source answers, and the events of changes |
//! | `task` | one task for each target, which reads it at its interval |
//! | `candles` | candles from a price and a volume |
//! | `collector` | the threads: the cycles, and the writer |
//! | `queue`, `writer` | batches on their way to the store |
//! | `metrics`, `status`, `recent` | what a collector reports about itself |
//! | `counted`, `date`, `file_id`, `sync` | numbers with their words, dates, the identity of a file, locks after a panic |
//! | `builder`, `settings`, `config` | what to collect: the settings, and their file |

pub mod ask;
pub mod batch;
mod builder;
mod candles;
mod collector;
mod config;
mod counted;
mod cycles;
mod date;
mod file_id;
mod filter;
mod health;
mod metrics;
mod queue;
mod reading;
mod recent;
mod series;
mod settings;
mod shared;
#[expect(
    missing_docs,
    clippy::missing_errors_doc,
    reason = "for the program alone: each error is a message in one line"
)]
mod source;
mod status;
pub mod store;
mod sync;
mod task;
mod writer;

pub use builder::{Builder, StartError};
pub use collector::{CollectError, Collector};
pub use config::{Config, ConfigError};
pub use settings::{Candles, Limits, Source, TotalLimits};
pub use status::{Cycle, SourceStatus, Status};

/// The interface for the program `tickmetrics`: targets, scrapes and segments. Not part of the
/// public interface.
#[doc(hidden)]
pub mod __cli {
    pub use crate::counted::counted;
    pub use crate::date::date;
    pub use crate::source::{
        Access, Ago, Answer, Budget, Change, Client, Form, LeftOut, Limits, MAX_BYTES, Named,
        Operator, Process, Rank, Segment, Shares, Target, Trust, Wanted, Watch, named,
    };
}
