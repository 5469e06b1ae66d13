//! The exposed series of a metric.

use super::cache::Cache;
use super::info::MetricInfo;
use super::values::{Indices, LabelValues};
use crate::names;
use crate::sync::Arc;

/// The exposed series of a metric, in the order of their index.
#[derive(Debug, Default)]
pub(super) struct Exposed {
    pub(super) indices: Indices,
    /// The values of each dimension, by number.
    pub(super) values: Vec<Arc<LabelValues>>,
    pub(super) cache: Cache,
}

impl Exposed {
    /// As a successor of an earlier one for the same metric.
    pub(super) fn after(earlier: &Self, indices: Indices, values: Vec<Arc<LabelValues>>) -> Self {
        Self { indices, values, cache: earlier.cache.successor() }
    }

    /// Names and values of all labels of a series.
    pub(super) fn labels<'a>(
        &'a self,
        info: &'a MetricInfo,
        index: u32,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let constants = info.metric.constants.iter().map(|(name, value)| (&**name, &**value));
        let digits = info.digits(index).zip(&self.values);
        constants
            .chain(digits.map(|((dimension, digit), values)| (&*dimension.name, values.get(digit))))
    }

    /// How many bytes the labels of a series are at the most, in any format.
    pub(super) fn most_label_bytes(&self, info: &MetricInfo) -> usize {
        /// Quotes, an equals sign and a comma; or two tags and three lengths.
        const AROUND: usize = 20;
        // A value's character can need a backslash.
        let label = |name: &str, value: usize| names::longest(name) + 2 * value + AROUND;
        let constants = info.metric.constants.iter();
        let constants: usize = constants.map(|(name, value)| label(name, value.len())).sum();
        let dimensions = info.dimensions.iter().zip(&self.values);
        constants + dimensions.map(|(it, values)| label(&it.name, values.longest())).sum::<usize>()
    }
}
