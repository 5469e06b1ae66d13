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
