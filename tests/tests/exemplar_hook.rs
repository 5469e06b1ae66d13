//! The hook that names the trace of a thread. In a process of its own, since the hook is set once.

use std::cell::Cell;
use std::sync::Once;
use std::time::Duration;
use tests::exemplars::ids;
use tickmetrics::exemplar::{self, Scope};
use tickmetrics::{Segment, prelude::*};

thread_local! {
    /// How often this thread's hook was asked.
    static ASKED: Cell<u32> = const { Cell::new(0) };
    /// What the hook records before it answers.
    static RECORDS: Cell<Option<Histogram>> = const { Cell::new(None) };
}

fn hook() -> Option<(u128, u64)> {
    ASKED.set(ASKED.get() + 1);
    if let Some(histogram) = RECORDS.get() {
        histogram.record(1);
    }
    exemplar::current()
}

/// How often the hook was asked since the last call of this.
fn asked() -> u32 {
    ASKED.take()
}

fn described() -> Description {
    Description::new("wait_seconds", "Waited.").unit("seconds").exemplars()
}

fn register(description: &Description) -> (Registry, Histogram) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        Segment::builder().shards(8).install().unwrap();
        exemplar::set_hook(hook).unwrap();
    });
    let registry = Registry::new();
    let wait = registry.register(description).unwrap();
    (registry, wait)
}

/// Nanoseconds, trace and span of the kept values.
fn kept(registry: &Registry) -> Vec<(u64, u128, u64)> {
    let snapshot = registry.snapshot();
    let wait = snapshot.histogram("wait_seconds", &[]).unwrap();
    // 2^64 is the largest value, rounded.
    let nanos = |seconds: f64| format!("{:.0}", seconds * 1e9).parse().unwrap_or(u64::MAX);
    wait.exemplars().map(|one| (nanos(one.value), one.trace_id, one.span_id)).collect()
}

fn scope(value: u64) -> Scope {
    let (trace, span) = ids(value);
    Scope::enter(trace, span)
}

/// What is kept of a value of its own trace.
fn own(value: u64) -> (u64, u128, u64) {
    let (trace, span) = ids(value);
    (value, trace, span)
}

#[test]
fn the_hook_is_asked_when_an_exemplar_is_due() {
    let (registry, wait) = register(&described().exemplar_period(Duration::from_secs(5)));
    tickmetrics::with_mock_clock(|clock| {
        wait.record(3);
        assert_eq!((kept(&registry), asked()), (vec![], 1), "no trace");
        let values = [(0, 1), (7, 1), (3, 0), (9, 1), (9, 0), (8, 0)];
        for (value, asks) in values {
            let _scope = scope(value);
            wait.record(value);
            assert_eq!(asked(), asks, "{value}");
        }
        assert_eq!(kept(&registry), [own(9)]);
        clock.advance(Duration::from_millis(4_999));
        let _scope = scope(2);
        wait.record(2);
        assert_eq!((kept(&registry), asked()), (vec![own(9)], 0), "not for its time");
        clock.advance(Duration::from_millis(1));
        wait.record(2);
        assert_eq!((kept(&registry), asked()), (vec![own(2)], 1), "for its time");
    });
    assert_eq!(registry.snapshot().histogram("wait_seconds", &[]).unwrap().count(), 9);
}

#[test]
fn every_way_to_record_asks() {
    let (registry, wait) = register(&described().exemplar_period(Duration::ZERO));
    let is = |value: u64, of: u64, what: &str| {
        let (_, trace, span) = own(of);
        let newest = kept(&registry).into_iter().find(|one| one.1 == trace);
        assert_eq!(newest, Some((value, trace, span)), "{what}");
    };
    let recorded = |of: u64, record: &dyn Fn()| {
        let _scope = scope(of);
        record();
    };
    recorded(1, &|| wait.record(5));
    is(5, 1, "record");
    recorded(2, &|| wait.record_duration(Duration::from_nanos(6)));
    is(6, 2, "record_duration");
    recorded(3, &|| wait.record_f64(7e-9));
    is(7, 3, "record_f64");
    recorded(4, &|| wait.record_signed(8));
    is(8, 4, "record_signed");
    recorded(5, &|| wait.record(u64::MAX));
    assert_eq!(kept(&registry).last().unwrap().1, ids(5).0, "above the maximum");
    recorded(6, &|| wait.record_n(9, 2));
    recorded(7, &|| wait.record_signed(-1));
    let traces: Vec<u128> = kept(&registry).iter().map(|one| one.1).collect();
    assert!(!traces.contains(&ids(6).0) && !traces.contains(&ids(7).0), "as documented");
    tickmetrics::with_mock_clock(|clock| {
        recorded(8, &|| {
            let timer = wait.start();
            clock.advance(Duration::from_micros(3));
            drop(timer);
        });
        is(3_000, 8, "a timer");
        recorded(9, &|| {
            let timer = wait.start();
            clock.advance(Duration::from_micros(4));
            timer.stop();
        });
        is(4_000, 9, "stop");
    });
    assert_eq!(registry.snapshot().histogram("wait_seconds", &[]).unwrap().count(), 9);
}

#[test]
fn ids_of_the_caller_come_first() {
    let (registry, wait) = register(&described().exemplar_period(Duration::ZERO));
    let _scope = scope(1);
    let (trace, span) = ids(2);
    wait.record_with_exemplar(5, trace, span);
    assert_eq!((kept(&registry), asked()), (vec![(5, trace, span)], 0));
    wait.record_with_exemplar(6, 0, 0);
    assert_eq!((kept(&registry), asked()), (vec![(5, trace, span)], 0), "no trace");
    wait.record(7);
    assert_eq!((kept(&registry), asked()), (vec![(7, ids(1).0, ids(1).1)], 1));
}

#[test]
fn a_hook_that_records_is_not_asked_again() {
    let (registry, wait) = register(&described().exemplar_period(Duration::ZERO));
    RECORDS.set(Some(wait));
    let _scope = scope(5);
    wait.record(5);
    assert_eq!(asked(), 1);
    assert_eq!(kept(&registry), [own(5)]);
    assert_eq!(registry.snapshot().histogram("wait_seconds", &[]).unwrap().count(), 2);
}

#[test]
fn metrics_that_do_not_ask_have_none() {
    let (registry, wait) = register(&Description::new("wait_seconds", "Waited.").unit("seconds"));
    let _scope = scope(5);
    wait.record(5);
    drop(wait.start());
    assert_eq!((kept(&registry), asked()), (vec![], 0));
}

#[test]
fn a_series_of_each_label_has_its_own() {
    #[derive(Clone, Copy, Label)]
    #[label(capacity = 4)]
    struct Symbol(LabelId);

    register(&described());
    let registry = Registry::new();
    let by_symbol: Histogram<Symbol> = registry.register(&described()).unwrap();
    for (value, symbol) in [(1, "a"), (2, "b")] {
        let _scope = scope(value);
        by_symbol.with(Symbol::intern(symbol)).record(value);
    }
    let snapshot = registry.snapshot();
    for (value, symbol) in [(1, "a"), (2, "b")] {
        let one = snapshot.histogram("wait_seconds", &[("symbol", symbol)]).unwrap();
        let traces: Vec<_> = one.exemplars().map(|one| one.trace_id).collect();
        assert_eq!(traces, [ids(value).0]);
    }
}

#[timed(exemplars)]
fn timed() {}

#[timed]
fn timed_plainly() {}

#[test]
fn functions_that_ask_and_others_are_one_metric() {
    timed_plainly();
    timed();
    let snapshot = Registry::global().snapshot();
    for function in ["timed_plainly", "timed"] {
        let labels = [("module", module_path!()), ("function", function)];
        let times = snapshot.histogram("function_duration_seconds", &labels);
        assert!(times.is_some_and(|times| times.count() > 0), "{function}");
    }
}

#[timed(exemplars, outcome)]
async fn timed_with_outcome() -> Result<(), ()> {
    Ok(())
}

#[test]
fn timed_functions_ask() {
    register(&described());
    let _scope = scope(3);
    timed();
    let future = std::pin::pin!(timed_with_outcome());
    assert!(matches!(tests::polling::poll(future), std::task::Poll::Ready(Ok(()))));
    let snapshot = Registry::global().snapshot();
    let module = ("module", module_path!());
    for labels in [
        vec![module, ("function", "timed")],
        vec![module, ("function", "timed_with_outcome"), ("outcome", "ok")],
    ] {
        let series = snapshot.histogram("function_duration_seconds", &labels).unwrap();
        let traces: Vec<_> = series.exemplars().map(|one| one.trace_id).collect();
        assert_eq!(traces, [ids(3).0], "{labels:?}");
    }
}

#[test]
fn extremes_and_sums_are_those_of_a_metric_that_does_not_ask() {
    let (asking, wait) = register(&described());
    let (plain, other) = register(&Description::new("wait_seconds", "Waited.").unit("seconds"));
    let random = (0..20_000u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (n % 64));
    for (n, value) in random.enumerate() {
        let _scope = scope(value);
        if n % 7 == 0 {
            wait.record_with_exemplar(value, 1, 1);
        } else {
            wait.record(value);
        }
        other.record(value);
    }
    let (asking, plain) = (asking.snapshot(), plain.snapshot());
    let of = |snapshot: &Snapshot| {
        let wait = snapshot.histogram("wait_seconds", &[]).unwrap();
        let cells: Vec<_> = wait.cells().collect();
        (wait.count(), wait.sum(), wait.min(), wait.max(), cells)
    };
    assert_eq!(of(&asking), of(&plain));
}

#[test]
fn threads_without_a_shard_have_one() {
    let (registry, wait) = register(&described());
    // More threads than shards: some record to the overflow shard.
    let all = std::sync::Barrier::new(16);
    std::thread::scope(|threads| {
        for value in 1..=16 {
            let all = &all;
            threads.spawn(move || {
                all.wait();
                let _scope = scope(value);
                wait.record(value);
                assert!(asked() <= 1, "at most once for a value, whosever shard it is");
                all.wait();
            });
        }
    });
    let kept = kept(&registry);
    assert!(!kept.is_empty(), "of threads with a shard, at least");
    assert!(kept.iter().all(|&(value, trace, _)| trace == ids(value).0), "{kept:?}");
    assert_eq!(registry.snapshot().histogram("wait_seconds", &[]).unwrap().count(), 16);
}
