use tickmetrics::prelude::*;

#[derive(Metrics)]
struct Names {
    /// A name that is none.
    #[metric(name = "a\nb")]
    broken: Counter,
    /// An empty one.
    #[metric(name = "")]
    empty: Counter,
    /// A field of any letters can.
    été: Counter,
    /// A unit that can't end one.
    #[metric(unit = "per second")]
    rate: Gauge,
}

#[derive(Metrics)]
struct Same {
    /// Named alike.
    #[metric(name = "same")]
    first: Counter,
    /// Named alike too.
    #[metric(name = "same")]
    second: Gauge,
    /// Becomes `orders_total`.
    orders: Counter,
    /// Is `orders_total`.
    orders_total: Counter,
    /// Becomes `busy_seconds_total`.
    #[metric(unit = "seconds")]
    busy: Counter,
    /// Is `busy_seconds_total`.
    #[metric(unit = "seconds")]
    busy_seconds_total: Counter,
    /// Would be `sent_total_total`.
    #[metric(unit = "total")]
    sent: Counter,
}

fn main() {}
