//! The path from a tick to a fill, through the three services, on one thread.
//!
//! ```text
//! message → market data → best prices → strategy → order → risk checks → venue
//!                              │                                           │
//!                              └─ stops ← positions ← fill ────────────────┘
//! ```

use crate::execution::{Execution, Order, Report};
use crate::feed::{Event, Message};
use crate::market_data::{MarketData, Top};
use crate::risk::Risk;
use crate::strategy::Strategy;
use tickmetrics::prelude::*;

/// One registry for each service, since each has an endpoint of its own.
#[derive(Default)]
pub(crate) struct Registries {
    pub(crate) market_data: Registry,
    pub(crate) execution: Registry,
    pub(crate) risk: Registry,
}

pub(crate) struct Path {
    pub(crate) market_data: MarketData,
    strategy: Strategy,
    pub(crate) risk: Risk,
    pub(crate) execution: Execution,
}

impl Path {
    /// # Errors
    /// If a metric can't be registered.
    pub(crate) fn new(registries: &Registries, seed: u64) -> Result<Self, RegisterError> {
        Ok(Self {
            market_data: MarketData::new(&registries.market_data)?,
            strategy: Strategy::default(),
            risk: Risk::new(&registries.risk)?,
            execution: Execution::new(&registries.execution, seed)?,
        })
    }

    pub(crate) fn on_event(&mut self, event: &Event) {
        match event {
            Event::Message(message) => self.on_message(message),
            Event::Reconnected { reason, .. } => self.market_data.reconnected(*reason),
        }
    }

    pub(crate) fn on_message(&mut self, message: &Message) {
        let arrived = self.execution.tick_to_order();
        if self.sends(message) {
            drop(arrived);
        } else {
            arrived.discard();
        }
    }

    /// Whether the message caused an order.
    fn sends(&mut self, message: &Message) -> bool {
        let Some(top) = self.market_data.on_tick(message) else { return false };
        self.execution.settle(&top, |report| match report {
            Report::Filled(fill) => self.risk.on_fill(&fill),
            Report::Cancelled(order, _) if order.exit => self.risk.not_left(order.symbol),
            Report::Cancelled(..) => {}
        });
        let exit = self.risk.mark(&top);
        let entry = self.signal(message, &top);
        let mut sent = false;
        for order in exit.into_iter().chain(entry) {
            sent |= self.send(order, message.received);
        }
        sent
    }

    /// Most ticks give no signal, at the cost of a quick check: one timing in sixteen is enough.
    #[timed(sample = 16)]
    fn signal(&mut self, message: &Message, top: &Top) -> Option<Order> {
        self.strategy.signal(message, top)
    }

    /// Whether the order was sent.
    fn send(&mut self, order: Order, now: i64) -> bool {
        if self.risk.check_order(&order, now).is_err() {
            self.execution.refuse(&order);
            return false;
        }
        if self.execution.submit(order, now).is_err() && order.exit {
            self.risk.not_left(order.symbol);
        }
        true
    }
}
