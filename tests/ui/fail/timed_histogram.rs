use tickmetrics::prelude::*;

#[timed(7)]
fn number() {}

#[timed(counter, sample = 2)]
fn counter(counter: &Counter) {}

#[timed(labelled, outcome)]
fn labelled(labelled: &Histogram<bool>) {}

#[timed(missing)]
async fn missing() {}

fn main() {}
