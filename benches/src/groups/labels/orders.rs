//! Orders at random, whose symbol and side are the labels.

use crate::candidate::kept;
use crate::groups::inputs::INPUTS;
use crate::groups::side::Side;
use tickmetrics::prelude::*;

/// Symbols in turn: as many as a busy feed has.
pub(super) const SYMBOLS: usize = 64;

#[derive(Clone, Copy, Label)]
#[label(capacity = 4096)]
pub(super) struct Symbol(pub(super) LabelId);

/// The labels of one count.
#[derive(Clone, Copy)]
pub(super) struct Order {
    pub(super) name: &'static str,
    pub(super) symbol: Symbol,
    pub(super) side: Side,
}

impl Order {
    pub(super) fn index(self) -> usize {
        tickmetrics::Label::index(self.symbol) * Side::ALL.len() + self.side as usize
    }
}

/// Orders at random; all symbols are interned.
pub(super) fn orders() -> &'static [Order; INPUTS] {
    let mut random = fastrand::Rng::with_seed(2);
    let names: Vec<&'static str> =
        (0..SYMBOLS).map(|at| &**kept(format!("COIN{at:02}USDT"))).collect();
    kept(std::array::from_fn(|_| {
        let name = names[random.usize(..SYMBOLS)];
        Order {
            name,
            symbol: Symbol::intern(name),
            side: random.choice(Side::ALL).unwrap_or(Side::Buy),
        }
    }))
}

/// The sum over all series that orders can have.
pub(super) fn sum_over_orders(count: impl Fn(&'static str, Side) -> u64) -> u64 {
    let mut series: Vec<_> =
        orders().iter().map(|order| (order.name, order.side as usize)).collect();
    series.sort_unstable();
    series.dedup();
    series.iter().map(|&(name, side)| count(name, Side::ALL[side])).sum()
}
