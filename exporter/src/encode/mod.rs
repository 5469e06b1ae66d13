//! Snapshots as bytes, in the formats that Prometheus reads, and as JSON.

#[cfg(feature = "json")]
mod json;
mod number;
mod openmetrics;
mod text;

#[cfg(feature = "json")]
pub use json::{Process, json};
pub use openmetrics::openmetrics;
pub(crate) use text::family;
pub use text::text;
#[cfg(feature = "cli")]
pub(crate) use text::{Part, parts};
