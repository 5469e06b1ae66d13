use tickmetrics::prelude::*;

#[derive(Metrics)]
struct Types {
    /// No metric.
    number: u64,
    #[metrics(flatten)]
    flattened: Counter,
}

fn main() {}
