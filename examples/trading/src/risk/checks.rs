//! The checks of an order before submission. No metrics: the service around it has them.

use super::metrics::LimitType;
use super::positions::Positions;
use crate::execution::Order;
use crate::feed::Side;
use std::collections::VecDeque;

/// In the quote currency: one order, one position, all positions.
const ORDER: f64 = 2_000.0;
const POSITION: f64 = 3_000.0;
const EXPOSURE: f64 = 15_000.0;
/// Orders within one second.
const RATE: usize = 30;
const SECOND: i64 = 1_000_000_000;

/// When the last orders left.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    sent: VecDeque<i64>,
}

impl Checks {
    /// The limit that the order would break. An order that closes a position always passes, since
    /// it limits the risk.
    pub(crate) fn check(
        &mut self,
        order: &Order,
        positions: &mut Positions,
        now: i64,
    ) -> Result<(), LimitType> {
        if order.exit {
            return Ok(());
        }
        if positions.paused(now) {
            return Err(LimitType::CircuitBreaker);
        }
        let (price, quantity) = (order.limit.to_f64(), order.quantity.to_f64());
        let change = if order.side == Side::Buy { quantity } else { -quantity };
        let held = positions.of(order.symbol).size();
        let grows = (held + change).abs() > held.abs();
        while self.sent.front().is_some_and(|&sent| now.saturating_sub(sent) >= SECOND) {
            self.sent.pop_front();
        }
        if quantity * price > ORDER {
            Err(LimitType::OrderSize)
        } else if grows && (held + change).abs() * price > POSITION {
            Err(LimitType::PositionSize)
        } else if grows && positions.exposure + quantity * price > EXPOSURE {
            Err(LimitType::TotalExposure)
        } else if self.sent.len() >= RATE {
            Err(LimitType::OrderRate)
        } else {
            self.sent.push_back(now);
            Ok(())
        }
    }
}
