//! Retired values of an interned label: their series are hidden and return.

use super::labels::{Name, names};
use super::{check, install, join, layout, register, spawn};
use crate::shard;
use crate::sync::Relaxed;
use crate::{Counter, LabelId, Registry, Segment};

const A: [(&str, &str); 1] = [("name", "a")];

/// A counter with a series that has one count.
fn counter() -> (Registry, Counter<Name>) {
    install(layout(2, 8));
    let registry = Registry::new();
    let counter: Counter<Name> = register(&registry, "n");
    counter.with(Name(names().intern("a"))).inc();
    // The model's first thread only sets up and checks.
    shard::detach();
    (registry, counter)
}

/// The exposed series, and all counts together.
fn shown(registry: &Registry, counter: &Counter<Name>) -> (usize, u64) {
    let snapshot = registry.snapshot();
    (snapshot.family("n").unwrap().series_count(), snapshot.get(counter).unwrap())
}

/// Interns the value, counts, and sees the series.
fn return_and_count(registry: &Registry, counter: &Counter<Name>) {
    counter.with(Name(names().intern("a"))).inc();
    let (series, count) = shown(registry, counter);
    assert_eq!(series, 1);
    assert!(count >= 2, "{count}");
}

/// Whether a reader of the segment finds the value retired.
fn is_retired_in_the_segment() -> bool {
    // The first metric's label has the first shared cell.
    Segment::current().unwrap().shared()[0].load(Relaxed) == 1 << 1
}

#[test]
fn whoever_sees_a_series_hidden_brings_it_back() {
    check("a value retired, and interned by a thread that sees its series hidden", || {
        let (registry, counter) = counter();
        let retire = spawn(|| assert!(names().retire("a")));
        let look = {
            let registry = registry.clone();
            spawn(move || {
                if shown(&registry, &counter).0 == 0 {
                    return_and_count(&registry, &counter);
                }
            })
        };
        join([retire, look]);
        let (series, count) = shown(&registry, &counter);
        assert_eq!(series == 0, is_retired_in_the_segment());
        assert_eq!(count, 1 + series as u64, "hidden series count in the sum");
    });
}

#[test]
fn a_series_is_shown_to_whoever_interns_its_value() {
    check("a retired value interned from two threads", || {
        let (registry, counter) = counter();
        assert!(names().retire("a") && !names().retire("a"));
        assert!(is_retired_in_the_segment());
        join([(), ()].map(|()| {
            let registry = registry.clone();
            spawn(move || return_and_count(&registry, &counter))
        }));
        assert_eq!(registry.snapshot().counter("n", &A), Some(3));
        assert!(!is_retired_in_the_segment());
    });
}

#[test]
fn no_count_falls_while_a_value_is_retired_and_returns() {
    check("a value retired, counted by a kept handle and interned, and two snapshots", || {
        let (registry, counter) = counter();
        let kept = counter.with(Name(names().intern("a")));
        let turn = spawn(move || {
            assert!(names().retire("a"));
            kept.inc();
            counter.with(Name(names().intern("a"))).inc();
        });
        let look = {
            let registry = registry.clone();
            spawn(move || {
                let before = registry.snapshot();
                let after = registry.snapshot();
                assert!(after.counter("n", &A) >= before.counter("n", &A));
                assert!(after.get(&counter) >= before.get(&counter));
            })
        };
        join([turn, look]);
        assert_eq!(shown(&registry, &counter), (1, 3));
    });
}

#[test]
fn a_value_stays_retired_while_the_table_grows() {
    check("a value retired while another one makes the table grow", || {
        let (registry, counter) = counter();
        let retire = spawn(|| assert!(names().retire("a")));
        let grow = spawn(move || {
            counter.with(Name(names().intern("b"))).inc();
            assert!(names().intern("b") != LabelId::OTHER);
        });
        join([retire, grow]);
        assert_eq!(shown(&registry, &counter), (1, 2));
        assert_eq!(names().intern("a").index(), 1);
        assert_eq!(shown(&registry, &counter), (2, 2));
    });
}

#[test]
fn a_retired_value_returns_from_a_full_table() {
    check("a retired value interned from two threads, and a third that does not fit", || {
        let (registry, counter) = counter();
        assert!(names().intern("b") != LabelId::OTHER && names().retire("a"));
        let full = spawn(|| names().intern("c"));
        let [full, a, again] =
            join([full, spawn(|| names().intern("a")), spawn(|| names().intern("a"))]);
        assert_eq!((full, a.index(), again.index()), (LabelId::OTHER, 1, 1));
        assert_eq!(shown(&registry, &counter), (1, 1));
    });
}
