#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod fields;
#[cfg(feature = "json")]
mod json;
mod recorder;
mod sites;
mod timing;
mod trace;

pub use builder::{BuildError, Builder, layer};
#[cfg(feature = "json")]
pub use json::JsonLogs;
pub use recorder::{Asked, Recorder};
pub use trace::TraceIds;
#[cfg(feature = "opentelemetry")]
pub use trace::otel;
