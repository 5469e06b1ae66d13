//! The values that handles return, and the values that snapshots return for them.

use std::thread;
use std::time::Duration;
use tickmetrics::prelude::*;

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 10)]
struct Symbol(LabelId);

fn register<M: tickmetrics::Metric>(registry: &Registry, name: &str) -> M {
    registry.register(&Description::new(name, "About it.")).unwrap()
}

#[test]
fn threads_add_to_a_gauge_together() {
    let registry = Registry::new();
    let gauge: Gauge = register(&registry, "level");
    assert_eq!(gauge.get(), 0.0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10_000 {
                    gauge.add(3);
                    gauge.inc();
                    gauge.sub(1.5);
                    gauge.dec();
                }
            });
        }
    });
    assert_eq!(gauge.get(), 4.0 * 10_000.0 * 1.5);
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.gauge("level", &[]), Some(gauge.get()));
    assert_eq!(snapshot.get(&gauge), Some(gauge.get()));
}

#[test]
fn a_gauge_takes_any_number() {
    let gauge: Gauge = register(&Registry::new(), "level");
    gauge.set(vec![1, 2, 3].len());
    assert_eq!(gauge.get(), 3.0);
    gauge.set(-7_i64);
    assert_eq!(gauge.get(), -7.0);
    gauge.set(u64::MAX);
    assert_eq!(gauge.get(), 18_446_744_073_709_551_616.0);
    gauge.set(0.5_f32);
    assert_eq!(gauge.get(), 0.5);
    gauge.set(4);
    assert_eq!(gauge.get(), 4.0);
    gauge.add(f64::NAN);
    assert!(gauge.get().is_nan());
    gauge.set(f64::INFINITY);
    gauge.sub(1);
    assert_eq!(gauge.get(), f64::INFINITY);
}

#[test]
fn counters_answer_what_all_threads_added() {
    let registry = Registry::new();
    let orders: Counter<(Side, Symbol)> = register(&registry, "orders_total");
    let open: UpDownCounter<Side> = register(&registry, "open");
    let snapshot = registry.snapshot();
    assert_eq!((snapshot.get(&orders), snapshot.get(&open)), (Some(0), Some(0)));
    let none = orders.with((Side::Buy, Symbol::intern("never")));
    assert_eq!((none.get(), snapshot.get(&none)), (0, None), "it is not exposed");
    let series = |at: u64| {
        let side = if at.is_multiple_of(2) { Side::Buy } else { Side::Sell };
        (orders.with((side, Symbol::intern(&format!("S{}", at % 3)))), open.with(side))
    };
    thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for at in 0..600 {
                    let (orders, open) = series(at);
                    orders.add(thread);
                    open.add(2);
                    open.dec();
                }
            });
        }
    });
    // Six series, each of a hundred turns of each thread.
    let snapshot = registry.snapshot();
    for at in 0..6 {
        let (orders, _) = series(at);
        assert_eq!(orders.get(), 100 * (1 + 2 + 3));
        assert_eq!(snapshot.get(&orders), Some(600));
        let side = ["buy", "sell"][usize::try_from(at % 2).unwrap()];
        let labels = [("side", side), ("symbol", &format!("S{}", at % 3))];
        assert_eq!(snapshot.counter("orders_total", &labels), Some(600));
    }
    assert_eq!(snapshot.get(&orders), Some(3_600));
    assert_eq!(snapshot.get(&open), Some(2_400));
    assert_eq!(open.with(Side::Buy).get(), 1_200);
    assert_eq!(snapshot.get(&open.with(Side::Sell)), Some(1_200));
}

#[test]
fn a_snapshot_knows_the_handles_of_its_registry_only() {
    let (one, other) = (Registry::new(), Registry::new());
    let here: Counter = register(&one, "here_total");
    let there: Counter = register(&other, "there_total");
    let level: Gauge = register(&one, "level");
    let wait: Histogram<Side> = register(&one, "wait");
    here.add(5);
    there.add(7);
    level.set(9);
    wait.with(Side::Sell).record(Duration::from_nanos(40));
    wait.with(Side::Sell).record(2);
    let snapshot = one.snapshot();
    assert_eq!((snapshot.get(&here), snapshot.get(&there)), (Some(5), None));
    assert_eq!(snapshot.get(&level), Some(9.0));
    assert_eq!(snapshot.get(&wait.with(Side::Buy)).unwrap().count(), 0);
    let sell = snapshot.get(&wait.with(Side::Sell)).unwrap();
    assert_eq!((sell.count(), sell.sum()), (2, 42.0));
    let later = one.snapshot().since(&snapshot);
    assert_eq!(later.get(&here), Some(0));
}

#[test]
fn handles_of_failed_registrations_have_no_value() {
    #[derive(Metrics)]
    #[metrics(prefix = "handles")]
    struct Refused {
        /// A counter whose name is taken.
        taken: Counter<Side>,
    }
    let taken: Gauge = register(Registry::global(), "handles_taken_total");
    let metrics = Refused::global();
    metrics.taken.with(Side::Buy).add(3);
    let counter = metrics.taken.with(Side::Buy);
    assert_eq!((counter.get(), taken.get()), (0, 0.0));
    let snapshot = Registry::global().snapshot();
    assert_eq!((snapshot.get(&counter), snapshot.get(&metrics.taken)), (None, None));
}

#[test]
fn a_timer_returns_what_it_records() {
    let registry = Registry::new();
    let wait: Histogram = register(&registry, "wait");
    let timer = wait.start();
    thread::sleep(Duration::from_micros(50));
    let took = timer.stop();
    assert!(took >= Duration::from_micros(50), "{took:?}");
    let snapshot = registry.snapshot();
    let wait = snapshot.get(&wait).unwrap();
    assert_eq!((wait.count(), wait.sum()), (1, took.as_nanos() as f64));
}
