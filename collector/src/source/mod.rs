//! What the values come from: exporters over HTTP, and segments' files.
//!
//! | module | what it is |
//! |---|---|
//! | `target` | what a target is: a file, a URL, a socket |
//! | `client`, `credentials`, `encryption` | scrapes of an exporter, protected or not |
//! | `body` | an answer's body, compressed or not, within its limits |
//! | `segment` | a segment's file, followed while processes come and go |
//! | `watch`, `trust` | the segments for patterns and directories, and their owners |

mod body;
mod client;
mod credentials;
mod encryption;
mod message;
mod segment;
mod target;
mod trust;
mod watch;

pub use body::Budget;
pub use client::{Answer, Client, Wanted};
pub use credentials::{Access, Form, MAX_BYTES, Operator};
pub use segment::{Ago, LeftOut, Process, Segment};
pub use target::Target;
pub use trust::{Named, Rank, Trust, named};
pub use watch::{Change, Limits, Shares, Watch};
