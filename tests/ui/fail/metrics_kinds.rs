use tickmetrics::prelude::*;

#[derive(Metrics)]
struct Kinds {
    /// No histogram.
    #[metric(sigfigs = 2, max = 10, buckets = [1, 2])]
    counter: Counter,
    /// Nor this.
    #[metric(max = 10, native = 3, quantiles = [0.5], extremes)]
    up_down: tickmetrics::UpDownCounter<bool>,
    /// Set in exported units.
    #[metric(scale = 0.1)]
    gauge: Gauge,
    /// Counts whole things.
    #[metric(scale = 0.1)]
    in_flight: UpDownCounter,
}

fn main() {}
