//! Look-ups in a snapshot by handle, without a name.

use super::families::Snapshot;
use super::histogram::HistogramSnapshot;
use super::metric::MetricSnapshot;
use super::read::Data;
use crate::cell;
use crate::directory::Kind;
use crate::handles::{Block, Counter, Gauge, Histogram, UpDownCounter};
use crate::labels::Labels;
use std::ops::Range;

/// A handle for [`Snapshot::get`]: a [`Counter`] or an [`UpDownCounter`], whose series are all
/// added up; a [`Gauge`] or a [`Histogram`] of one series. Sealed.
pub trait Handle: sealed::Sealed {
    /// The value in a snapshot.
    type Value<'a>;

    /// See [`Snapshot::get`].
    #[doc(hidden)]
    fn value<'a>(&self, snapshot: &'a Snapshot) -> Option<Self::Value<'a>>;
}

mod sealed {
    pub trait Sealed {}
}

impl Snapshot {
    /// The value of a handle of this process: a series, or the sum of a counter's series if the
    /// handle has labels. `None` if the metric is not in the snapshot, or the one series has no
    /// value yet. Series of [retired](crate::Interner#retired-values) values count, too.
    ///
    /// The handle's registry must be the snapshot's. A snapshot of another process's segment has
    /// other metrics, and its result would be meaningless.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// #[derive(Clone, Copy, Label)]
    /// enum Side { Buy, Sell }
    ///
    /// let registry = Registry::new();
    /// let orders: Counter<Side> = registry.register(&Description::new("orders_total", "Orders."))?;
    /// orders.with(Side::Buy).add(2);
    /// orders.with(Side::Sell).inc();
    /// let snapshot = registry.snapshot();
    /// assert_eq!(snapshot.get(&orders.with(Side::Buy)), Some(2));
    /// assert_eq!(snapshot.get(&orders), Some(3));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    pub fn get<H: Handle>(&self, handle: &H) -> Option<H::Value<'_>> {
        handle.value(self)
    }

    /// The values of a metric, and which of them are the block's.
    fn values_of<L: Labels, K: cell::Kind>(
        &self,
        block: Block<L, K>,
        kind: Kind,
    ) -> Option<(&Data, Range<usize>)> {
        if block.is_sink() {
            return None;
        }
        self.metrics.iter().find_map(|MetricSnapshot { info, exposed, data, .. }| {
            let metric = &info.metric;
            let index = block.first.number().checked_sub(metric.first)? / K::CELLS;
            if metric.kind != kind || index >= metric.series {
                return None;
            }
            if L::SERIES > 1 {
                return Some((&**data, 0..exposed.count()));
            }
            let at = exposed.position(index)?;
            Some((&**data, at..at + 1))
        })
    }
}

impl<L: Labels> sealed::Sealed for Counter<L> {}

/// In recorded units, at most `u64::MAX`.
impl<L: Labels> Handle for Counter<L> {
    type Value<'a> = u64;

    fn value(&self, snapshot: &Snapshot) -> Option<u64> {
        let (data, own) = snapshot.values_of(self.cells, Kind::Counter)?;
        let sum: u128 = match data {
            Data::Counter(values) => values.get(own)?.iter().map(|&value| u128::from(value)).sum(),
            Data::Wide(values) => values.get(own)?.iter().sum(),
            _ => return None,
        };
        Some(u64::try_from(sum).unwrap_or(u64::MAX))
    }
}

impl<L: Labels> sealed::Sealed for UpDownCounter<L> {}

/// Modulo 2^64.
impl<L: Labels> Handle for UpDownCounter<L> {
    type Value<'a> = i64;

    fn value(&self, snapshot: &Snapshot) -> Option<i64> {
        let (data, own) = snapshot.values_of(self.cells, Kind::UpDownCounter)?;
        let Data::UpDown(values) = data else { return None };
        Some(values.get(own)?.iter().fold(0, |sum: i64, &value| sum.wrapping_add(value)))
    }
}

impl sealed::Sealed for Gauge {}

impl Handle for Gauge {
    type Value<'a> = f64;

    fn value(&self, snapshot: &Snapshot) -> Option<f64> {
        let (data, own) = snapshot.values_of(self.cells, Kind::Gauge)?;
        let Data::Gauge(values) = data else { return None };
        values.get(own.start).copied()
    }
}

impl sealed::Sealed for Histogram {}

impl Handle for Histogram {
    type Value<'a> = &'a HistogramSnapshot;

    fn value<'a>(&self, snapshot: &'a Snapshot) -> Option<&'a HistogramSnapshot> {
        let (data, own) = snapshot.values_of(self.heads(), Kind::Histogram)?;
        let Data::Histogram(values) = data else { return None };
        values.get(own.start)
    }
}
