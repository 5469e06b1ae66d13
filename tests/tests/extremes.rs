//! The largest numbers: no counter of Prometheus' kind falls, and the exposed numbers agree with
//! each other and, as far as possible, with arithmetic in 128 bits.

use proptest::prelude::*;
use tests::programs::promtool;
use tickmetrics::prelude::*;
use tickmetrics::{Snapshot, Value};

/// Counts of values stop here.
const MOST: u64 = u64::MAX >> 1;

fn registry(description: &Description) -> (Registry, Histogram) {
    let registry = Registry::new();
    let histogram = registry.register(description).unwrap();
    (registry, histogram)
}

fn wait() -> Description {
    Description::new("wait", "Waited.")
}

/// All that may not fall, in an order that stays.
fn growing(snapshot: &Snapshot) -> Vec<f64> {
    let wait = snapshot.histogram("wait", &[]).unwrap();
    let counts = [wait.count() as f64, wait.sum(), wait.saturated() as f64, wait.negative() as f64];
    counts.into_iter().chain(wait.buckets().map(|bucket| bucket.count as f64)).collect()
}

fn agrees(snapshot: &Snapshot) {
    let wait = snapshot.histogram("wait", &[]).unwrap();
    let buckets: Vec<u64> = wait.buckets().map(|bucket| bucket.count).collect();
    assert!(buckets.is_sorted() && buckets.iter().all(|&count| count <= wait.count()));
    assert!(wait.count() <= MOST);
    if let Some(native) = wait.native() {
        let counts = native.buckets().map(|bucket| u128::from(bucket.count)).sum::<u128>();
        assert_eq!(counts + u128::from(native.zeros()), wait.count().into());
    }
}

#[test]
fn a_count_of_all_numbers_and_three_more() {
    let (registry, wait) = registry(&wait().buckets([10]).native(3));
    wait.record_n(5, u64::MAX);
    let before = registry.snapshot();
    (0..3).for_each(|_| wait.record(5));
    wait.record_n(5, u64::MAX);
    wait.record_n(6, u64::MAX);
    wait.record_n(7, u64::MAX);
    let after = registry.snapshot();
    for (one, other) in growing(&before).into_iter().zip(growing(&after)) {
        assert!(one <= other, "{before:?} {after:?}");
    }
    agrees(&before);
    agrees(&after);
    let bucket = |snapshot: &Snapshot| {
        let wait = snapshot.histogram("wait", &[]).unwrap();
        (wait.buckets().next().unwrap().count, wait.count())
    };
    assert_eq!(bucket(&before), (1 << 62, 1 << 62));
    assert_eq!(bucket(&after), (MOST, MOST));
    let mut text = String::new();
    tickmetrics_exporter::encode::text(&after, &mut text);
    assert!(text.contains(&format!("wait_bucket{{le=\"10.0\"}} {MOST}\n")), "{text}");
    promtool(&text);
}

/// A thousand tasks of one thread that always wait, for three years.
#[test]
fn a_sum_goes_on_where_64_bits_end() {
    for sigfigs in 1..=3 {
        let described = wait().unit("nanoseconds").sigfigs(sigfigs);
        let (registry, wait) = registry(&described);
        let (minute, mut sum) = (60_000_000_000_u64, 0_u128);
        for day in 0..3 * 365_u64 {
            let value = minute + day * 1_234_567;
            // As many minutes as a thousand tasks have in a day; three of the times at once.
            let times = 1_440_000;
            wait.record_n(value, times - 1);
            wait.record(value);
            sum += u128::from(value) * u128::from(times);
            let snapshot = registry.snapshot();
            let exposed = snapshot.histogram("wait", &[]).unwrap().sum();
            assert!(exposed == sum as f64, "{exposed} {sum} after {day} days");
        }
        assert!(sum > 5 << 64, "{sum}");
    }
}

#[test]
fn the_largest_values_add_up() {
    let (registry, wait) = registry(&wait());
    let mut sum = 0_u128;
    for _ in 0..1_000 {
        wait.record(u64::MAX);
        wait.record_corrected(u64::MAX, u64::MAX / 3);
        // The value, and two thirds and one third of it.
        sum += u128::from(u64::MAX) * 2 + u128::from(u64::MAX / 3) * 3;
        let exposed = registry.snapshot().histogram("wait", &[]).unwrap().sum();
        assert!(exposed == sum as f64, "{exposed} {sum}");
    }
}

#[test]
fn threads_together_have_no_limit() {
    let registry = Registry::new();
    let (wait, described) = (wait(), Description::new("ticks_total", "Ticks."));
    let ticks: Counter = registry.register(&described).unwrap();
    let scaled = Description::new("busy_seconds_total", "Busy.").unit("seconds");
    let busy: Counter = registry.register(&scaled).unwrap();
    let depth: UpDownCounter = registry.register(&Description::new("depth", "Depth.")).unwrap();
    let wait: Histogram = registry.register(&wait).unwrap();
    let first = registry.snapshot();
    let mut before = (0.0, 0.0, growing(&first));
    std::thread::scope(|scope| {
        let mut holds = Vec::new();
        for thread in 1..=3_u32 {
            let (told, tell) = std::sync::mpsc::channel();
            let (hold, end) = std::sync::mpsc::channel::<()>();
            holds.push(hold);
            scope.spawn(move || {
                ticks.add(u64::MAX);
                busy.add(u64::MAX);
                depth.add(i64::MAX);
                depth.sub(i64::MAX);
                depth.add(1);
                wait.record_n(3, 1 << 62);
                wait.record_n(1 << 40, 1 << 24);
                told.send(()).unwrap();
                // The shard stays this thread's.
                let _ = end.recv();
            });
            tell.recv().unwrap();
            let snapshot = registry.snapshot();
            let value = |name: &str| match snapshot
                .family(name)
                .unwrap()
                .series()
                .next()
                .unwrap()
                .value()
            {
                Value::Counter(value) => value as f64,
                Value::Quantity(value) => value,
                other => panic!("{other:?}"),
            };
            let all = f64::from(thread) * u64::MAX as f64;
            assert_eq!((value("ticks_total"), value("busy_seconds_total")), (all, all / 1e9));
            assert_eq!(snapshot.counter("ticks_total", &[]), Some(u64::MAX));
            assert_eq!(snapshot.gauge("depth", &[]), Some(thread.into()));
            agrees(&snapshot);
            let grown = growing(&snapshot);
            assert!(before.2.iter().zip(&grown).all(|(one, other)| one <= other), "{grown:?}");
            before = (all, all / 1e9, grown);
        }
    });
    let interval = registry.snapshot().since(&first);
    assert_eq!(interval.counter("ticks_total", &[]), Some(u64::MAX.wrapping_mul(3)));
    let mut text = String::new();
    tickmetrics_exporter::encode::text(&registry.snapshot(), &mut text);
    assert!(text.contains("\nticks_total 5.5340232221128655e19\n"), "{text}");
}

fn value() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0..64_u32).prop_map(|(value, shift)| value >> shift)
}

proptest! {
    #[test]
    fn nothing_falls(
        sigfigs in 1..=3_u8,
        max in value(),
        records in prop::collection::vec((value(), value(), any::<bool>()), 1..30),
    ) {
        let max = max.max(1_000);
        let description = wait().sigfigs(sigfigs).max(max).buckets([1, 10, 100, 1_000]).native(0);
        let (registry, wait) = registry(&description);
        let (mut sum, mut outside, mut slack) = (0_u128, 0_u128, 0.0);
        let mut earlier = registry.snapshot();
        for (value, n, corrected) in records {
            if corrected {
                let interval = (value >> 10).max(1);
                wait.record_corrected(value, interval);
                let filled = (0..).map_while(|k| value.checked_sub(k * interval))
                    .take_while(|&one| one >= interval || one == value);
                for one in filled.map(u128::from) {
                    sum += one;
                    outside += if one > max.into() { one } else { 0 };
                }
            } else {
                // Its counts, in total.
                wait.record_n(value, n >> 8);
                let added = u128::from(value) * u128::from(n >> 8);
                sum += added;
                if value > max {
                    outside += added;
                    slack += (n >> 8) as f64 * 65_536.0;
                }
            }
            let snapshot = registry.snapshot();
            agrees(&snapshot);
            for (one, other) in growing(&earlier).into_iter().zip(growing(&snapshot)) {
                prop_assert!(one <= other, "{earlier:?} {snapshot:?}");
            }
            let exposed = snapshot.histogram("wait", &[]).unwrap().sum();
            let exact = sum as f64;
            if sum < 1 << 66 && slack < 2_f64.powi(62) {
                prop_assert_eq!(exposed, exact);
            } else {
                // A cell is so wide.
                let precision = [1.0 / 16.0, 1.0 / 128.0, 1.0 / 1024.0][usize::from(sigfigs) - 1];
                prop_assert!(exposed >= exact * (1.0 - 1e-9), "{exposed} {exact}");
                let most = exact * (1.0 + 2.0 * precision) + slack;
                prop_assert!(exposed <= most || outside >= 1 << 80, "{exposed} {exact}");
            }
            let interval = snapshot.since(&earlier);
            let interval = interval.histogram("wait", &[]).unwrap();
            prop_assert!(interval.sum() >= 0.0 && interval.count() <= MOST);
            earlier = snapshot;
        }
    }
}
