//! The orders that a service has at hand. It stands for a library that counts through the crate
//! `metrics`, as those of reth do.

use metrics::{Counter, Gauge, Histogram};
use metrics_derive::Metrics;
use std::time::Instant;

#[derive(Clone, Metrics)]
#[metrics(scope = "pool")]
struct PoolMetrics {
    /// Orders that came in.
    inserted_orders: Counter,
    /// Orders that have no outcome yet.
    pending_orders: Gauge,
    /// Time from an order to its outcome.
    order_seconds: Histogram,
}

/// Clones share the orders.
#[derive(Clone)]
pub(crate) struct Pool(PoolMetrics);

/// An order in the pool, until it is dropped.
pub(crate) struct Pending<'p> {
    pool: &'p Pool,
    since: Instant,
}

impl Pool {
    /// Make it once the recorder is there: its metrics belong to that one.
    pub(crate) fn new() -> Self {
        Self(PoolMetrics::default())
    }

    pub(crate) fn insert(&self) -> Pending<'_> {
        self.0.inserted_orders.increment(1);
        self.0.pending_orders.increment(1);
        Pending { pool: self, since: Instant::now() }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.pool.0.pending_orders.decrement(1);
        self.pool.0.order_seconds.record(self.since.elapsed());
    }
}
