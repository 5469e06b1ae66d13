//! From the crate `prometheus-client`.

pub mod before;
pub mod between;
pub mod source;
