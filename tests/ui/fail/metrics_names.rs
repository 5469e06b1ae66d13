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

#[derive(Metrics)]
struct Units {
    /// Nanoseconds that would be read as seconds.
    wait_seconds: Histogram,
    /// The same in a counter, whose name has an end.
    busy_seconds_total: Counter,
    /// No unit here.
    decode_ms: Histogram,
    /// It would be `encode_ms_seconds`.
    #[metric(unit = "seconds")]
    encode_ms: Histogram,
    /// It would be `flush_milliseconds_seconds`.
    #[metric(unit = "seconds")]
    flush_milliseconds: Histogram,
    /// A market or a unit: in a histogram it is one.
    route_us: Histogram,
    /// A market.
    orders_us: Counter,
    /// A minimum.
    price_min: Gauge,
    /// Bytes.
    received_bytes: Counter,
    /// Megabytes.
    used_mb: Gauge,
    /// Seconds per byte, or so.
    #[metric(unit = "seconds")]
    per_bytes: Histogram,
    /// An exact name of nanoseconds.
    #[metric(name = "exact_seconds")]
    exact: Histogram,
    /// An exact name of what is recorded.
    #[metric(name = "other_seconds", scale = 1)]
    other: Histogram,
    /// The same in short.
    #[metric(name = "wait_ms")]
    millis: Histogram,
    /// Shorter.
    #[metric(name = "wait_us")]
    micros: Histogram,
    /// Counted.
    #[metric(name = "busy_secs_total")]
    busy: Counter,
    /// Another unit.
    #[metric(name = "idle_ms_total", unit = "seconds")]
    idle: Counter,
    /// Added as whole seconds.
    #[metric(name = "up_seconds_total", unit = "seconds", scale = 1.0)]
    up: Counter,
    /// The same without an exact name.
    #[metric(unit = "seconds", scale = 1.0)]
    down_seconds: Counter,
    /// A gauge is set in exported units.
    #[metric(name = "age_seconds")]
    age: Gauge,
    /// Nothing but a unit.
    ms: Histogram,
    /// No time.
    bytes: Counter,
}

fn main() {}
