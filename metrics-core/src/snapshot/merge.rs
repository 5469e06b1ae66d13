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
        let meet = |(name, values): (&str, Possible<'_>), other| {
            let name = escaping.label(name);
            let same = labels(other).find(|(other, _)| escaping.label(other) == name);
            values.meets(same.map_or(ABSENT, |(_, values)| values))
        };
        labels(one).all(|label| meet(label, other)) && labels(other).all(|label| meet(label, one))
    })
}

/// The names of a metric's labels, and their possible values.
fn labels(metric: &MetricSnapshot) -> impl Iterator<Item = (&str, Possible<'_>)> {
    let MetricSnapshot { info, exposed, .. } = metric;
    let constants = info.metric.constants.iter();
    let constants = constants.map(|(name, value)| (name.as_str(), Possible::One(value)));
    let dimensions = info.dimensions.iter().enumerate().map(|(at, dimension)| {
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
mod tests {
    use super::{ConflictReason, Escaping};
    use crate::prelude::*;
    use crate::{ExternalLabels, Kind, Snapshot};
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    fn described(name: &str) -> Description {
        Description::new(name, "Help.")
    }

    fn with_process(registry: &Registry, process: &str) -> Snapshot {
        let mut snapshot = registry.snapshot();
        ExternalLabels::new([("process", process)]).unwrap().add_to(&mut snapshot);
        snapshot
    }

    fn reasons(one: &Snapshot, other: Snapshot) -> Vec<(String, String, ConflictReason)> {
        let conflicts = one.clone().merge([other]);
        conflicts.into_iter().map(|it| (it.name, it.with, it.reason)).collect()
    }

    #[test]
    fn families_of_one_name_are_one() {
        let (feed, risk) = (Registry::new(), Registry::new());
        feed.register::<Counter>(&described("ticks_total")).unwrap().add(3);
        let otherwise = Description::new("ticks_total", "Said otherwise.");
        risk.register::<Counter<bool>>(&otherwise).unwrap().with(true).add(4);
        risk.register::<Gauge>(&described("after")).unwrap().set(1.5);
        risk.register::<UpDownCounter>(&described("level")).unwrap().add(2);
        feed.register::<Gauge>(&described("level")).unwrap().set(1.0);
        let mut all = Snapshot::default();
        let none = Snapshot::default();
        let both = [with_process(&feed, "feed"), none, with_process(&risk, "risk")];
        assert_eq!(all.merge(both), []);

        let names: Vec<_> = all.families().map(|family| family.name()).collect();
        assert_eq!(names, ["after", "level", "ticks_total"]);
        let ticks = all.family("ticks_total").unwrap();
        let series: Vec<Vec<_>> = ticks.series().map(|series| series.labels().collect()).collect();
        let expected = [
            &[("process", "feed")][..],
            &[("process", "risk"), ("flag", "false")],
            &[("process", "risk"), ("flag", "true")],
        ];
        assert_eq!(series, expected);
        assert_eq!(ticks.help(), "Help.");
        let labels = [("flag", "true"), ("process", "risk")];
        assert_eq!(all.counter("ticks_total", &labels), Some(4));
        assert_eq!(all.gauge("level", &[("process", "risk")]), Some(2.0));
        assert_eq!(all.family("level").unwrap().kind(), Kind::Gauge);
    }

    #[test]
    fn unmergeable_families_are_returned() {
        use ConflictReason::{Kind, Label, Name, Series, Unit};
        let one = Registry::new();
        one.register::<Counter>(&described("ticks")).unwrap();
        one.register::<Counter>(&described("work_seconds_total").unit("seconds")).unwrap();
        one.register::<Counter<bool>>(&described("both_total")).unwrap();
        one.register::<Histogram>(&described("wait").quantiles([0.5])).unwrap();
        one.register::<Gauge>(&described("late_max")).unwrap();
        one.register::<Gauge>(&described("a.b")).unwrap();
        let other = Registry::new();
        other.register::<Gauge>(&described("ticks")).unwrap();
        other.register::<Counter>(&described("work_seconds_total").unit("joules")).unwrap();
        other.register::<Counter<bool>>(&described("both_total")).unwrap();
        let label = described("wait").constant("quantile", "mine");
        other.register::<Histogram>(&label).unwrap();
        other.register::<Counter>(&described("wait_quantiles_sum")).unwrap();
        other.register::<Histogram>(&described("late").extremes()).unwrap();
        other.register::<Gauge>(&described("a_dot_b")).unwrap();
        other.register::<Gauge>(&described("fine")).unwrap();
        let expected = [
            ("a_dot_b", "a.b", Name),
            ("both_total", "both_total", Series),
            ("late", "late_max", Name),
            ("ticks", "ticks", Kind),
            ("wait", "wait", Label),
            ("wait_quantiles_sum", "wait", Name),
            ("work_seconds_total", "work_seconds_total", Unit),
        ];
        let expected = expected.map(|(name, with, reason)| (name.into(), with.into(), reason));
        assert_eq!(reasons(&one.snapshot(), other.snapshot()), expected);
        // Labels of their own have no effect but to distinguish the series.
        let left = reasons(&with_process(&one, "1"), with_process(&other, "2"));
        assert_eq!(left.len(), expected.len() - 1);
    }

    /// An interned label can have any value later, and an escaped name can be another's.
    #[test]
    fn series_that_could_be_the_same_are_not_merged() {
        #[derive(Clone, Copy, crate::Label)]
        #[label(capacity = 8, crate = crate)]
        struct Symbol(LabelId);
        let of = |description: &Description| {
            let registry = Registry::new();
            registry.register::<Counter>(description).unwrap();
            registry.snapshot()
        };
        let interned = Registry::new();
        interned.register::<Counter<Symbol>>(&described("a_total")).unwrap();
        let labelled = |name: &str, value: &str| of(&described("a_total").constant(name, value));
        for (one, other, is_same) in [
            (interned.snapshot(), labelled("symbol", "X"), true),
            (interned.snapshot(), interned.snapshot(), true),
            (labelled("x", ""), of(&described("a_total")), true),
            (labelled("x", "1"), of(&described("a_total")), false),
            (labelled("x.y", "1"), labelled("x_y", "1"), true),
            (labelled("x.y", "1"), labelled("x_y", "2"), false),
            (labelled("x", "1"), labelled("y", "1"), false),
        ] {
            let reasons = [reasons(&one, other.clone()), reasons(&other, one)];
            assert!(reasons.iter().all(|it| it.is_empty() != is_same), "{reasons:?}");
        }
    }

    /// A metric of one series: its name, whether it is a counter, its labels, its value.
    type One = (&'static str, bool, BTreeMap<&'static str, &'static str>, u8);

    fn ones() -> impl Strategy<Value = Vec<One>> {
        let name = prop::sample::select(vec!["a", "b", "a.b", "a_b", "c"]);
        let labels = prop::collection::btree_map(
            prop::sample::select(vec!["x", "x.y", "x_y", "z"]),
            prop::sample::select(vec!["", "1", "2"]),
            0..3,
        );
        prop::collection::vec((name, any::<bool>(), labels, any::<u8>()), 0..7)
    }

    /// The part of these that a snapshot has, and the snapshot.
    fn snapshot(ones: &[One]) -> (Vec<One>, Snapshot) {
        let mut snapshot = Snapshot::default();
        let mut taken = Vec::new();
        for one in ones {
            let (name, is_counter, labels, value) = one;
            let with = |to: Description, (name, value): (&&str, &&str)| to.constant(*name, *value);
            let description = labels.iter().fold(described(name), with);
            let added = if *is_counter {
                snapshot.add_counter(&description, f64::from(*value))
            } else {
                snapshot.add_gauge(&description, f64::from(*value))
            };
            taken.extend(added.is_ok().then(|| one.clone()));
        }
        (taken, snapshot)
    }

    /// A series as a scraper reads it.
    fn read(escaping: Escaping, (name, _, labels, _): &One) -> (String, BTreeMap<String, String>) {
        let labels = labels.iter().filter(|(_, value)| !value.is_empty());
        let labels = labels.map(|(name, value)| (escaping.label(name).into(), (*value).into()));
        (escaping.metric(name).into(), labels.collect())
    }

    /// Whether a family can coexist with others, series by series.
    fn fits(family: &[&One], others: &[One]) -> bool {
        // An existing family has its names already.
        let is_new = |name: &str| others.iter().all(|other| other.0 != name);
        let clash = |one: &One, other: &One| {
            let of_kind = one.0 == other.0 && one.1 != other.1;
            let same = Escaping::ALL.into_iter().any(|escaping| {
                let [one_read, other_read] = [one, other].map(|it| read(escaping, it));
                let has_name = one.0 != other.0 && one_read.0 == other_read.0;
                one.0 == other.0 && one_read == other_read || has_name && is_new(one.0)
            });
            of_kind || same
        };
        !family.iter().any(|one| others.iter().any(|other| clash(one, other)))
    }

    proptest! {
        #[test]
        fn it_is_what_a_list_of_series_has(all in prop::collection::vec(ones(), 1..5)) {
            let all: Vec<_> = all.iter().map(|ones| snapshot(ones)).collect();
            let (mut expected, mut merged) = all[0].clone();
            let mut left_out = Vec::new();
            for (number, (ones, _)) in all[1..].iter().enumerate() {
                let names: BTreeSet<_> = ones.iter().map(|one| one.0).collect();
                for name in names {
                    let family: Vec<_> = ones.iter().filter(|one| one.0 == name).collect();
                    if fits(&family, &expected) {
                        expected.extend(family.into_iter().cloned());
                    } else {
                        left_out.push((number, name.to_owned()));
                    }
                }
            }
            let others = all[1..].iter().map(|(_, snapshot)| snapshot.clone());
            let conflicts = merged.merge(others);
            let conflicts: Vec<_> = conflicts.into_iter().map(|it| (it.snapshot, it.name)).collect();
            prop_assert_eq!(conflicts, left_out);
            prop_assert!(merged.families().is_sorted_by_key(|family| family.name().to_owned()));
            let count: usize = merged.families().map(|family| family.series_count()).sum();
            prop_assert_eq!(count, expected.len());
            for (name, _, labels, value) in &expected {
                let labels: Vec<_> = labels.iter().map(|(&name, &value)| (name, value)).collect();
                let found = match merged.value(name, &labels) {
                    Some(crate::Value::Gauge(found) | crate::Value::Quantity(found)) => found,
                    other => panic!("{name} {labels:?}: {other:?}"),
                };
                prop_assert_eq!(found, f64::from(*value));
            }
        }
    }
}
