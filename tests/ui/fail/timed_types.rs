//! Mistakes in a body are reported as those of any function.

use tickmetrics::prelude::*;

#[timed]
fn guarded() -> u32 {
    "text"
}

#[timed(outcome)]
fn with_outcome() -> Result<u32, String> {
    Ok("text")
}

#[timed(outcome)]
async fn future() -> Result<u32, String> {
    Ok("text")
}

#[timed(outcome)]
fn nothing() -> u32 {}

#[timed]
fn hygienic() {
    drop(__guard);
}

fn main() {}
