//! Reads Prometheus endpoints and segment files continuously, and stores every sample, candle and
//! event.
//!
//! source → parse → batch → store. Each stage knows only the one before it.
//!
//! | module | what it is |
//! |---|---|
//! | [`batch`] | what is stored: samples, candles and events of one cycle |
//! | [`store`] | where it is stored |
//! | `source` | what the values come from: exporters over HTTP, and segments' files |

pub mod batch;
#[expect(
    missing_docs,
    clippy::missing_errors_doc,
    reason = "for the program alone: each error is a message in one line"
)]
mod source;
pub mod store;

/// The interface for the program `tickmetrics`: targets, scrapes and segments. Not part of the
/// public interface.
#[doc(hidden)]
pub mod __cli {
    pub use crate::source::{
        Access, Ago, Answer, Change, Client, Form, LeftOut, Limits, MAX_BYTES, Named, Operator,
        Process, Rank, Segment, Shares, Target, Trust, Wanted, Watch, named,
    };
}
