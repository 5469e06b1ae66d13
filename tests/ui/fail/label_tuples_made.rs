use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

mod other {
    #[derive(Clone, Copy, tickmetrics::Label)]
    pub enum Side {
        Bid,
        Ask,
    }
}

fn main() {
    let trades = Description::new("trades_total", "Trades.");
    let _: Result<Counter<(Side, Side)>, _> = Registry::new().register(&trades);
    // Two types of one name, too.
    let _: Result<Gauge<(bool, Side, other::Side)>, _> = Registry::new().register(&trades);
}
