//! The labels of a metric, for encoders.

use super::exposed::Exposed;
use super::info::MetricInfo;
use super::values::LabelValues;
use crate::sync::Arc;
use std::any::Any;
use std::ptr;

/// The labels that all series of a metric have, with their values.
///
/// A series is a [number](crate::Series::index). Its labels are the constant ones, and one value of
/// each variable label:
///
/// ```
/// use tickmetrics::prelude::*;
///
/// #[derive(Clone, Copy, Label)]
/// enum Side {
///     Buy,
///     Sell,
/// }
///
/// let registry = Registry::new();
/// registry.register::<Counter<(Side, bool)>>(&Description::new("orders_total", "Orders."))?;
///
/// let snapshot = registry.snapshot();
/// for series in snapshot.family("orders_total").unwrap().series() {
///     let mut rest = series.index();
///     for (label, expected) in series.metric_labels().variable().zip(series.labels()) {
///         let value = label.values().nth((rest / label.stride()) as usize).unwrap();
///         assert_eq!((label.name(), value), expected);
///         rest %= label.stride();
///     }
/// }
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
#[derive(Clone, Copy)]
pub struct MetricLabels<'a> {
    pub(super) info: &'a MetricInfo,
    pub(super) exposed: &'a Arc<Exposed>,
}

/// A label with one of several values in each series of a metric.
#[derive(Clone, Copy)]
pub struct VariableLabel<'a> {
    metric: MetricLabels<'a>,
    at: usize,
}

impl<'a> MetricLabels<'a> {
    /// Names and values of the labels with one value for all series.
    pub fn constant(self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.info.metric.constants.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The labels whose values differ from series to series, the one with the greatest stride
    /// first. None for a dynamic family.
    pub fn variable(self) -> impl Iterator<Item = VariableLabel<'a>> + use<'a> {
        let count = if self.info.has_sets() { 0 } else { self.info.dimensions.len() };
        (0..count).map(move |at| VariableLabel { metric: self, at })
    }

    /// All labels of each series of a [`Dynamic`](crate::Dynamic) family, constant ones first, by the
    /// number of the series. `None` for other metrics, whose series have the same names of labels.
    pub fn sets(
        self,
    ) -> Option<impl ExactSizeIterator<Item = impl Iterator<Item = (&'a str, &'a str)>> + use<'a>>
    {
        let Self { info, exposed } = self;
        let count = exposed.values.first().map_or(0, |values| values.len());
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        info.has_sets().then(|| (0..count).map(move |index| exposed.labels(info, index)))
    }

    /// The most series of a [`Dynamic`](crate::Dynamic) family; `None` for other metrics.
    pub fn most_sets(self) -> Option<usize> {
        let dimension = self.info.dimensions.first().filter(|dimension| dimension.has_sets())?;
        Some(dimension.count.saturating_sub(1))
    }

    /// Whether both are the labels of one metric in snapshots with the same series.
    #[inline]
    pub fn is_same(self, other: Self) -> bool {
        ptr::eq(self.exposed, other.exposed)
    }

    /// What an encoder computed for these labels, kept from snapshot to snapshot. There is one
    /// result of each type.
    ///
    /// `make` computes it if there is none. It gets the result for an earlier snapshot of the same
    /// metric, if there is one: since then, labels can only have got further values.
    pub fn get_or_make<T: Any + Send + Sync>(self, make: impl FnOnce(Option<&T>) -> T) -> &'a T {
        self.exposed.cache.get_or_make(make)
    }
}

impl<'a> VariableLabel<'a> {
    /// The name.
    pub fn name(self) -> &'a str {
        &self.metric.info.dimensions[self.at].name
    }

    /// The difference between the numbers of two series that have consecutive values of this label,
    /// and the same of all others. At least 1.
    pub fn stride(self) -> u32 {
        self.metric.info.dimensions[self.at].below.max(1)
    }

    /// The most values that are [interned](crate::Interner) besides `other`; `None` where the label's
    /// type has fixed values. Without an interned label, all series of a metric exist from its
    /// registration.
    pub fn capacity(self) -> Option<usize> {
        let dimension = &self.metric.info.dimensions[self.at];
        dimension.is_interned().then(|| dimension.count.saturating_sub(1))
    }

    /// The values, by number.
    pub fn values(self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        // A metric that never had a series has no other values yet.
        let fixed = self.metric.info.dimensions[self.at].fixed();
        let values = fixed.or_else(|| self.metric.exposed.values.get(self.at).map(|it| &**it));
        let count = values.map_or(0, LabelValues::len);
        (0..count).map(move |number| values.map_or("", |values| values.get(number)))
    }
}
