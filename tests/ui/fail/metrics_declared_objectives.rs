use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
enum Outcome {
    Filled,
    Rejected,
}

#[derive(Metrics)]
struct Shares {
    /// None.
    #[metric(slo(bad(outcome = "rejected")))]
    none: Counter<Outcome>,
    /// All.
    #[metric(slo(objective = 1, bad(outcome = "rejected")))]
    all: Counter<Outcome>,
    /// Percent.
    #[metric(slo(objective = 99.95, bad(outcome = "rejected")))]
    percent: Counter<Outcome>,
    /// A text.
    #[metric(slo(objective = "0.999", bad(outcome = "rejected")))]
    text: Counter<Outcome>,
    /// Too many bad events are allowed.
    #[metric(slo(objective = 0.9, bad(outcome = "rejected")))]
    low: Counter<Outcome>,
    /// Just as many as the fastest alert can see.
    #[metric(slo(objective = 0.9305, bad(outcome = "rejected")))]
    lowest: Counter<Outcome>,
}

#[derive(Metrics)]
struct Bounds {
    /// Missing.
    #[metric(unit = "seconds", slo(objective = 0.999))]
    missing: Histogram,
    /// Of other kinds.
    #[metric(slo(objective = 0.999, errors_of = missing, bad(outcome = "rejected")))]
    other: Histogram,
    /// Between two edges.
    #[metric(unit = "seconds", buckets = ["50us", "250us"], slo(objective = 0.999, under = "100us"))]
    between: Histogram,
    /// Between two edges of the default.
    #[metric(unit = "seconds", slo(objective = 0.999, under = "5ms"))]
    default: Histogram,
    /// Above all of them.
    #[metric(unit = "seconds", slo(objective = 0.999, under = "20s"))]
    top: Histogram,
    /// Of a quantity.
    #[metric(scale = 0.01, max = 1000, buckets = [0.5, 1], slo(objective = 0.999, under = 0.75))]
    quantity: Histogram,
    /// Above the maximum.
    #[metric(unit = "seconds", max = "1s", native, slo(objective = 0.999, under = "2s"))]
    above: Histogram,
    /// Nothing is as good.
    #[metric(unit = "seconds", native, slo(objective = 0.999, under = 0))]
    zero: Histogram,
    /// A time of no unit of time.
    #[metric(slo(objective = 0.999, under = "1ms"))]
    time: Histogram,
}

#[derive(Metrics)]
struct Siblings {
    /// All.
    submitted: Counter,
    /// Misspelt.
    #[metric(slo(objective = 0.999, errors_of = submited))]
    misspelt: Counter,
    /// Unlike all others.
    #[metric(slo(objective = 0.999, errors_of = orders))]
    unknown: Counter,
    /// Itself.
    #[metric(slo(objective = 0.999, errors_of = itself))]
    itself: Counter,
    /// No counter.
    #[metric(slo(objective = 0.999, errors_of = depth))]
    of_gauge: Counter,
    /// Other labels.
    #[metric(labels(venue = "a"), slo(objective = 0.999, errors_of = submitted))]
    labels: Counter,
    /// A text.
    #[metric(slo(objective = 0.999, errors_of = "submitted"))]
    text: Counter,
    /// Both.
    #[metric(slo(objective = 0.999, errors_of = submitted, bad(outcome = "rejected")))]
    both: Counter<Outcome>,
    /// Neither.
    #[metric(slo(objective = 0.999))]
    neither: Counter,
    /// A bound.
    #[metric(slo(objective = 0.999, under = 1))]
    bound: Counter,
    /// No events.
    #[metric(slo(objective = 0.999, under = 1))]
    depth: Gauge,
    /// No events either.
    #[metric(slo(objective = 0.999, errors_of = submitted))]
    open: UpDownCounter,
}

type Latency = Histogram;

#[derive(Metrics)]
struct Forms {
    /// Without labels.
    #[metric(slo(objective = 0.999, bad(outcome = "rejected")))]
    no_labels: Counter,
    /// No text.
    #[metric(slo(objective = 0.999, bad(outcome = rejected)))]
    no_text: Counter<Outcome>,
    /// Two labels.
    #[metric(slo(objective = 0.999, bad(outcome = "rejected", side = "buy")))]
    two: Counter<Outcome>,
    /// None.
    #[metric(slo(objective = 0.999, bad(outcome = [])))]
    empty: Counter<Outcome>,
    /// One twice.
    #[metric(slo(objective = 0.999, bad(outcome = ["rejected", "rejected"])))]
    twice: Counter<Outcome>,
    /// No list.
    #[metric(slo = 0.999)]
    no_list: Counter<Outcome>,
    /// Unknown.
    #[metric(slo(objectiv = 0.999, objective = 0.999, bad(outcome = "rejected")))]
    unknown: Counter<Outcome>,
    /// A priority that is none, an empty text, and a name in another form.
    #[metric(slo(
        objective = 0.999, bad(outcome = "rejected"), priority = "P3", summary = "", name = "OrderRejects"
    ))]
    about: Counter<Outcome>,
    /// Two of the same name.
    #[metric(slo(objective = 0.999, under = "1us"), slo(objective = 0.95, under = "100ns"), unit = "seconds")]
    same: Histogram,
    /// An alias.
    #[metric(slo(objective = 0.999, under = 1))]
    alias: Latency,
}

fn main() {}
