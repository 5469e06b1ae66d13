//! Tests only: see `tests/`. The README's code blocks are compiled and run from here.

pub mod exemplars;
pub mod hollow;
pub mod http;
pub mod operations;
pub mod polling;
pub mod processes;
pub mod programs;
pub mod prometheus;
pub mod seccomp;
pub mod words;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../metrics-core/README.md")]
pub struct CoreReadme;

#[cfg(doctest)]
#[doc = include_str!("../../exporter/README.md")]
pub struct ExporterReadme;
