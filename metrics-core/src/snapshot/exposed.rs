//! The exposed series of a metric.

use super::cache::Cache;
use super::info::{Dimension, MetricInfo};
use super::interned::Interned;
use super::read::Data;
use super::values::{Indices, LabelValues};
use crate::directory;
use crate::names;
use crate::sync::Arc;
use std::mem;

/// The series of a metric that have a value, each in the order of their index.
#[derive(Debug, Default)]
pub(super) struct Present {
    pub(super) shown: Indices,
    /// Their values come after those of the shown ones.
    pub(super) hidden: Indices,
}

impl Present {
    pub(super) fn clear(&mut self) {
        self.shown.clear();
        self.hidden.clear();
    }

    /// Hides series that are shown so far: those with a retired value, and idle ones, by number. This
    /// is the only place that hides a series, and all iterations leave out what is hidden.
    pub(super) fn hide(
        &mut self,
        info: &MetricInfo,
        interned: &Interned,
        idle: &[u32],
        data: &mut Data,
    ) {
        let retired = info.retired(interned);
        if retired.is_none() && idle.is_empty() {
            return;
        }
        let retired = retired.unwrap_or_default();
        let is_hidden = |index: u32| {
            let mut digits = info.digits(index).zip(&retired);
            let is_retired = digits.any(|((_, digit), bits)| {
                bits.get(digit / 64).is_some_and(|word| word >> (digit % 64) & 1 == 1)
            });
            is_retired || idle.binary_search(&index).is_ok()
        };
        let all = mem::take(&mut self.shown);
        for index in all.iter() {
            let to = if is_hidden(index) { &mut self.hidden } else { &mut self.shown };
            to.push(index..index.saturating_add(1));
        }
        let mut indices = all.iter();
        data.move_back(|| indices.next().is_some_and(is_hidden));
    }
}

/// The exposed series of a metric, in the order of their index.
#[derive(Debug, Default)]
pub(super) struct Exposed {
    pub(super) indices: Indices,
    /// The series that have a value and are not exposed. Their values come after all others.
    hidden: Indices,
    /// The values of each dimension, by number.
    pub(super) values: Vec<Arc<LabelValues>>,
    pub(super) cache: Cache,
}

impl Exposed {
    /// As a successor of an earlier one for the same metric.
    pub(super) fn after(
        earlier: &Self,
        Present { shown, hidden }: Present,
        values: Vec<Arc<LabelValues>>,
    ) -> Self {
        Self { indices: shown, hidden, values, cache: earlier.cache.successor() }
    }

    /// Whether it has these series.
    pub(super) fn has(&self, present: &Present) -> bool {
        self.indices == present.shown && self.hidden == present.hidden
    }

    /// The series, hidden ones included.
    pub(super) fn present(&self) -> Present {
        Present { shown: self.indices.clone(), hidden: self.hidden.clone() }
    }

    /// The indices of all series with a value, hidden ones included, in the order of the values.
    pub(super) fn all(&self) -> impl Iterator<Item = u32> {
        self.indices.iter().chain(self.hidden.iter())
    }

    /// The number of series with a value, hidden ones included.
    pub(super) fn count(&self) -> usize {
        self.indices.len() + self.hidden.len()
    }

    /// The position of the value of a series, which may be hidden.
    pub(super) fn position(&self, index: u32) -> Option<usize> {
        let hidden = || Some(self.indices.len() + self.hidden.position(index)?);
        self.indices.position(index).or_else(hidden)
    }

    /// Names and values of all labels of a series.
    pub(super) fn labels<'a>(
        &'a self,
        info: &'a MetricInfo,
        index: u32,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        let set = if info.has_sets() { self.value(0, index) } else { "" };
        let digits = info.digits(index).zip(&self.values);
        let labels =
            digits.flat_map(|((dimension, digit), values)| dimension.labels(values.get(digit)));
        info.constants_beside(directory::pairs(set)).chain(labels)
    }

    /// A value of a dimension; empty if there is none.
    fn value(&self, dimension: usize, number: u32) -> &str {
        self.values.get(dimension).map_or("", |values| values.get(number as usize))
    }

    /// How many bytes the labels of a series are at the most, in any format.
    pub(super) fn most_label_bytes(&self, info: &MetricInfo) -> usize {
        /// Quotes, an equals sign and a comma; or two tags and three lengths.
        const AROUND: usize = 20;
        // A value's character can need a backslash.
        let label = |name: &str, value: usize| names::longest(name) + 2 * value + AROUND;
        let constants = info.metric.constants.iter();
        let constants: usize = constants.map(|(name, value)| label(name, value.len())).sum();
        let longest = |(dimension, values): (&Dimension, &Arc<LabelValues>)| {
            let all = values.iter().map(|value| {
                let labels = dimension.labels(value);
                labels.map(|(name, value)| label(name, value.len())).sum::<usize>()
            });
            all.max().unwrap_or(0)
        };
        constants + info.dimensions.iter().zip(&self.values).map(longest).sum::<usize>()
    }
}
