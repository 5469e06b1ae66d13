//! Interned labels: their values, and the series that get cells at their first use.

use super::{DISTRIBUTION, check, install, join, layout, register, small, spawn};
use crate::directory::{self, Entry};
use crate::layout::HEAD_CELLS;
use crate::sync::process_wide;
use crate::{Counter, Histogram, Interner, Label, LabelId, Registry, Segment, Values};

process_wide! {
    static NAMES: Interner = Interner::new(Name::COUNT - 1);
}

/// A label with room for two values and `other`.
#[derive(Clone, Copy)]
pub(super) struct Name(pub(super) LabelId);

impl Label for Name {
    const NAME: &'static str = "name";
    const COUNT: usize = 3;

    fn values() -> Values {
        Values::Interned(&NAMES)
    }

    fn index(self) -> usize {
        self.0.index()
    }
}

pub(super) fn names() -> &'static Interner {
    &NAMES
}

/// The number of a value, whose string every thread with the number must be able to find.
fn intern(value: &str) -> LabelId {
    let id = NAMES.intern(value);
    if id != LabelId::OTHER {
        assert_eq!(NAMES.resolve(id), value);
    }
    id
}

/// The values in the process's directory, in their order.
fn published() -> Vec<String> {
    let (mut at, mut values) = (0, Vec::new());
    let directory = Segment::current().unwrap().directory();
    while let Some((entry, next)) = directory::read(directory, at).unwrap() {
        at = next;
        if let Entry::Value { text, .. } = entry {
            values.push(text);
        }
    }
    values
}

#[test]
fn two_threads_give_a_value_one_number() {
    check("two values interned from two threads, in opposite order", || {
        let [(a, b), (d, c)] = join(
            [["a", "b"], ["b", "a"]]
                .map(|[first, second]| spawn(move || (intern(first), intern(second)))),
        );
        assert_eq!((a, b), (c, d));
        assert_ne!(a, b);
    });
}

#[test]
fn the_directory_has_each_value_once_in_the_order_of_the_numbers() {
    check("one value interned from two threads, another after it, and a reader", || {
        install(layout(0, 8));
        let _used: Counter<Name> = register(&Registry::new(), "n");
        let one = spawn(|| (intern("a"), LabelId::OTHER));
        let two = spawn(|| (intern("a"), intern("b")));
        let reader = spawn(|| {
            let values = published();
            assert!(values.len() <= 2 && values.is_sorted(), "{values:?}");
            (LabelId::OTHER, LabelId::OTHER)
        });
        let [(a, _), (again, b), _] = join([one, two, reader]);
        assert_eq!((a.index(), again.index(), b.index()), (1, 1, 2));
        assert_eq!(published(), ["a", "b"]);
    });
}

#[test]
fn a_value_interned_while_its_label_is_first_used_is_published_once() {
    check("a value interned while a metric with its label is registered", || {
        install(layout(0, 8));
        let register = spawn(|| {
            let _used: Counter<Name> = register(&Registry::new(), "n");
        });
        let intern = spawn(|| assert_eq!(intern("a").index(), 1));
        join([register, intern]);
        assert_eq!(published(), ["a"]);
    });
}

#[test]
fn values_that_do_not_fit_are_other_and_counted() {
    check("three values interned from three threads, with room for two", || {
        install(layout(0, 8));
        let ids = join(["a", "b", "c"].map(|value| spawn(move || intern(value))));
        assert_eq!(ids.iter().filter(|&&id| id == LabelId::OTHER).count(), 1);
        assert_eq!(Segment::stats().unwrap().saturated_labels, 1);
    });
}

#[test]
fn a_value_is_found_while_the_table_grows() {
    check("two values looked up while the table that has one is replaced", || {
        assert_eq!(intern("a").index(), 1);
        let grow = spawn(|| intern("b"));
        let look = spawn(|| {
            assert_eq!(intern("a").index(), 1);
            let known: Vec<_> = NAMES.values_from(1).collect();
            assert!(known == ["a"] || known == ["a", "b"], "{known:?}");
            intern("b")
        });
        let [b, again] = join([grow, look]);
        assert_eq!((b.index(), again.index()), (2, 2));
    });
}

/// A histogram by name, with an interned value, in a segment with this many cells for it.
fn histogram(cells: usize) -> (Registry, Histogram<Name>, Name) {
    install(layout(2, cells));
    let registry = Registry::new();
    let values = registry.register(&small("h").sigfigs(1).max(2).buckets([1])).unwrap();
    (registry, values, Name(intern("a")))
}

/// The heads of three series, and the distribution of `other`.
const WITHOUT_SERIES: usize = 3 * HEAD_CELLS as usize + DISTRIBUTION;

#[test]
fn a_series_gets_its_cells_once() {
    check("one interned histogram series asked for from two threads", || {
        // A second set of cells would not fit, and would be counted.
        let (registry, values, name) = histogram(WITHOUT_SERIES + DISTRIBUTION);
        join([1, 2].map(|value| spawn(move || values.with(name).record(value))));
        let snapshot = registry.snapshot();
        let values = snapshot.histogram("h", &[("name", "a")]).unwrap();
        assert_eq!((values.count(), values.sum()), (2, 3.0));
        assert_eq!((values.min(), values.max()), (Some(1.0), Some(2.0)));
        assert_eq!(Segment::stats().unwrap().saturated_labels, 0);
    });
}

#[test]
fn two_series_get_cells_of_their_own() {
    check("two interned histogram series asked for from two threads", || {
        let (registry, values, a) = histogram(WITHOUT_SERIES + 2 * DISTRIBUTION);
        let b = Name(intern("b"));
        join([(a, 1), (b, 2)].map(|(name, value)| spawn(move || values.with(name).record(value))));
        let snapshot = registry.snapshot();
        for (name, value) in [("a", 1.0), ("b", 2.0)] {
            let values = snapshot.histogram("h", &[("name", name)]).unwrap();
            assert_eq!((values.count(), values.sum()), (1, value));
        }
    });
}

#[test]
fn other_stands_in_for_a_series_without_cells() {
    check("an interned histogram series without cells, from two threads", || {
        let (registry, values, name) = histogram(WITHOUT_SERIES);
        join([1, 2].map(|value| spawn(move || values.with(name).record(value))));
        let snapshot = registry.snapshot();
        assert_eq!(snapshot.histogram("h", &[("name", "other")]).unwrap().count(), 2);
        assert_eq!(Segment::stats().unwrap().saturated_labels, 2);
    });
}
