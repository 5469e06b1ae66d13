//! From the crate `prometheus`.

pub mod before;
pub mod between;
