//! A simulated exchange's order entry: it refuses, fills and cancels, after a while. Time is the
//! feed's, so the same feed gives the same fills. It has no metrics: the service around it has
//! them.

use super::metrics::{Endpoint, Reject, Status};
use super::{Fill, Order};
use crate::feed::{Side, Symbol};
use crate::market_data::Top;

/// The most requests at once, and the number that each second adds.
const REQUESTS: f64 = 60.0;
const REQUESTS_A_SECOND: f64 = 40.0;
/// The least nanoseconds in transit, and the average beyond that.
const WAY: i64 = 400_000;
const WAIT: f64 = 900_000.0;
/// Nanoseconds until an order that is not filled is cancelled.
const PATIENCE: i64 = 400_000_000;

/// A request to the venue and its answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) endpoint: Endpoint,
    pub(crate) status: Status,
    /// Nanoseconds.
    pub(crate) latency: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Report {
    Filled(Fill),
    Cancelled(Order, Call),
}

/// An order at the venue.
#[derive(Clone, Copy, Debug)]
struct Resting {
    order: Order,
    submitted: i64,
    /// When it reaches the book.
    live: i64,
}

/// The counts so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) submitted: u64,
    pub(crate) filled: u64,
    pub(crate) refused: u64,
    pub(crate) cancelled: u64,
}

#[derive(Debug)]
pub(crate) struct Venue {
    random: fastrand::Rng,
    /// By [`Symbol::slot`].
    resting: Vec<Vec<Resting>>,
    /// The requests that are allowed, as of a time.
    allowed: f64,
    counted: Option<i64>,
    pub(crate) tally: Tally,
}

impl Venue {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: fastrand::Rng::with_seed(seed),
            resting: Vec::new(),
            allowed: REQUESTS,
            counted: None,
            tally: Tally::default(),
        }
    }

    pub(crate) fn allowed(&self) -> f64 {
        self.allowed.floor()
    }

    /// Accepts an order, or refuses it.
    pub(crate) fn submit(&mut self, order: Order, now: i64) -> (Call, Result<(), Reject>) {
        self.tally.submitted += 1;
        let latency = self.latency();
        let (status, taken) = if self.spend(now) {
            match self.random.u32(0..200) {
                0..=3 => (Status::BadRequest, Err(Reject::InsufficientMargin)),
                4 => (Status::Unavailable, Err(Reject::Unavailable)),
                _ => (Status::Ok, Ok(())),
            }
        } else {
            (Status::TooManyRequests, Err(Reject::RateLimit))
        };
        if taken.is_ok() {
            let live = now.saturating_add(latency);
            self.orders(order.symbol).push(Resting { order, submitted: now, live });
        } else {
            self.tally.refused += 1;
        }
        (Call { endpoint: Endpoint::Order, status, latency: latency.unsigned_abs() }, taken)
    }

    /// The number of open orders.
    #[cfg(test)]
    pub(crate) fn open(&self) -> u64 {
        self.resting.iter().map(|orders| orders.len() as u64).sum()
    }

    /// Whether it has orders for a symbol.
    pub(crate) fn has(&self, symbol: Symbol) -> bool {
        self.resting.get(symbol.slot()).is_some_and(|orders| !orders.is_empty())
    }

    /// The effect of the best prices on one of the orders: it is filled, or it is too old. `None`
    /// once there is nothing more to report.
    pub(crate) fn report(&mut self, top: &Top) -> Option<Report> {
        let now = top.received;
        let marketable = |order: &Order| match order.side {
            Side::Buy => top.ask.price <= order.limit,
            Side::Sell => top.bid.price >= order.limit,
        };
        let ends = |resting: &Resting| {
            let old = now.saturating_sub(resting.submitted) >= PATIENCE;
            now >= resting.live && (marketable(&resting.order) || old)
        };
        let orders = self.orders(top.symbol);
        let at = orders.iter().position(ends)?;
        let Resting { order, submitted, .. } = orders.swap_remove(at);
        if marketable(&order) {
            self.tally.filled += 1;
            let Order { symbol, side, quantity, arrival, exit, .. } = order;
            let latency = now.saturating_sub(submitted).max(0).unsigned_abs();
            let price = top.offer(side).price;
            Some(Report::Filled(Fill { symbol, side, quantity, price, latency, arrival, exit }))
        } else {
            self.tally.cancelled += 1;
            // It counts as a request, and is never refused.
            self.spend(now);
            let latency = self.latency().unsigned_abs();
            let call = Call { endpoint: Endpoint::Cancel, status: Status::Ok, latency };
            Some(Report::Cancelled(order, call))
        }
    }

    fn orders(&mut self, symbol: Symbol) -> &mut Vec<Resting> {
        let slot = symbol.slot();
        if slot >= self.resting.len() {
            self.resting.resize_with(slot + 1, Vec::new);
        }
        &mut self.resting[slot]
    }

    /// Uses one of the allowed requests, if there is one.
    fn spend(&mut self, now: i64) -> bool {
        let passed = now.saturating_sub(self.counted.replace(now).unwrap_or(now)).max(0);
        self.allowed = (self.allowed + passed as f64 / 1e9 * REQUESTS_A_SECOND).min(REQUESTS);
        let enough = self.allowed >= 1.0;
        if enough {
            self.allowed -= 1.0;
        }
        enough
    }

    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
    fn latency(&mut self) -> i64 {
        WAY.saturating_add((-WAIT * (1.0 - self.random.f64()).ln()) as i64)
    }
}
