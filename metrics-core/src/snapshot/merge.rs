//! Snapshots of several registries, or of several processes, as one.

use super::families::Snapshot;
use super::family::Family;
use super::metric::MetricSnapshot;
use super::values::LabelValues;
use crate::names::Escaping;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;

/// A family that [`Snapshot::merge`] left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MergeConflict {
    /// The position of its snapshot among the merged ones, from 0.
    pub snapshot: usize,
    /// Its name.
    pub name: String,
    /// The name of the family that it clashes with.
    pub with: String,
    /// The reason why they can't coexist.
    pub reason: ConflictReason,
}

/// The reason why a family can't be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConflictReason {
    /// The family of this name is exposed as another type.
    Kind,
    /// The family of this name has another unit.
    Unit,
    /// No label distinguishes its series from those of the family of this name.
    Series,
    /// It has a label that the family of this name adds to its series, such as `quantile`.
    Label,
    /// A family of another name is exposed under one of its names.
    Name,
}

impl Snapshot {
    /// Adds the families of other snapshots. Those of one name become one family, with all series.
    ///
    /// Labels must distinguish the series: [`ExternalLabels`](crate::ExternalLabels) add some to a
    /// snapshot without them. The help, the unit, the quantiles and the extremes of a family are
    /// those of the first snapshot that has it, and so is its kind: a gauge and an up-down counter
    /// merge, since both are exposed as gauges. A unit that only one of them has is no clash.
    ///
    /// Returns the families that are left out, since exposing them would be wrong or ambiguous.
    /// Each is left out as a whole, and the first one of a name stays. Names are compared in every
    /// [`Escaping`].
    ///
    /// Merging many snapshots in one call costs less than merging one after the other.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    /// use tickmetrics::{ConflictReason, ExternalLabels, Snapshot};
    ///
    /// let description = Description::new("orders_total", "Orders sent.");
    /// let (equities, options) = (Registry::new(), Registry::new());
    /// equities.register::<Counter>(&description)?.add(2);
    /// options.register::<Counter>(&description)?.add(3);
    ///
    /// let mut snapshot = equities.snapshot();
    /// ExternalLabels::new([("desk", "equities")])?.add_to(&mut snapshot);
    /// let mut other = options.snapshot();
    /// ExternalLabels::new([("desk", "options")])?.add_to(&mut other);
    /// let conflicts = snapshot.merge([other]);
    /// assert!(conflicts.is_empty());
    /// assert_eq!(snapshot.counter("orders_total", &[("desk", "equities")]), Some(2));
    /// assert_eq!(snapshot.counter("orders_total", &[("desk", "options")]), Some(3));
    ///
    /// // Without labels, the two counters would be one series.
    /// let conflicts = equities.snapshot().merge([options.snapshot()]);
    /// assert_eq!(conflicts[0].reason, ConflictReason::Series);
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    #[must_use = "it returns what is left out"]
    pub fn merge(&mut self, others: impl IntoIterator<Item = Snapshot>) -> Vec<MergeConflict> {
        let mut merged = Merged::new(self);
        let mut conflicts = Vec::new();
        for (snapshot, other) in others.into_iter().enumerate() {
            for family in other.families() {
                match merged.conflict(family) {
                    Some((with, reason)) => {
                        let (name, with) = (family.name().into(), with.name().into());
                        conflicts.push(MergeConflict { snapshot, name, with, reason });
                    }
                    None => merged.add(family),
                }
            }
        }
        *self = merged.finish();
        conflicts
    }
}

/// Families merged so far.
#[derive(Default)]
struct Merged {
    /// In the order of arrival.
    metrics: Vec<MetricSnapshot>,
    /// By name.
    families: HashMap<String, Metrics>,
    /// The owner of each name of a series, in every escaping: the position of its first metric.
    names: HashMap<String, usize>,
}

/// The metrics of one name, by their position.
struct Metrics {
    first: usize,
    /// The first constant label of the first metric that has one.
    label: Option<String>,
    /// The metrics with that label as a constant, by its value. Their series differ in it.
    by_value: HashMap<String, Vec<usize>>,
    others: Vec<usize>,
}

impl Merged {
    fn new(snapshot: &Snapshot) -> Self {
        let mut merged = Self::default();
        snapshot.families().for_each(|family| merged.add(family));
        merged
    }

    /// Adds a family without a conflict.
    fn add(&mut self, family: Family<'_>) {
        let first = self.metrics.len();
        let known = match self.families.entry(family.name().into()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) => {
                self.names.extend(series_names(family).map(|name| (name, first)));
                let (by_value, others) = (HashMap::new(), Vec::new());
                vacant.insert(Metrics { first, label: None, by_value, others })
            }
        };
        for metric in family.metrics {
            let constants = &metric.info.metric.constants;
            if known.label.is_none() {
                known.label = constants.first().map(|(name, _)| name.clone());
            }
            let at = self.metrics.len();
            match known.value_in(metric) {
                Some(value) => known.by_value.entry(value.into()).or_default().push(at),
                None => known.others.push(at),
            }
            self.metrics.push(metric.clone());
        }
    }

    /// The reason why a family can't be added, and the family that it clashes with.
    fn conflict(&self, family: Family<'_>) -> Option<(Family<'_>, ConflictReason)> {
        let Some(known) = self.families.get(family.name()) else {
            let owner = series_names(family).find_map(|name| self.names.get(&name))?;
            return Some((self.family(*owner), ConflictReason::Name));
        };
        let first = self.family(known.first);
        let units = [first.unit(), family.unit()];
        let reason = if first.kind().exposed() != family.kind().exposed() {
            ConflictReason::Kind
        } else if units[0] != units[1] && units.iter().all(|unit| !unit.is_empty()) {
            ConflictReason::Unit
        } else if has_added_label(family, first) {
            ConflictReason::Label
        } else if family.metrics.iter().any(|metric| self.can_meet(known, metric)) {
            ConflictReason::Series
        } else {
            return None;
        };
        Some((first, reason))
    }

    /// A family by its first metric.
    fn family(&self, first: usize) -> Family<'_> {
        Family { metrics: &self.metrics[first..=first] }
    }

    /// Whether a metric can have the same series as others of its name.
    fn can_meet(&self, known: &Metrics, metric: &MetricSnapshot) -> bool {
        let met = |at: &usize| can_meet(&self.metrics[*at], metric);
        let is_met = match known.value_in(metric) {
            Some(value) => known.by_value.get(value).is_some_and(|same| same.iter().any(met)),
            None => known.by_value.values().flatten().any(met),
        };
        is_met || known.others.iter().any(met)
    }

    fn finish(mut self) -> Snapshot {
        // Stable: the first of a name stays the first.
        self.metrics.sort_by(|a, b| a.info.metric.name.cmp(&b.info.metric.name));
        Snapshot { metrics: self.metrics }
    }
}

impl Metrics {
    /// A metric's value of the label that the family is indexed by.
    fn value_in<'a>(&self, metric: &'a MetricSnapshot) -> Option<&'a str> {
        let label = self.label.as_ref()?;
        let mut constants = metric.info.metric.constants.iter();
        constants.find(|(name, _)| name == label).map(|(_, value)| value.as_str())
    }
}

/// The names that a family's series can have, in every escaping.
fn series_names(family: Family<'_>) -> impl Iterator<Item = String> {
    let name = family.name();
    let escapings: &[Escaping] =
        if Escaping::is_legacy_metric(name) { &Escaping::ALL[..1] } else { &Escaping::ALL };
    let escaped = escapings.iter().map(|escaping| escaping.metric(name));
    escaped.flat_map(move |name| {
        family.exposures().map(move |series| format!("{name}{}", series.suffix))
    })
}

/// Whether a family has a label that another one of its name adds to its series.
fn has_added_label(family: Family<'_>, first: Family<'_>) -> bool {
    let mut added = first.exposures().filter_map(|series| series.label);
    added.any(|added| {
        let is_added =
            |name: &str| Escaping::ALL.into_iter().any(|escaping| escaping.label(name) == added);
        family.label_names().any(is_added)
    })
}

/// The possible values of a label.
#[derive(Clone, Copy)]
enum Possible<'a> {
    One(&'a str),
    Several(&'a LabelValues),
    Any,
}

/// A missing label equals an empty one
/// (<https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels>).
const ABSENT: Possible<'_> = Possible::One("");

impl Possible<'_> {
    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::One(one), Self::One(other)) => one == other,
            (Self::One(one), Self::Several(values)) | (Self::Several(values), Self::One(one)) => {
                values.number(one).is_some()
            }
            (Self::Several(values), Self::Several(others)) => {
                (0..values.len()).any(|number| others.number(values.get(number)).is_some())
            }
        }
    }
}

/// Whether two metrics of one name can have the same series, as any scraper reads it.
fn can_meet(one: &MetricSnapshot, other: &MetricSnapshot) -> bool {
    let are_legacy = one.info.has_legacy_labels && other.info.has_legacy_labels;
    let escapings = if are_legacy { &Escaping::ALL[..1] } else { &Escaping::ALL };
    escapings.iter().any(|&escaping| {
        let meet = |(name, values): (&str, Possible<'_>), other: &MetricSnapshot| {
            let name = escaping.label(name);
            let same = labels(other).find(|(other, _)| escaping.label(other) == name);
            // A dynamic family can have any label at any time.
            let other = if other.info.has_sets() { Possible::Any } else { ABSENT };
            values.meets(same.map_or(other, |(_, values)| values))
        };
        labels(one).all(|label| meet(label, other)) && labels(other).all(|label| meet(label, one))
    })
}

/// The names of a metric's labels, and their possible values.
fn labels(metric: &MetricSnapshot) -> impl Iterator<Item = (&str, Possible<'_>)> {
    let MetricSnapshot { info, exposed, .. } = metric;
    let constants = info.metric.constants.iter();
    let constants = constants.map(|(name, value)| (name.as_str(), Possible::One(value)));
    let named = if info.has_sets() { &[][..] } else { &info.dimensions[..] };
    let dimensions = named.iter().enumerate().map(|(at, dimension)| {
        // Interned ones can have more values at any time.
        let fixed = exposed.values.get(at).filter(|_| !dimension.is_interned());
        let values = fixed.map_or(Possible::Any, |values| Possible::Several(values));
        (dimension.name.as_str(), values)
    });
    constants.chain(dimensions)
}

impl fmt::Display for MergeConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, with, reason, .. } = self;
        write!(f, "{name:?} is left out: ")?;
        match reason {
            ConflictReason::Kind => f.write_str("a family of that name has another type"),
            ConflictReason::Unit => f.write_str("a family of that name has another unit"),
            ConflictReason::Series => f.write_str(
                "a family of that name could have the same series; give each snapshot a label of its \
                 own, by ExternalLabels",
            ),
            ConflictReason::Label => f.write_str(
                "it has a label that the family of that name adds to its series; rename the label",
            ),
            ConflictReason::Name => write!(f, "{with:?} is exposed under one of its names"),
        }
    }
}

impl std::error::Error for MergeConflict {}

#[cfg(all(test, not(tickmetrics_loom)))]
mod tests;
