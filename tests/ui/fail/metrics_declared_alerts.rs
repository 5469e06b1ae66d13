use tickmetrics::prelude::*;

#[derive(Metrics)]
struct Parts {
    /// Nothing.
    #[metric(alert())]
    nothing: Gauge,
    /// Two conditions.
    #[metric(alert(name = "Two", above = 1, below = 2, priority = "P1", summary = "Two."))]
    two: Gauge,
    /// Another form of name.
    #[metric(alert(name = "feed_down", equals = 0, priority = "P1", summary = "Down."))]
    name: Gauge,
    /// The same name.
    #[metric(
        alert(name = "Same", equals = 0, priority = "P1", summary = "One."),
        alert(name = "Same", equals = 1, priority = "P1", summary = "Other."),
    )]
    same: Gauge,
    /// Texts.
    #[metric(alert(name = "Texts", equals = 0, priority = "p0", summary = " ", runbook = ""))]
    texts: Gauge,
    /// No time.
    #[metric(alert(name = "Number", equals = 0, for = 30, priority = "P1", summary = "Down."))]
    number: Gauge,
    /// No whole second.
    #[metric(alert(name = "Half", equals = 0, for = "500ms", priority = "P1", summary = "Down."))]
    half: Gauge,
    /// Not a time.
    #[metric(alert(name = "Soon", equals = 0, for = "soon", priority = "P1", summary = "Down."))]
    soon: Gauge,
    /// Unknown, and twice.
    #[metric(alert(
        name = "Unknown", equals = 0, lasts = "1s", equals = 1, priority = "P1", summary = "Down."
    ))]
    unknown: Gauge,
    /// Without parentheses.
    #[metric(alert = "Down")]
    no_list: Gauge,
}

#[derive(Metrics)]
struct Values {
    /// A histogram's, and so on.
    #[metric(alert(
        name = "OfAll", above = 1, quantile = 0.5, share_of = orders, over = "5m", by(symbol),
        priority = "P1", summary = "All."
    ))]
    gauge: Gauge,
    /// A part.
    #[metric(alert(name = "Part", equals = 0.5, priority = "P1", summary = "A part."))]
    part: UpDownCounter,
    /// A text.
    #[metric(alert(name = "Text", equals = "0", priority = "P1", summary = "A text."))]
    text: Gauge,
    /// A time.
    #[metric(unit = "bytes", alert(name = "Time", above = "1s", priority = "P1", summary = "A time."))]
    time: Gauge,
    /// Orders.
    orders: Counter,
}

#[derive(Metrics)]
struct Counts {
    /// Orders.
    orders: Counter,
    /// Never.
    #[metric(alert(name = "Never", below = 0, priority = "P1", summary = "Never."))]
    never: Counter,
    /// Always.
    #[metric(alert(name = "Always", above = -1, priority = "P1", summary = "Always."))]
    always: Counter,
    /// Exactly.
    #[metric(alert(name = "Exactly", equals = 5, priority = "P1", summary = "Exactly."))]
    exactly: Counter,
    /// A text.
    #[metric(alert(name = "Text", above = "5", priority = "P1", summary = "A text."))]
    text: Counter,
    /// A quantile.
    #[metric(alert(name = "Quantile", above = 5, quantile = 0.5, priority = "P1", summary = "One."))]
    quantile: Counter,
    /// Percent.
    #[metric(alert(name = "Percent", above = 5, share_of = orders, priority = "P1", summary = "5 %."))]
    percent: Counter,
    /// More than all.
    #[metric(alert(name = "All", above = 1, share_of = orders, priority = "P1", summary = "All."))]
    all: Counter,
    /// Less than none.
    #[metric(alert(name = "None", below = 0, share_of = orders, priority = "P1", summary = "None."))]
    none: Counter,
    /// A half.
    #[metric(alert(name = "Half", equals = 0.5, share_of = orders, priority = "P1", summary = "Half."))]
    half: Counter,
    /// Misspelt.
    #[metric(alert(name = "Of", above = 0.5, share_of = order, priority = "P1", summary = "Half."))]
    misspelt: Counter,
    /// Labels.
    #[metric(alert(name = "By", above = 5, by(), priority = "P1", summary = "By."))]
    by: Counter,
    /// Labels twice.
    #[metric(alert(name = "Twice", above = 5, by(a, a), priority = "P1", summary = "By."))]
    twice: Counter,
}

#[derive(Metrics)]
struct Distributions {
    /// Orders.
    orders: Counter,
    /// A share.
    #[metric(alert(name = "Share", above = 1, share_of = orders, priority = "P1", summary = "One."))]
    share: Histogram,
    /// No quantile.
    #[metric(alert(name = "NoQuantile", above = 1, quantile = 99, priority = "P1", summary = "One."))]
    no_quantile: Histogram,
    /// Exactly.
    #[metric(alert(name = "Exactly", equals = 1, quantile = 0.5, priority = "P1", summary = "One."))]
    exactly: Histogram,
    /// No edge.
    #[metric(alert(name = "NoEdge", above = 5, quantile = 0.5, priority = "P1", summary = "One."))]
    no_edge: Histogram,
    /// The last edge.
    #[metric(
        unit = "seconds",
        buckets = ["1ms", "10ms"],
        alert(name = "Last", above = "10ms", quantile = 0.99, priority = "P1", summary = "One.")
    )]
    last: Histogram,
    /// Above it.
    #[metric(
        unit = "seconds",
        max = "1s",
        alert(name = "Above", above = "10s", quantile = 0.99, priority = "P1", summary = "One.")
    )]
    above: Histogram,
}

#[derive(Metrics)]
struct Panels {
    /// Nothing.
    #[metric(panel())]
    nothing: Gauge,
    /// Hidden, with a title.
    #[metric(panel(hidden, title = "Title"))]
    hidden: Gauge,
    /// Empty.
    #[metric(panel(title = "", row = ""))]
    empty: Gauge,
    /// Two.
    #[metric(panel(title = "One"), panel(title = "Two"))]
    two: Gauge,
    /// A width.
    #[metric(panel(width = 3))]
    width: Gauge,
    /// Of a struct.
    #[metric(flatten, panel(title = "All"))]
    all: Parts,
}

#[derive(Metrics)]
#[metrics(panel(title = "All"))]
struct OfAll {}

fn main() {}
