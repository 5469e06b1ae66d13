//! The third service's part of the path: orders are checked before they leave, fills become
//! positions, positions are watched.

mod checks;
mod metrics;
mod positions;

pub(crate) use checks::Checks;
pub(crate) use positions::Positions;

use crate::execution::{Fill, Order};
use crate::feed::Symbol;
use crate::market_data::Top;
use metrics::{LimitType, RiskMetrics};
use tickmetrics::prelude::*;

pub(crate) struct Risk {
    metrics: RiskMetrics,
    pub(crate) positions: Positions,
    checks: Checks,
}

impl Risk {
    pub(crate) fn new(registry: &Registry) -> Result<Self, RegisterError> {
        Ok(Self {
            metrics: RiskMetrics::register(registry)?,
            positions: Positions::default(),
            checks: Checks::default(),
        })
    }

    /// Whether an order may leave.
    #[timed(self.metrics.check_duration.with(order.symbol))]
    pub(crate) fn check_order(&mut self, order: &Order, now: i64) -> Result<(), LimitType> {
        self.metrics.position_checks.with(order.symbol).inc();
        let checked = self.checks.check(order, &mut self.positions, now);
        if let Err(limit) = checked {
            self.metrics.limit_breaches.with(limit).inc();
        }
        checked
    }

    /// Values a position at present prices; returns the order that closes it, if a stop demands
    /// that.
    pub(crate) fn mark(&mut self, top: &Top) -> Option<Order> {
        self.positions.holds(top.symbol).then(|| self.mark_held(top)).flatten()
    }

    #[timed]
    fn mark_held(&mut self, top: &Top) -> Option<Order> {
        let stopped = self.positions.mark(top);
        self.watch(top.received);
        let unrealized = self.positions.of(top.symbol).unrealized;
        self.metrics.pnl_unrealized.with(top.symbol).set(unrealized);
        self.metrics.total_exposure.set(self.positions.exposure);
        self.metrics.max_drawdown.set(self.positions.max_drawdown);
        let (stop, order) = stopped?;
        self.metrics.stop_loss_triggers.with((top.symbol, stop)).inc();
        Some(order)
    }

    fn watch(&mut self, now: i64) {
        if let Some(trip) = self.positions.trips(now) {
            self.metrics.circuit_breaker_trips.with(trip).inc();
        }
        let paused = self.positions.paused(now);
        self.metrics.circuit_breaker_status.set(f64::from(u8::from(paused)));
    }

    #[timed]
    pub(crate) fn on_fill(&mut self, fill: &Fill) {
        self.positions.fill(fill);
        let position = *self.positions.of(fill.symbol);
        let Positions { open, exposure, realized, .. } = self.positions;
        self.metrics.position_count.set(f64::from(open));
        self.metrics.position_size.with(fill.symbol).set(position.size());
        self.metrics.pnl_unrealized.with(fill.symbol).set(position.unrealized);
        self.metrics.pnl_realized.set(realized);
        self.metrics.total_exposure.set(exposure);
    }

    /// Reports that an order to close a position failed.
    pub(crate) fn not_left(&mut self, symbol: Symbol) {
        self.positions.not_left(symbol);
    }
}
