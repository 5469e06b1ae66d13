//! Functions that a snapshot calls for values: labels, units, removal, and functions that
//! misbehave.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use tickmetrics::prelude::*;
use tickmetrics::{FunctionGuard, Value};

#[derive(Clone, Copy, Label)]
enum Venue {
    Xnas,
    Xnys,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 2)]
struct Symbol(LabelId);

fn described(name: &str) -> Description {
    Description::new(name, "Help.")
}

/// A function's answer, which the test sets.
fn settable<T: Clone + Send + 'static>(first: T) -> (Arc<Mutex<T>>, impl Fn() -> T) {
    let answer = Arc::new(Mutex::new(first));
    let read = Arc::clone(&answer);
    (answer, move || read.lock().unwrap().clone())
}

/// All series of a registry in one line each, as a reader of the exposition would have them.
fn series(registry: &Registry) -> Vec<String> {
    let snapshot = registry.snapshot();
    let families: Vec<_> = snapshot.families().collect();
    let series = families.iter().flat_map(|family| {
        let line = |one: tickmetrics::Series<'_>| {
            format!(
                "{}{{{}}} {:?}",
                family.name(),
                tickmetrics_exporter::encode::label_text(one),
                one.value()
            )
        };
        family.series().map(line)
    });
    series.collect()
}

#[test]
fn values_come_by_label_under_a_description() {
    let registry = Registry::new();
    let (depths, answer) = settable(vec![(Venue::Xnys, 7_usize), (Venue::Xnas, 2)]);
    let description = described("wait_bytes").unit("bytes").constant("desk", "options");
    let guard = registry.gauge_fn_with(&description, answer).unwrap();
    // Before and behind it in the order of names, and with a cell.
    registry.register::<Counter>(&described("a_total")).unwrap().inc();
    registry.register::<Gauge>(&described("z")).unwrap().set(1);
    let expected = [
        r"a_total{} Counter(1)",
        r#"wait_bytes{desk="options",venue="xnas"} Gauge(2.0)"#,
        r#"wait_bytes{desk="options",venue="xnys"} Gauge(7.0)"#,
        r"z{} Gauge(1.0)",
    ];
    assert_eq!(series(&registry), expected);
    let snapshot = registry.snapshot();
    let family = snapshot.family("wait_bytes").unwrap();
    assert_eq!((family.unit(), family.help()), ("bytes", "Help."));
    let xnas = snapshot.gauge("wait_bytes", &[("venue", "xnas"), ("desk", "options")]);
    assert_eq!(xnas, Some(2.0));

    // A series missing from a result is missing; of two results for one series the last one stays.
    *depths.lock().unwrap() = vec![(Venue::Xnas, 1), (Venue::Xnas, 3)];
    let xnas = [r#"wait_bytes{desk="options",venue="xnas"} Gauge(3.0)"#];
    assert_eq!(series(&registry)[1..2], xnas);
    depths.lock().unwrap().clear();
    assert!(registry.snapshot().family("wait_bytes").is_none());
    drop(guard);
}

#[test]
fn interned_labels_come_as_they_are_met() {
    let registry = Registry::new();
    let (answer, function) = settable(vec![("AAPL", 1_u64)]);
    let intern = move || -> Vec<(Symbol, u64)> {
        function().into_iter().map(|(symbol, count)| (Symbol::intern(symbol), count)).collect()
    };
    registry.counter_fn_with(&described("n_total"), intern).unwrap().forget();
    assert_eq!(series(&registry), [r#"n_total{symbol="AAPL"} Counter(1)"#]);
    *answer.lock().unwrap() = vec![("MSFT", 2), ("AAPL", 3), ("TSLA", 10), ("IBM", 20)];
    // There are two values, and the others share one series.
    let expected = [
        r#"n_total{symbol="other"} Counter(30)"#,
        r#"n_total{symbol="AAPL"} Counter(3)"#,
        r#"n_total{symbol="MSFT"} Counter(2)"#,
    ];
    assert_eq!(series(&registry), expected);
}

#[test]
fn counts_do_not_fall_and_have_differences() {
    let registry = Registry::new();
    let (count, answer) = settable(Some(5_u64));
    let guard = registry.counter_fn_with(&described("n_total"), answer).unwrap();
    let value = || registry.snapshot().counter("n_total", &[]);
    let first = registry.snapshot();
    for (answered, shown) in [(9, 9), (3, 9), (9, 9), (10, 10)] {
        *count.lock().unwrap() = Some(answered);
        assert_eq!(value(), Some(shown));
    }
    assert_eq!(registry.snapshot().since(&first).counter("n_total", &[]), Some(5));
    *count.lock().unwrap() = None;
    assert_eq!(value(), None);
    *count.lock().unwrap() = Some(1);
    assert_eq!(value(), Some(10), "also after a gap");
    // Another function begins anew.
    drop(guard);
    registry.counter_fn("n_total", "Help.", || 1).unwrap();
    assert_eq!(value(), Some(1));
    // Nanoseconds, as any counter of a unit of time.
    let time = described("busy_seconds_total").unit("seconds");
    registry.counter_fn_with(&time, || 1_500_000_000_u64).unwrap().forget();
    let busy = registry.snapshot();
    let busy = busy.value("busy_seconds_total", &[]);
    assert!(matches!(busy, Some(Value::Quantity(1.5))), "{busy:?}");
}

#[test]
fn a_function_is_checked_as_any_metric() {
    let registry = Registry::new();
    let gauge = |description: Description| {
        registry.gauge_fn_with(&description, || 1).map(FunctionGuard::forget)
    };
    gauge(described("taken").constant("of", "a")).unwrap();
    registry.register::<Histogram>(&described("wait")).unwrap();
    for (asked, expected) in [
        (described("taken").constant("of", "a"), "its own"),
        (described("taken").constant("for", "a"), "list of labels"),
        (Description::new("taken", "Other.").constant("of", "b"), "help"),
        (described("wait"), "histogram"),
        (described("wait_count"), "exposed as"),
        (described(""), "name"),
        (described("g").unit("ms"), "milliseconds"),
        (described("g").constant("__x", ""), "label"),
        (described("g").scale(2.0), "scale"),
        ((0..200).fold(described("g"), |to, n| to.constant(format!("l{n}"), "")), "128 labels"),
    ] {
        let error = gauge(asked).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    // Nothing else takes its names, and it shares its name with other values of its labels.
    for asked in [described("taken").constant("of", "a"), described("taken")] {
        registry.register::<Gauge>(&asked).unwrap_err();
    }
    gauge(described("parts")).unwrap();
    registry.register::<Counter>(&described("taken_total")).unwrap();
    let with_cells = registry.register::<Gauge>(&described("taken").constant("of", "b")).unwrap();
    with_cells.set(4);
    assert_eq!(registry.snapshot().family("taken").unwrap().series_count(), 2);
    assert_eq!(registry.snapshot().get(&with_cells), Some(4.0));
    // No handle finds a function's series.
    let counter = registry.register::<Counter>(&described("c_total")).unwrap();
    registry
        .counter_fn_with(&described("b_total"), || vec![(Venue::Xnas, 7_u64)])
        .unwrap()
        .forget();
    counter.inc();
    assert_eq!(registry.snapshot().get(&counter), Some(1));
}

#[test]
fn a_dropped_guard_frees_the_names_and_drops_the_function() {
    let registry = Registry::new();
    let held = Arc::new(());
    for round in 0..3_u32 {
        let keep = Arc::clone(&held);
        let answer = move || vec![(Venue::Xnas, round as usize + Arc::strong_count(&keep))];
        let guard = registry.gauge_fn_with(&described("depth"), answer).unwrap();
        assert!(registry.gauge_fn_with(&described("depth"), || 0).is_err());
        assert_eq!(
            registry.snapshot().gauge("depth", &[("venue", "xnas")]),
            Some(2.0 + f64::from(round))
        );
        drop(guard);
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(registry.snapshot().is_empty());
    }
    // The name is free for any other metric, with other labels, of another kind, or a part of one.
    drop(registry.gauge_fn_with(&described("depth_count"), || 1).unwrap());
    registry.register::<Histogram>(&described("depth")).unwrap();
    // One series goes, and the name stays taken by the others.
    let of = |queue: &str| described("queue").constant("of", queue);
    let a = registry.gauge_fn_with(&of("a"), || 1).unwrap();
    let b = registry.gauge_fn_with(&of("b"), || 2).unwrap();
    drop(a);
    assert_eq!(registry.snapshot().family("queue").unwrap().series_count(), 1);
    assert!(registry.register::<Counter>(&described("queue")).is_err());
    drop(b);
    registry.register::<Counter>(&described("queue")).unwrap();
    // A guard may outlive its registry.
    let guard = Registry::new().gauge_fn_with(&described("a"), || 1).unwrap();
    drop(guard);
}

struct Thrown;

impl Drop for Thrown {
    fn drop(&mut self) {
        panic!("a function's state throws");
    }
}

#[test]
fn a_function_that_panics_spoils_its_own_values_alone() {
    let registry = Registry::new();
    let fails = |_: u32| -> u64 { panic!("a function's panic") };
    registry.gauge_fn_with(&described("plain"), move || fails(0)).unwrap().forget();
    registry.gauge_fn_with(&described("labelled"), move || [(true, fails(0))]).unwrap().forget();
    registry.counter_fn_with(&described("counter_total"), move || fails(0)).unwrap().forget();
    registry.gauge_fn_with(&described("sound"), || 3).unwrap().forget();
    for _ in 0..2 {
        assert_eq!(series(&registry), ["plain{} Gauge(NaN)", "sound{} Gauge(3.0)"]);
    }
    // Its captures may panic when they are dropped.
    let thrown = Arc::new(Thrown);
    let held = move || Arc::strong_count(&thrown);
    drop(registry.gauge_fn_with(&described("thrown"), held).unwrap());
    registry.register::<Counter>(&described("thrown")).unwrap();
}

#[test]
fn a_function_may_use_its_registry() {
    let registry = Registry::new();
    let inner = registry.clone();
    let rounds = AtomicU64::new(0);
    let uses = move || {
        let nested = inner.snapshot();
        let round = rounds.fetch_add(1, Ordering::Relaxed);
        inner.register::<Counter>(&described(&format!("c{round}_total"))).unwrap().inc();
        let guard = inner.gauge_fn_with(&described("short"), || 1).unwrap();
        drop(guard);
        inner.gauge_fn_with(&described(&format!("g{round}")), || 1).unwrap().forget();
        nested.families().count()
    };
    registry.gauge_fn_with(&described("families"), uses).unwrap().forget();
    // The first nested snapshot has nothing yet, and a function that was added is asked by the next.
    assert_eq!(series(&registry), ["c0_total{} Counter(1)", "families{} Gauge(0.0)"]);
    let second = [
        "c0_total{} Counter(1)",
        "c1_total{} Counter(1)",
        "families{} Gauge(2.0)",
        "g0{} Gauge(1.0)",
    ];
    assert_eq!(series(&registry), second);
}

#[test]
fn a_function_may_drop_its_own_guard_and_give_its_name_away() {
    let registry = Registry::new();
    let (inner, own) = (registry.clone(), Arc::new(Mutex::new(None::<FunctionGuard>)));
    let held = Arc::clone(&own);
    let ends = move || {
        if held.lock().unwrap().take().is_some() {
            // The series must not be there twice.
            inner.register::<Gauge>(&described("own")).unwrap().set(8);
        }
        7
    };
    *own.lock().unwrap() = Some(registry.gauge_fn_with(&described("own"), ends).unwrap());
    assert_eq!(series(&registry), ["own{} Gauge(8.0)"]);
    assert_eq!(Arc::strong_count(&own), 1, "the function is dropped");
}

#[test]
fn a_function_that_blocks_holds_its_own_snapshot_alone() {
    let registry = Registry::new();
    let ((started, has_started), (go_on, may_go_on)) = (channel(), channel::<()>());
    let (may_go_on, inner) = (Mutex::new(may_go_on), registry.clone());
    let first = AtomicU64::new(0);
    let blocks = move || {
        if first.fetch_add(1, Ordering::Relaxed) == 0 {
            started.send(()).unwrap();
            may_go_on.lock().unwrap().recv().unwrap();
        }
        5
    };
    let guard = registry.gauge_fn_with(&described("slow"), blocks).unwrap();
    let snapshot = thread::spawn(move || inner.snapshot());
    has_started.recv().unwrap();
    registry.register::<Counter>(&described("meanwhile_total")).unwrap().inc();
    let expected = ["meanwhile_total{} Counter(1)", "slow{} Gauge(5.0)"];
    assert_eq!(series(&registry), expected);
    // Nor does the guard wait for it.
    drop(guard);
    registry.gauge_fn_with(&described("slow"), || 6).unwrap().forget();
    go_on.send(()).unwrap();
    let snapshot = snapshot.join().unwrap();
    assert!(snapshot.family("slow").is_none(), "it was removed meanwhile");
    assert_eq!(registry.snapshot().gauge("slow", &[]), Some(6.0));
}

#[test]
fn counts_rise_whoever_asks() {
    let registry = Registry::new();
    let count = AtomicU64::new(0);
    let next = move || count.fetch_add(1, Ordering::Relaxed);
    registry.counter_fn_with(&described("n_total"), next).unwrap().forget();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = 0;
                for _ in 0..500 {
                    let now = registry.snapshot().counter("n_total", &[]).unwrap();
                    assert!(now >= last, "{last}, then {now}");
                    last = now;
                }
            });
        }
    });
    assert_eq!(registry.snapshot().counter("n_total", &[]), Some(1500));
}
