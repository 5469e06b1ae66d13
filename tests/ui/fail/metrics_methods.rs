use tickmetrics::prelude::*;

#[derive(Metrics)]
struct GatewayMetrics {
    /// Messages.
    messages: Counter,
}

impl GatewayMetrics {
    fn global() -> u32 {
        1
    }
}

fn main() {}
