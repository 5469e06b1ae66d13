use metrics_core::prelude::*;

#[derive(Metrics)]
struct NoHelp {
    seen: Counter,
    ///
    blank: Counter,
    #[doc(hidden)]
    hidden: Counter,
    /// There is one.
    documented: Counter,
}

fn main() {
    NoHelp::global().seen.inc();
}
