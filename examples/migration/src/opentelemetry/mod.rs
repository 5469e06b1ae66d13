//! From the crate `opentelemetry`.

pub mod before;
pub mod between;
