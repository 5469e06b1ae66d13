//! Bucket edges. Prometheus knows only from them how many values are up to a bound.

use super::Of;
use crate::errors::Errors;
use crate::quantity::{DEFAULT_MAX, Units};
use syn::Lit;

/// The edges of a histogram without `buckets`, for times and for other quantities: the lists of
/// `metrics-core/src/registry/description.rs`.
const DURATIONS: [u64; 17] = [
    100,
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
];
const QUANTITIES: [u64; 13] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    100_000_000_000,
    1_000_000_000_000,
];

pub(super) struct Edges {
    units: Units,
    max: u64,
    /// `None` if any bound is possible, or if the list has an error.
    rising: Option<Vec<u64>>,
    is_default: bool,
}

impl Edges {
    pub(super) fn of(of: &Of) -> Self {
        let (units, max) = (of.units(), of.metric.max.unwrap_or(DEFAULT_MAX));
        let is_whole = |edges: &&Vec<u64>| {
            let declared = of.raw.attributes.buckets.as_ref().map_or(0, Vec::len);
            edges.len() == declared
        };
        let rising = match (&of.metric.buckets, of.metric.native) {
            (_, Some(_)) => None,
            (Some(edges), None) => Some(edges).filter(is_whole).cloned(),
            (None, None) => {
                let default: &[u64] =
                    if let Units::Time(_) = units { &DURATIONS } else { &QUANTITIES };
                Some(default.iter().copied().take_while(|&edge| edge <= max).collect())
            }
        };
        Self { units, max, rising, is_default: of.metric.buckets.is_none() }
    }

    /// A bound in recorded units. Values up to it are counted.
    pub(super) fn bound(&self, literal: &Lit, errors: &mut Errors) -> Option<u64> {
        let bound = errors.keep(self.units.recorded(literal))?;
        let text = self.units.text(bound);
        if bound == 0 {
            errors.at(literal, "a bound is more than 0");
        } else if bound > self.max {
            let max = self.units.text(self.max);
            errors.at(
                literal,
                format!(
                    "`{text}` is above the metric's `max`, {max}: values are told apart up to it"
                ),
            );
        } else if let Some(edges) = &self.rising
            && !edges.contains(&bound)
        {
            let below = edges.iter().rev().find(|&&edge| edge < bound);
            let above = edges.iter().find(|&&edge| edge > bound);
            let near: Vec<String> =
                below.into_iter().chain(above).map(|&edge| self.units.text(edge)).collect();
            let near = near.join(" or ");
            let add = if self.is_default { "list `buckets` with" } else { "add to `buckets`" };
            let quote = if let Units::Time(_) = self.units { "\"" } else { "" };
            errors.at(
                literal,
                format!(
                    "`{text}` is no bucket edge, so nobody knows how many values are up to it: \
                     choose {near}, or {add} {quote}{text}{quote}"
                ),
            );
        } else {
            return Some(bound);
        }
        None
    }

    /// The largest edge, beyond which a quantile is never found.
    pub(super) fn top(&self) -> Option<u64> {
        self.rising.as_ref()?.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::{DURATIONS, QUANTITIES};
    use tickmetrics::prelude::*;

    #[test]
    fn default_edges_are_those_of_core() {
        let registry = Registry::new();
        for (name, unit) in [("wait_nanoseconds", "nanoseconds"), ("size", "")] {
            let description = Description::new(name, "Help.").unit(unit);
            registry.register::<Histogram>(&description.max(u64::MAX)).unwrap();
        }
        let snapshot = registry.snapshot();
        let edges =
            |name: &str| -> Vec<f64> { snapshot.family(name).unwrap().bucket_edges().collect() };
        assert_eq!(edges("wait_nanoseconds"), DURATIONS.map(|edge| edge as f64));
        assert_eq!(edges("size"), QUANTITIES.map(|edge| edge as f64));
    }
}
