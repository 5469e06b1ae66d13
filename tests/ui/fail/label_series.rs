//! A metric with labels is asked for a series first.

use std::time::Duration;
use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Labels)]
struct Order {
    side: Side,
    maker: bool,
}

fn record(
    counter: Counter<Side>,
    gauge: Gauge<(Side, bool)>,
    depth: UpDownCounter<Order>,
    wait: Histogram<Side>,
) {
    counter.inc();
    gauge.set(1.0);
    depth.sub(1);
    wait.record(Duration::from_secs(1));
    drop(wait.start());
}

fn main() {}
