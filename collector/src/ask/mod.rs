//! Questions to a collector while it writes, over a Unix socket.
//!
//! | module | what it is |
//! |---|---|
//! | `server` | the thread that answers, in the collector |
//! | `request` | a question, checked |
//! | `client` | asks |
//! | `chunks` | the rows on their way |
//!
//! A connection is one question: a line of JSON, either `{"status": true}` or
//! `{"query": SQL, "rows": N, "milliseconds": N}`. The answer begins with a line of JSON. It is
//! `{"error": TEXT}`, or the state, or `{"rows": N, "is_cut_off": BOOL}` before the rows. The rows
//! are a stream of Arrow in chunks, each with its length in front, 4 bytes, big-endian. A length of 0
//! is the end, so an answer that was cut off is noticed.
//!
//! A client keeps its side open until it has the answer: one that closes it ends its query.

mod chunks;
mod client;
mod limits;
mod request;
pub(crate) mod server;

pub use client::{AskError, Client};
pub use limits::MOST;
