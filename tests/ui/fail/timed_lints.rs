//! Warnings of a body are neither hidden nor doubled.

#![deny(warnings)]

use tickmetrics::prelude::*;

#[timed]
fn guarded(unused: u32) -> u32 {
    let mut kept = 1;
    kept
}

#[timed(outcome)]
fn with_outcome(unused: u32, mut kept: u32) -> u32 {
    kept
}

#[timed(outcome)]
async fn future(unused: u32) -> u32 {
    let mut kept = 1;
    kept
}

fn main() {
    guarded(1);
    with_outcome(1, 2);
    drop(future(1));
}
