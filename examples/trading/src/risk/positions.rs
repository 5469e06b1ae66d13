//! Positions, their gains, and the stops. No metrics: the service around it has them.

use super::metrics::{Stop, Trip};
use crate::execution::{Fill, Order};
use crate::feed::{Side, Symbol};
use crate::market_data::Top;
use crate::units::Lots;

/// Loss of a position, as a part of its price, that ends it.
const STOP_LOSS: f64 = 0.0005;
/// Gain from which on a position is guarded, and how much of its price it may give back then.
const GUARDED: f64 = 0.0005;
const GIVEN_BACK: f64 = 0.0003;
/// Fall of the gain from its peak that pauses trading, in the quote currency.
const DRAWDOWN: f64 = 25.0;
/// Closed positions with a loss, one after the other, that pause trading.
const STREAK: u32 = 10;
/// Nanoseconds that trading pauses.
const PAUSE: i64 = 10_000_000_000;

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Position {
    /// Lots, negative when short.
    lots: i64,
    /// The average cost of a unit, and the best and the last price since then.
    average: f64,
    best: f64,
    pub(crate) unrealized: f64,
    exposure: f64,
    /// An order to close it is in transit.
    leaving: bool,
}

impl Position {
    pub(crate) fn size(&self) -> f64 {
        self.lots as f64 / 1e3
    }

    fn direction(&self) -> f64 {
        if self.lots < 0 { -1.0 } else { 1.0 }
    }

    fn mark(&mut self, price: f64) {
        self.best = if self.lots < 0 { self.best.min(price) } else { self.best.max(price) };
        self.unrealized = self.size() * (price - self.average);
        self.exposure = self.size().abs() * price;
    }

    fn stop(&self, price: f64) -> Option<Stop> {
        let gain = |price: f64| (price / self.average - 1.0) * self.direction();
        let (now, best) = (gain(price), gain(self.best));
        if now <= -STOP_LOSS {
            Some(Stop::Fixed)
        } else if best >= GUARDED && best - now >= GIVEN_BACK {
            Some(Stop::Trailing)
        } else {
            None
        }
    }

    /// Adds a fill, and returns the gain of the part that it closed, if it closed one.
    fn fill(&mut self, fill: &Fill) -> Option<f64> {
        let lots = i64::try_from(fill.quantity.0).unwrap_or(i64::MAX);
        let lots = if fill.side == Side::Buy { lots } else { -lots };
        let price = fill.price.to_f64();
        let before = self.lots;
        let after = before.saturating_add(lots);
        let opposite = before.signum() * lots.signum() < 0;
        let closed = if opposite { before.abs().min(lots.abs()) } else { 0 };
        let gain = closed as f64 / 1e3 * (price - self.average) * self.direction();
        if after.signum() != before.signum() {
            // Opened, closed, or turned around: the present position was bought at this price.
            (self.average, self.best) = (price, price);
        } else if !opposite {
            let (had, got) = (before.abs() as f64, lots.abs() as f64);
            self.average = (self.average * had + price * got) / (had + got);
        }
        self.lots = after;
        self.mark(price);
        (closed > 0).then_some(gain)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Positions {
    by_slot: Vec<Position>,
    pub(crate) realized: f64,
    unrealized: f64,
    pub(crate) exposure: f64,
    pub(crate) open: u32,
    peak: f64,
    pub(crate) max_drawdown: f64,
    streak: u32,
    paused_until: Option<i64>,
}

impl Positions {
    pub(crate) fn of(&mut self, symbol: Symbol) -> &mut Position {
        let slot = symbol.slot();
        if slot >= self.by_slot.len() {
            self.by_slot.resize_with(slot + 1, Position::default);
        }
        &mut self.by_slot[slot]
    }

    pub(crate) fn holds(&mut self, symbol: Symbol) -> bool {
        self.of(symbol).lots != 0
    }

    /// Values a position at present prices; returns the order that closes it, if a stop demands
    /// that.
    pub(crate) fn mark(&mut self, top: &Top) -> Option<(Stop, Order)> {
        let position = self.of(top.symbol);
        if position.lots == 0 {
            return None;
        }
        let before = *position;
        position.mark(top.middle());
        let after = *position;
        self.moved(&before, &after);
        if after.leaving {
            return None;
        }
        let stop = after.stop(top.middle())?;
        self.of(top.symbol).leaving = true;
        let side = if after.lots < 0 { Side::Buy } else { Side::Sell };
        let quantity = Lots(after.lots.unsigned_abs());
        Some((stop, Order::at_touch(top, side, quantity, true)))
    }

    /// Adds a fill.
    pub(crate) fn fill(&mut self, fill: &Fill) {
        let position = self.of(fill.symbol);
        let before = *position;
        let gain = position.fill(fill);
        if fill.exit {
            position.leaving = false;
        }
        let after = *position;
        self.open += u32::from(before.lots == 0 && after.lots != 0);
        self.open -= u32::from(before.lots != 0 && after.lots == 0);
        if let Some(gain) = gain {
            self.realized += gain;
            self.streak = if gain < 0.0 { self.streak + 1 } else { 0 };
        }
        self.moved(&before, &after);
    }

    /// Reports that an order to close the position failed.
    pub(crate) fn not_left(&mut self, symbol: Symbol) {
        self.of(symbol).leaving = false;
    }

    fn moved(&mut self, before: &Position, after: &Position) {
        self.unrealized += after.unrealized - before.unrealized;
        self.exposure += after.exposure - before.exposure;
        let gain = self.realized + self.unrealized;
        self.peak = self.peak.max(gain);
        self.max_drawdown = self.max_drawdown.max(self.peak - gain);
    }

    /// Whether trading pauses from now on, and the reason.
    pub(crate) fn trips(&mut self, now: i64) -> Option<Trip> {
        if self.paused_until.is_some() {
            return None;
        }
        let fall = self.peak - self.realized - self.unrealized;
        let trip = if fall >= DRAWDOWN {
            Trip::Drawdown
        } else if self.streak >= STREAK {
            Trip::LosingStreak
        } else {
            return None;
        };
        // The cause of a pause does not cause the next one too.
        self.peak = self.realized + self.unrealized;
        self.streak = 0;
        self.paused_until = Some(now.saturating_add(PAUSE));
        Some(trip)
    }

    /// Whether trading pauses.
    pub(crate) fn paused(&mut self, now: i64) -> bool {
        self.paused_until = self.paused_until.filter(|&until| now < until);
        self.paused_until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::{Fill, Lots, Positions, Side, Stop, Symbol, Top};
    use crate::feed::Level;
    use crate::units::Price;

    fn fill(side: Side, lots: u64, price: i64) -> Fill {
        let symbol = Symbol::intern("POSITIONTEST");
        let (quantity, price) = (Lots(lots), Price(price * 100_000_000));
        Fill { symbol, side, quantity, price, latency: 0, arrival: price.to_f64(), exit: false }
    }

    fn top(price: i64) -> Top {
        let level = |price: i64| Level { price: Price(price * 100_000_000), quantity: Lots(1) };
        let symbol = Symbol::intern("POSITIONTEST");
        Top { symbol, received: 0, bid: level(price - 1), ask: level(price + 1) }
    }

    #[test]
    fn gains_are_counted_once() {
        let mut positions = Positions::default();
        positions.fill(&fill(Side::Buy, 1_000, 10_000));
        positions.fill(&fill(Side::Buy, 1_000, 10_020));
        assert_eq!((positions.open, positions.realized), (1, 0.0));
        positions.fill(&fill(Side::Sell, 3_000, 10_030));
        assert!((positions.realized - 40.0).abs() < 1e-6, "{}", positions.realized);
        assert!((positions.of(Symbol::intern("POSITIONTEST")).size() + 1.0).abs() < 1e-9);
        positions.fill(&fill(Side::Buy, 1_000, 10_000));
        assert_eq!(positions.open, 0);
        assert!((positions.realized - 70.0).abs() < 1e-6, "{}", positions.realized);
        assert!(positions.exposure.abs() < 1e-6);
    }

    #[test]
    fn a_loss_and_a_lost_gain_are_stopped_once() {
        let mut positions = Positions::default();
        positions.fill(&fill(Side::Buy, 1_000, 10_000));
        assert_eq!(positions.mark(&top(9_998)), None);
        let (stop, order) = positions.mark(&top(9_990)).unwrap();
        assert_eq!((stop, order.side, order.quantity), (Stop::Fixed, Side::Sell, Lots(1_000)));
        assert_eq!(positions.mark(&top(9_990)), None);
        positions.not_left(order.symbol);
        assert_eq!(positions.mark(&top(10_010)), None);
        assert_eq!(positions.mark(&top(10_005)).map(|(stop, _)| stop), Some(Stop::Trailing));
    }
}
