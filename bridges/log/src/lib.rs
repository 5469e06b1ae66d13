#![doc = include_str!("../README.md")]
//!
//! | module | what it is |
//! |---|---|
//! | `counts` | the metrics |
//! | `counting` | the logger that counts |

mod counting;
mod counts;

pub use counting::CountingLog;
pub use counts::LogCounts;
