//! One small program with several metrics libraries, for the guides beside this package: a gateway that
//! counts its orders and rejects, times them, and tells how many connections are open.
//!
//! | module | what it is |
//! |---|---|
//! | `after` | the program with `tickmetrics` |
//! | `…::before` | the program with another library |
//! | `…::between` | the program with both, on its way |

#![allow(missing_docs, reason = "the programs stay as short as a reader of the guides wants them")]
#![allow(clippy::missing_errors_doc, clippy::new_without_default, reason = "the same")]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a parsed count is whole"
)]

pub mod after;
pub mod metrics;
pub mod opentelemetry;
pub mod prometheus;
pub mod prometheus_client;
