//! From the crate `metrics`.

pub mod before;
pub mod between;
