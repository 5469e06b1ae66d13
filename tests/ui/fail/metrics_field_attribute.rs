use tickmetrics::prelude::*;

#[derive(Metrics)]
struct Nested {
    /// Seen.
    seen: Counter,
}

#[derive(Metrics)]
struct Keys {
    /// An unknown key.
    #[metric(sigfig = 2)]
    unknown: Histogram,
    /// The same key twice.
    #[metric(unit = "bytes", unit = "bytes")]
    twice: Histogram,
    /// And over two attributes.
    #[metric(unit = "bytes")]
    #[metric(unit = "bytes")]
    twice_over: Histogram,
    /// Of the other attribute.
    #[metrics(unit = "bytes")]
    other: Histogram,
    /// Of the other attribute, as a flag.
    #[metrics(extremes)]
    other_flag: Histogram,
    /// Of the struct.
    #[metric(prefix = "execution")]
    prefixed: Counter,
    #[metric(flatten, name = "nested", unit = "bytes")]
    nested: Nested,
    /// What is no string.
    #[metric(name = name, unit = 7)]
    no_string: Counter,
}

fn main() {
    Keys::global();
}
