//! Tests only: see `tests/`. The README's code blocks are compiled and run from here.

pub mod operations;
pub mod processes;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
