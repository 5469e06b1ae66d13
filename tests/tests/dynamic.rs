//! Families whose labels are known only at run time, against a naive model: a map of counts.

use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;
use tests::processes::Folder;
use tickmetrics::prelude::*;
use tickmetrics::{Dynamic, DynamicMetric, ExternalLabels, Segment, SegmentReader, Value};
use tickmetrics_exporter::{encode, parse};

const CAPACITY: usize = 4;
static CASE: AtomicUsize = AtomicUsize::new(0);
const OVERFLOW: (&str, &str) = ("otel_metric_overflow", "true");
type Labels = BTreeMap<String, String>;

/// A reader of the process's segment, which the tests share. It is in a file without a name.
fn reader() -> SegmentReader {
    static FILE: OnceLock<File> = OnceLock::new();
    let file = FILE.get_or_init(|| {
        let folder = Folder::new("dynamic");
        Segment::builder().path(folder.file()).install().unwrap();
        File::open(folder.file()).unwrap()
    });
    SegmentReader::from_file(file.try_clone().unwrap(), "a file without a name").unwrap()
}

/// A registry in that segment.
fn new_registry() -> Registry {
    reader();
    Registry::new()
}

fn described(name: &str) -> Description {
    Description::new(name, "Help.")
}

/// As Prometheus reads them: an empty value is the same as none.
fn owned<'a>(labels: impl IntoIterator<Item = (&'a str, &'a str)>) -> Labels {
    let labels = labels.into_iter().filter(|(_, value)| !value.is_empty());
    labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The series of a family, and a number for each value.
fn series(snapshot: &Snapshot, name: &str) -> BTreeMap<Labels, f64> {
    let family = snapshot.family(name).unwrap();
    let series = family.series().map(|series| {
        let value = match series.value() {
            Value::Counter(count) => count as f64,
            Value::UpDown(count) => count as f64,
            Value::Gauge(value) => value,
            Value::Histogram(histogram) => histogram.count() as f64,
            other => panic!("{other:?}"),
        };
        (owned(series.labels()), value)
    });
    series.collect()
}

/// As [`series`], from the text exposition.
fn exposed(snapshot: &Snapshot, name: &str) -> BTreeMap<Labels, f64> {
    let mut text = String::new();
    encode::text(snapshot, &mut text);
    let lines = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?.strip_prefix('{').unwrap_or("");
        let (labels, value) = match rest.rsplit_once("} ") {
            Some((labels, value)) => (labels, value),
            None => ("", line.strip_prefix(name)?.strip_prefix(' ')?),
        };
        let labels = labels.split("\",").filter(|label| !label.is_empty()).map(|label| {
            let (name, value) = label.split_once("=\"").unwrap();
            (name, value.trim_end_matches('"'))
        });
        Some((owned(labels), value.parse().unwrap()))
    });
    lines.collect()
}

fn one_of(names: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(names)
}

fn label_sets() -> impl Strategy<Value = Vec<BTreeMap<&'static str, &'static str>>> {
    let label = (
        one_of(&["b", "a", "long_name", "c"]),
        one_of(&["", "1", "x y", "a-value-of-some-length"]),
    );
    let set = prop::collection::vec(label, 0..4);
    let set = set.prop_map(|labels| labels.into_iter().collect());
    prop::collection::vec(set, 0..12)
}

fn family<M: DynamicMetric>(registry: &Registry, name: &str) -> Dynamic<M> {
    registry.register_dynamic(&described(name), CAPACITY).unwrap()
}

/// One count for each, from several threads, with labels in any order.
fn record<M: DynamicMetric>(
    family: Dynamic<M>,
    sets: &[BTreeMap<&'static str, &'static str>],
    count: impl Fn(M) + Sync,
) {
    for set in sets {
        let labels: Vec<_> = set.iter().map(|(&name, &value)| (name, value)).rev().collect();
        // One after the other: which sets fit depends on the order.
        thread::scope(|scope| _ = scope.spawn(|| count(family.with(&labels))));
    }
}

fn expected(sets: &[BTreeMap<&'static str, &'static str>]) -> BTreeMap<Labels, f64> {
    let mut counts = BTreeMap::new();
    for set in sets {
        let set = owned(set.iter().map(|(&name, &value)| (name, value)));
        let fits = counts.contains_key(&set)
            || counts.keys().filter(|known| **known != owned([OVERFLOW])).count() < CAPACITY;
        *counts.entry(if fits { set } else { owned([OVERFLOW]) }).or_insert(0.0) += 1.0;
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]
    #[test]
    fn series_are_those_of_a_naive_model(sets in label_sets()) {
        let mut reader = reader();
        let registry = new_registry();
        // A reader shows one metric of each name; the registries of other cases have some, too.
        let case = CASE.fetch_add(1, Relaxed);
        let [n, open_name, price_name, wait_name, count_name] =
            ["n", "open", "price", "wait", "wait"].map(|name| format!("{name}{case}"));
        let count_name = count_name + "_count";
        record(family(&registry, &n), &sets, |counter: Counter| counter.inc());
        record(family(&registry, &open_name), &sets, |open: UpDownCounter| open.inc());
        record(family(&registry, &price_name), &sets, |price: Gauge| price.add(1.0));
        record(family(&registry, &wait_name), &sets, |wait: Histogram| wait.record(7));

        let expected = expected(&sets);
        let here = registry.snapshot();
        for name in [&n, &open_name, &price_name, &wait_name] {
            prop_assert_eq!(&series(&here, name), &expected);
        }
        for name in [&n, &open_name, &price_name, &count_name] {
            prop_assert_eq!(&exposed(&here, name), &expected, "{}", name);
        }
        for (labels, count) in &expected {
            let labels: Vec<_> = labels.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            prop_assert_eq!(here.counter(&n, &labels).map(|it| it as f64), Some(*count));
        }
        let there = reader.snapshot().unwrap();
        for name in [&n, &open_name, &price_name, &wait_name] {
            prop_assert_eq!(&series(&there, name), &expected);
        }
        // The same family again.
        let again: Dynamic<Counter> = family(&registry, &n);
        if let Some(known) = sets.first() {
            let known: Vec<_> = known.iter().map(|(&name, &value)| (name, value)).collect();
            again.with(&known).inc();
            let count = expected[&owned(known.iter().copied())] + 1.0;
            let now = registry.snapshot().counter(&n, &known);
            prop_assert_eq!(now.map(|it| it as f64), Some(count));
        }
    }
}

#[test]
fn labels_that_can_t_be_are_counted_as_those_that_did_not_fit() {
    let registry = new_registry();
    let description = described("n").constant("host", "ny4");
    let family: Dynamic<Histogram> = registry.register_dynamic(&description, 10).unwrap();
    let long = "x".repeat(1100);
    family.with(&[("a.b", "1")]).record(1);
    let refused: [&[(&str, &str)]; 10] = [
        &[("", "x")],
        &[("__name__", "x")],
        &[("le", "1")],
        &[("host", "x")],
        &[("a", "1"), ("a", "2")],
        &[("a_b", "1")],
        &[("a\n", "1")],
        // Scrapers that do not take all names would have the series for all that did not fit twice.
        &[("otel.metric.overflow", "true")],
        // This family's quantiles could be exposed in a later run.
        &[("quantile", "1")],
        &[("a", &long)],
    ];
    for labels in refused {
        let error = family.try_with(labels).unwrap_err();
        assert!(labels.iter().any(|(name, _)| *name == error.label()), "{error}");
        family.with(labels).record(1);
    }
    let many: Vec<String> = (0..200).map(|at| format!("n{at}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "1")).collect();
    assert!(family.try_with(&many).is_err());
    let counts = series(&registry.snapshot(), "n");
    let host = ("host", "ny4");
    assert_eq!(
        counts,
        BTreeMap::from([(owned([host, ("a.b", "1")]), 1.0), (owned([host, OVERFLOW]), 10.0)])
    );
}

#[test]
fn a_label_without_a_value_is_none() {
    let registry = new_registry();
    let family: Dynamic<Counter> = registry.register_dynamic(&described("n"), 10).unwrap();
    let many: Vec<String> = (0..20).map(|at| format!("n{at:02}")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), "")).collect();
    for labels in
        [&[("b", ""), ("a", "1"), ("le", "")][..], &[("a", "1")], &[("a", "1"), ("c", "")]]
    {
        family.with(labels).inc();
        assert_eq!(
            registry.snapshot().counter("n", labels),
            registry.snapshot().counter("n", &[("a", "1")])
        );
    }
    family.with(&many).inc();
    family.with(&[]).inc();
    family.with(&[("otel_metric_overflow", "true"), ("a", "")]).inc();
    let counts = [(owned([("a", "1")]), 3.0), (owned([]), 2.0), (owned([OVERFLOW]), 1.0)];
    assert_eq!(exposed(&registry.snapshot(), "n"), BTreeMap::from(counts));
    assert_eq!(registry.snapshot().family("n").unwrap().series_count(), 3);
    assert!(family.retire(&[("a", "1"), ("b", "")]));
    assert_eq!(registry.snapshot().family("n").unwrap().series_count(), 2);
}

#[test]
fn values_of_any_text_come_back() {
    let mut reader = reader();
    let registry = new_registry();
    let family: Dynamic<Gauge> = registry.register_dynamic(&described("odd"), 100).unwrap();
    let values = [" ", "\0", "a\"b\\c\nd", "日本", "\u{14}\0", "{}", "\u{7f}\u{7f}"];
    for (at, value) in values.iter().enumerate() {
        family
            .with(&[("é", value), ("plain", "other"), ("z", "x".repeat(900).as_str())])
            .set(at as f64);
    }
    for snapshot in [registry.snapshot(), reader.snapshot().unwrap()] {
        let labels: BTreeSet<_> = series(&snapshot, "odd").into_keys().collect();
        assert_eq!(labels.len(), values.len());
        for value in values {
            assert!(labels.iter().any(|labels| labels["é"] == value && labels["plain"] == "other"));
        }
        let mut text = String::new();
        encode::text(&snapshot, &mut text);
        let limits = parse::Limits::default();
        parse::text(text.as_bytes(), &limits).unwrap();
    }
}

#[test]
fn one_name_is_of_one_way_to_register() {
    let registry = new_registry();
    registry.register::<Counter>(&described("plain_total")).unwrap();
    registry.register::<Counter<bool>>(&described("flag_total")).unwrap();
    registry.register_dynamic::<Counter>(&described("dynamic_total"), 9).unwrap();
    let dynamic = |name| registry.register_dynamic::<Counter>(&described(name), 9);
    for name in ["plain_total", "flag_total"] {
        println!("{}", dynamic(name).unwrap_err());
    }
    assert!(registry.register::<Counter>(&described("dynamic_total")).is_err());
    assert!(registry.register::<Counter<bool>>(&described("dynamic_total")).is_err());
    assert!(registry.register_dynamic::<Gauge>(&described("dynamic_total"), 9).is_err());
    for most in [0, 8, (1 << 24) + 1, usize::MAX] {
        let again = registry.register_dynamic::<Counter>(&described("dynamic_total"), most);
        assert!(again.is_err(), "{most}");
    }
    dynamic("dynamic_total").unwrap().with(&[]).inc();
    assert_eq!(registry.snapshot().counter("dynamic_total", &[]), Some(1));
}

#[test]
fn a_series_keeps_its_own_value_of_an_external_label() {
    let registry = new_registry();
    let family: Dynamic<Counter> = registry.register_dynamic(&described("n"), 9).unwrap();
    family.with(&[("desk", "own")]).inc();
    family.with(&[("a", "1")]).inc();
    let mut external = ExternalLabels::new([("desk", "options"), ("host", "ny4")]).unwrap();
    let mut snapshot = registry.snapshot();
    external.add_to(&mut snapshot);
    let labels = [
        owned([("host", "ny4"), ("desk", "own")]),
        owned([("host", "ny4"), ("desk", "options"), ("a", "1")]),
    ];
    assert!(series(&snapshot, "n").into_keys().eq(BTreeSet::from(labels.clone())));
    assert!(exposed(&snapshot, "n").into_keys().eq(BTreeSet::from(labels)));
}

#[test]
fn idle_series_are_hidden_and_return_with_their_counts() {
    tickmetrics::with_mock_clock(|clock| {
        let registry = new_registry();
        let [most, second] = [59, 1].map(Duration::from_secs);
        let minute = most + second;
        let idle = |name| described(name).idle(minute);
        let counter: Dynamic<Counter> = registry.register_dynamic(&idle("n"), 9).unwrap();
        let wait: Dynamic<Histogram> = registry.register_dynamic(&idle("wait"), 9).unwrap();
        let price: Dynamic<Gauge> = registry.register_dynamic(&idle("price"), 9).unwrap();
        let [kept, busy] = ["kept", "busy"].map(|value| counter.with(&[("a", value)]));
        let (waited, price) = (wait.with(&[]), price.with(&[]));
        kept.add(2);
        busy.inc();
        waited.record(5);
        price.set(5.0);
        let shown = || {
            let snapshot = registry.snapshot();
            let count = |name| snapshot.family(name).unwrap().series_count();
            [count("n"), count("wait"), count("price")]
        };
        assert_eq!(shown(), [2, 1, 1]);
        clock.advance(most);
        busy.inc();
        assert_eq!(shown(), [2, 1, 1]);
        clock.advance(second);
        assert_eq!(shown(), [1, 0, 0]);
        // Sums and look-ups have what is hidden.
        assert_eq!(registry.snapshot().get(&kept), Some(2));
        assert_eq!(registry.snapshot().counter("n", &[("a", "kept")]), Some(2));
        kept.inc();
        waited.record(5);
        price.set(6.0);
        assert_eq!(shown(), [2, 1, 1]);
        assert_eq!(registry.snapshot().counter("n", &[("a", "kept")]), Some(3));
        clock.advance(minute);
        assert_eq!(shown(), [0, 0, 0]);
        // A retired one stays hidden, though it changes, until it is asked for.
        assert!(counter.retire(&[("a", "kept")]) && !counter.retire(&[("a", "kept")]));
        kept.inc();
        assert_eq!(shown(), [0, 0, 0]);
        counter.with(&[("a", "kept")]).inc();
        assert_eq!(registry.snapshot().counter("n", &[("a", "kept")]), Some(5));
        assert_eq!(shown(), [1, 0, 0]);
    });
}
