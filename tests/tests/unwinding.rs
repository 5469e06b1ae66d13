//! Calls that end abnormally, on threads that do so too: each is counted once, by its outcome,
//! whichever thread it began on.

use std::sync::mpsc::channel;
use std::thread;
use tests::polling::{pending_once, poll};
use tests::processes::{Folder, again_in_a_file};
use tickmetrics::SegmentReader;
use tickmetrics::prelude::*;

#[derive(Metrics)]
#[metrics(prefix = "unwinding")]
struct UnwindingMetrics {
    /// Calls.
    calls: Counter,
    /// Of values that are known, unlike durations.
    values: Histogram,
    /// Time of calls that panic.
    time: Histogram,
    /// Calls that neither ended nor were dropped.
    in_flight: UpDownCounter,
}

/// In flight as long as this is there.
struct InFlight(&'static UnwindingMetrics);

impl InFlight {
    fn new() -> Self {
        let metrics = UnwindingMetrics::global();
        metrics.in_flight.inc();
        Self(metrics)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

/// Calls and timings of a function by outcome: ok, err, panic, cancelled.
fn outcomes(snapshot: &Snapshot, function: &str) -> [(u64, u64); 4] {
    ["ok", "err", "panic", "cancelled"].map(|outcome| {
        let labels = [("module", module_path!()), ("function", function), ("outcome", outcome)];
        let timings = snapshot.histogram("function_duration_seconds", &labels);
        (
            snapshot.counter("function_calls_total", &labels).unwrap(),
            timings.map_or(0, HistogramSnapshot::count),
        )
    })
}

#[timed(outcome)]
fn call(number: u64) -> Result<u64, u64> {
    let metrics = UnwindingMetrics::global();
    let _in_flight = InFlight::new();
    metrics.calls.inc();
    metrics.values.record(number);
    match number % 4 {
        0 => Err(number),
        3 => metrics.time.time(|| panic!("as it should")),
        _ => Ok(number),
    }
}

const THREADS: u64 = 400;

fn check_calls(snapshot: &Snapshot) {
    // Of 400 threads, 100 each make 1, 2, 3 and 4 calls: with 0, with 0 and 1, and so on. Only 3
    // panics, and ends its thread.
    assert_eq!(outcomes(snapshot, "call"), [(500, 500), (400, 400), (100, 100), (0, 0)]);
    assert_eq!(snapshot.counter("unwinding_calls_total", &[]), Some(1000));
    let values = snapshot.histogram("unwinding_values", &[]).unwrap();
    assert_eq!((values.count(), values.sum()), (1000, 300.0 + 200.0 * 2.0 + 100.0 * 3.0));
    assert_eq!(snapshot.histogram("unwinding_time", &[]).unwrap().count(), 100);
}

#[test]
fn threads_that_die_of_a_panic_are_counted_whole() {
    let mut died = 0;
    for first in (0..THREADS).step_by(20) {
        let threads: Vec<_> = (first..first + 20)
            .map(|thread| thread::spawn(move || (0..=thread % 4).map(call).count()))
            .collect();
        died += threads.into_iter().map(thread::JoinHandle::join).filter(Result::is_err).count();
    }
    assert_eq!(died, 100);
    check_calls(&Registry::global().snapshot());
}

#[timed(outcome)]
async fn route(number: u64) -> Result<u64, u64> {
    let _in_flight = InFlight::new();
    pending_once().await;
    pending_once().await;
    assert!(!number.is_multiple_of(5), "as it should");
    if number % 5 == 1 { Err(number) } else { Ok(number) }
}

const FUTURES: u64 = 1500;

fn check_futures(snapshot: &Snapshot) {
    // Of each 15, 2 never begin, and are no calls. 3 begin and are dropped. Of the others, 3 are
    // multiples of 5, and 3 one more.
    assert_eq!(outcomes(snapshot, "route"), [(400, 400), (300, 300), (300, 300), (300, 300)]);
}

#[test]
fn futures_that_are_dropped_on_another_thread_are_cancelled() {
    type Routed = std::pin::Pin<Box<dyn Future<Output = Result<u64, u64>> + Send>>;
    let (to_second, second) = channel::<(u64, Routed)>();
    let (to_third, third) = channel::<(u64, Routed)>();
    let ended = thread::scope(|scope| {
        // A future goes from one thread to the next, and each polls it once.
        scope.spawn(move || {
            for number in 0..FUTURES {
                let mut future: Routed = Box::pin(route(number));
                match number % 15 {
                    2 => continue,
                    7 => {}
                    _ => assert!(poll(future.as_mut()).is_pending()),
                }
                to_second.send((number, future)).unwrap();
            }
        });
        scope.spawn(move || {
            for (number, mut future) in second {
                match number % 15 {
                    4 | 7 => continue,
                    _ => assert!(poll(future.as_mut()).is_pending()),
                }
                to_third.send((number, future)).unwrap();
            }
        });
        let last = |(number, mut future): (u64, Routed)| {
            scope.spawn(move || match number % 15 {
                9 => drop(future),
                12 => {
                    let _dropped_as_this_unwinds = future;
                    panic!("as it should");
                }
                _ => assert!(poll(future.as_mut()).is_ready()),
            })
        };
        third.into_iter().map(last).flat_map(thread::ScopedJoinHandle::join).count()
    });
    // Of each 15, 12 come to a third thread; there one is dropped as a panic unwinds, and 3 panic.
    assert_eq!(ended as u64, FUTURES / 15 * 8);
    check_futures(&Registry::global().snapshot());
}

#[test]
fn the_same_in_a_file() {
    let folder = Folder::new("unwinding");
    again_in_a_file("the_same_in_a_file", &folder);
    let mut reader = SegmentReader::open(folder.file()).unwrap();
    let snapshot = reader.snapshot().unwrap();
    check_calls(&snapshot);
    check_futures(&snapshot);
    assert_eq!(snapshot.gauge("unwinding_in_flight", &[]), Some(0.0));
    assert_eq!(reader.stats().unwrap().threads_attached, 0);
}
