//! Checks of orders. It stands for a library of older days, which counts with the crate `prometheus`
//! and logs with the crate `log`.

use prometheus::{IntCounterVec, register_int_counter_vec};

/// The most of an order.
const MOST_QUANTITY: u32 = 1_000;

/// Clones share the counts.
#[derive(Clone)]
pub(crate) struct Limits {
    checks: IntCounterVec,
}

impl Limits {
    /// In the default registry of `prometheus`, once.
    pub(crate) fn new() -> Result<Self, prometheus::Error> {
        let help = "Orders that were checked, by result.";
        Ok(Self { checks: register_int_counter_vec!("limits_checks_total", help, &["result"])? })
    }

    /// Whether an order of this quantity is let through.
    pub(crate) fn allow(&self, quantity: u32) -> bool {
        let allowed = (1..=MOST_QUANTITY).contains(&quantity);
        let result = if allowed { "allowed" } else { "refused" };
        self.checks.with_label_values(&[result]).inc();
        if allowed {
            log::info!("an order of {quantity} is allowed");
        } else {
            log::warn!("an order of {quantity} is refused: the limits are 1 and {MOST_QUANTITY}");
        }
        allowed
    }
}
