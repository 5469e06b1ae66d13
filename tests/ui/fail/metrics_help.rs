use tickmetrics::prelude::*;

#[derive(Metrics)]
struct NoHelp {
    seen: Counter,
    ///
    blank: Counter,
    #[doc(hidden)]
    hidden: Counter,
    /// What is in the file:
    #[doc = include_str!("metrics_help.rs")]
    included: Counter,
    #[doc = concat!("In ", "pieces")]
    joined: Counter,
    /// There is one.
    documented: Counter,
}

fn main() {
    NoHelp::global().seen.inc();
}
