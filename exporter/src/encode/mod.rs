//! Snapshots as bytes, in the formats that Prometheus reads, and as JSON.

mod beside;
mod escape;
mod exemplar;
mod exposition;
mod family;
#[cfg(feature = "json")]
mod json;
mod labels;
mod lines;
pub(crate) mod negotiate;
mod number;
mod openmetrics;
mod part;
mod progress;
mod protobuf;
mod text;
mod unit;
mod whole;
mod wire;

pub(crate) use exposition::Exposition;
#[cfg(feature = "json")]
pub use json::Process;
pub use labels::label_text;
pub use negotiate::{Format, Protocol, negotiate};
pub use number::canonical;
pub(crate) use part::Part;
#[cfg(feature = "json")]
pub use whole::json;
pub(crate) use whole::render_beside;
pub use whole::{openmetrics, protobuf, render, render_as, render_into, text};
