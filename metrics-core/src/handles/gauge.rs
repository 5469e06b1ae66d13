use super::block::Block;
use super::number::Number;
use crate::cell::Level;
use crate::layout::gauge::{decode, encode};
use crate::shard;
use crate::sync::Relaxed;
use std::time::Duration;

/// A value that is set directly: a price, a limit, a connection's state.
///
/// All threads share one cell, and the last `set` wins. A gauge without labels reads 0 before its
/// first `set`.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let price: Gauge = registry.register(&Description::new("price", "Last price."))?;
/// price.set(61_800.2);
/// assert_eq!(registry.snapshot().gauge("price", &[]), Some(61_800.2));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub struct Gauge<L = ()> {
    pub(crate) cells: Block<L, Level>,
    /// Nanoseconds to an exported unit of time, 1 to 10^9; 1 if the unit is not one of time.
    pub(crate) per_unit: u32,
}

plain_value!(Gauge; cells);

impl Gauge {
    /// Sets the value, in exported units: seconds if the [unit](crate::Description::unit) is
    /// `seconds`.
    #[inline]
    pub fn set(&self, value: impl Number) {
        if let Some(cell) = shard::shared(self.cells.first.cell()) {
            // Relaxed: a gauge says nothing about other memory.
            cell.store(encode(value.to_f64()), Relaxed);
        }
    }

    /// Adds to the value, in exported units. Before the first `set` the value is 0.
    ///
    /// All threads share the value. So this is a locked instruction, and several of them if threads
    /// add at once. An [`UpDownCounter`](crate::UpDownCounter) costs a plain add.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let registry = Registry::new();
    /// let exposure: Gauge = registry.register(&Description::new("exposure", "Exposure."))?;
    /// exposure.set(100);
    /// exposure.add(2.5);
    /// exposure.dec();
    /// assert_eq!(exposure.get(), 101.5);
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    pub fn add(&self, value: impl Number) {
        let Some(cell) = shard::shared(self.cells.first.cell()) else { return };
        let value = value.to_f64();
        let mut before = cell.load(Relaxed);
        loop {
            let after = encode(decode(before).unwrap_or(0.0) + value);
            // Relaxed, as in `set`: the order of changes to one cell is the same for all.
            match cell.compare_exchange_weak(before, after, Relaxed, Relaxed) {
                Ok(_) => return,
                Err(now) => before = now,
            }
        }
    }

    /// Subtracts from the value, as [`add`](Gauge::add) adds to it.
    pub fn sub(&self, value: impl Number) {
        self.add(-value.to_f64());
    }

    /// Adds 1, as [`add`](Gauge::add).
    pub fn inc(&self) {
        self.add(1.0);
    }

    /// Subtracts 1, as [`add`](Gauge::add).
    pub fn dec(&self) {
        self.add(-1.0);
    }

    /// Sets the value to a duration, in the gauge's unit of time; without one, in nanoseconds.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    /// use std::time::Duration;
    ///
    /// let registry = Registry::new();
    /// let age: Gauge =
    ///     registry.register(&Description::new("quote_age_seconds", "Age.").unit("seconds"))?;
    /// age.set_duration(Duration::from_millis(1_500));
    /// assert_eq!(registry.snapshot().gauge("quote_age_seconds", &[]), Some(1.5));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    #[inline]
    pub fn set_duration(&self, duration: Duration) {
        self.set(duration.as_nanos() as f64 / f64::from(self.per_unit));
    }

    /// The last value set by any thread; 0 before the first `set`.
    pub fn get(&self) -> f64 {
        shard::shared(self.cells.first.cell())
            .and_then(|cell| decode(cell.load(Relaxed)))
            .unwrap_or(0.0)
    }
}
