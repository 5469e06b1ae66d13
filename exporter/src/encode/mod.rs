//! Snapshots as bytes, in the formats that Prometheus reads.

mod number;
mod text;

pub(crate) use text::family;
pub use text::text;
