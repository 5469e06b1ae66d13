//! A small strategy: it follows the side that traded more, for as long as it does.

use crate::execution::Order;
use crate::feed::{Body, Message, Side};
use crate::market_data::Top;
use crate::units::Lots;

/// The weight of earlier trades after one more trade.
const MEMORY: f64 = 0.94;
/// How one-sided trades must be, 0 to 1.
const ONE_SIDED: f64 = 0.5;
/// Nanoseconds between two orders for one symbol.
const PAUSE: i64 = 250_000_000;
/// The value of an order, in the quote currency.
const WORTH: f64 = 1_000.0;

#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    /// Purchases less sales, and both together, fading.
    balance: f64,
    total: f64,
    trades: u32,
    paused_until: i64,
}

/// The recent trades of each symbol, by its slot.
#[derive(Debug, Default)]
pub(crate) struct Strategy {
    flows: Vec<Flow>,
}

impl Strategy {
    /// The order that a tick causes, if any.
    pub(crate) fn signal(&mut self, tick: &Message, top: &Top) -> Option<Order> {
        let Body::Trade { aggressor, at } = tick.body else { return None };
        let slot = tick.symbol.slot();
        if slot >= self.flows.len() {
            self.flows.resize_with(slot + 1, Flow::default);
        }
        let flow = &mut self.flows[slot];
        let quantity = at.quantity.to_f64();
        let signed = if aggressor == Side::Buy { quantity } else { -quantity };
        flow.balance = flow.balance * MEMORY + signed;
        flow.total = flow.total * MEMORY + quantity;
        flow.trades = flow.trades.saturating_add(1);
        let known = flow.trades > 20;
        if !known
            || tick.received < flow.paused_until
            || flow.balance.abs() <= ONE_SIDED * flow.total
        {
            return None;
        }
        flow.paused_until = tick.received.saturating_add(PAUSE);
        let side = if flow.balance > 0.0 { Side::Buy } else { Side::Sell };
        let quantity = Lots::worth(WORTH, top.offer(side).price);
        Some(Order::at_touch(top, side, quantity, false))
    }
}
