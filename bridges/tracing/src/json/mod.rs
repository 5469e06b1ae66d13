//! Logs of one JSON object a line.

mod escape;
mod layer;
mod object;
mod time;

pub use layer::JsonLogs;
