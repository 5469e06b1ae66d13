//! The second service: orders go to the venue, and fills come back.

mod metrics;
mod venue;

pub(crate) use venue::{Report, Venue};

use crate::feed::{Side, Symbol};
use crate::market_data::Top;
use crate::units::{Lots, Price};
use metrics::{ExecutionMetrics, Operation, OrderLabels, Reject};
use tickmetrics::prelude::*;
use venue::Call;

/// Buy or sell at this price or a better one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Order {
    pub(crate) symbol: Symbol,
    pub(crate) side: Side,
    pub(crate) limit: Price,
    pub(crate) quantity: Lots,
    /// The middle between the best prices at the decision.
    pub(crate) arrival: f64,
    /// Whether it closes a position.
    pub(crate) exit: bool,
}

impl Order {
    /// An order that takes the best present offer.
    pub(crate) fn at_touch(top: &Top, side: Side, quantity: Lots, exit: bool) -> Self {
        let (limit, arrival) = (top.offer(side).price, top.middle());
        Self { symbol: top.symbol, side, limit, quantity, arrival, exit }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fill {
    pub(crate) symbol: Symbol,
    pub(crate) side: Side,
    pub(crate) quantity: Lots,
    pub(crate) price: Price,
    /// Nanoseconds since it was submitted.
    pub(crate) latency: u64,
    /// The order's `arrival`.
    pub(crate) arrival: f64,
    pub(crate) exit: bool,
}

impl Fill {
    /// How much worse than at arrival, in hundredths of a percent; negative if better.
    fn slippage(&self) -> f64 {
        let worse = match self.side {
            Side::Buy => self.price.to_f64() - self.arrival,
            Side::Sell => self.arrival - self.price.to_f64(),
        };
        worse / self.arrival * 1e4
    }
}

pub(crate) struct Execution {
    metrics: ExecutionMetrics,
    pub(crate) venue: Venue,
}

impl Execution {
    pub(crate) fn new(registry: &Registry, seed: u64) -> Result<Self, RegisterError> {
        Ok(Self { metrics: ExecutionMetrics::register(registry)?, venue: Venue::new(seed) })
    }

    /// A timer from a tick's arrival on, to be discarded if no order follows.
    pub(crate) fn tick_to_order(&self) -> Timer {
        self.metrics.time.with(Operation::TickToOrder).start()
    }

    /// Sends an order that passed the checks. Fails if the venue refuses it.
    #[timed(self.metrics.time.with(Operation::Submit))]
    pub(crate) fn submit(&mut self, order: Order, now: i64) -> Result<(), Reject> {
        let Order { symbol, side, .. } = order;
        self.metrics.orders_submitted.with(OrderLabels { symbol, side }).inc();
        let (call, taken) = self.venue.submit(order, now);
        self.count(call);
        if let Err(reject) = taken {
            self.metrics.orders_rejected.with((symbol, reject)).inc();
        }
        taken
    }

    /// Counts an order that failed the checks.
    pub(crate) fn refuse(&self, order: &Order) {
        self.metrics.orders_rejected.with((order.symbol, Reject::RiskLimit)).inc();
    }

    /// Reports to `each` the outcomes of orders at the present best prices.
    pub(crate) fn settle(&mut self, top: &Top, each: impl FnMut(Report)) {
        if self.venue.has(top.symbol) {
            self.settle_open(top, each);
        }
    }

    #[timed(self.metrics.time.with(Operation::Settle))]
    fn settle_open(&mut self, top: &Top, mut each: impl FnMut(Report)) {
        while let Some(report) = self.venue.report(top) {
            match &report {
                Report::Filled(fill) => self.on_fill(fill),
                Report::Cancelled(order, call) => {
                    self.metrics.orders_cancelled.with(order.symbol).inc();
                    self.count(*call);
                }
            }
            each(report);
        }
    }

    fn on_fill(&self, fill: &Fill) {
        let Fill { symbol, side, .. } = *fill;
        self.metrics.orders_filled.with(OrderLabels { symbol, side }).inc();
        self.metrics.last_fill_price.with(symbol).set(fill.price.to_f64());
        self.metrics.fill_latency.with(symbol).record(fill.latency);
        self.metrics.slippage.with(symbol).record_f64(fill.slippage());
    }

    fn count(&self, call: Call) {
        let Call { endpoint, status, latency } = call;
        self.metrics.api_calls.with((endpoint, status)).inc();
        self.metrics.api_latency.with(endpoint).record(latency);
        self.metrics.rate_limit_remaining.set(self.venue.allowed());
    }
}
