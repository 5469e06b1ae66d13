use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

/// One type twice is seen where the metric is declared.
#[derive(Metrics)]
struct Twice {
    /// Trades by the sides of both parties.
    trades: Counter<(Side, bool, Side)>,
}

#[derive(Metrics)]
struct Long {
    /// Five labels.
    five: Counter<(Side, Other, Third, Fourth, bool)>,
}

fn main() {}
