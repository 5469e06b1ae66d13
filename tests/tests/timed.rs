//! `#[timed]`: the records of each form, and the unchanged behaviour of the function.

use std::cell::Cell;
use std::fmt::{Debug, Display};
use std::future::Future;
use std::num::ParseIntError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tests::polling::{pending_once, poll};
use tickmetrics::prelude::*;
use tickmetrics::{HistogramSnapshot, MockClock, with_mock_clock};

const MODULE: &str = module_path!();

/// The labels of a function in this module.
fn labels(function: &str) -> [(&str, &str); 2] {
    [("module", MODULE), ("function", function)]
}

fn calls(function: &str) -> Option<u64> {
    Registry::global().snapshot().counter("function_calls_total", &labels(function))
}

fn outcome(function: &str, outcome: &str) -> Option<u64> {
    let [module, function] = labels(function);
    let labels = [module, function, ("outcome", outcome)];
    Registry::global().snapshot().counter("function_calls_total", &labels)
}

/// Calls by outcome: ok, err, panic, cancelled.
fn outcomes(function: &str) -> [Option<u64>; 4] {
    ["ok", "err", "panic", "cancelled"].map(|each| outcome(function, each))
}

/// How many calls were timed, and the nanoseconds of all.
fn timings(function: &str) -> Option<(u64, f64)> {
    let snapshot = Registry::global().snapshot();
    snapshot.histogram("function_duration_seconds", &labels(function)).map(whole)
}

fn timings_by_outcome(function: &str, outcome: &str) -> Option<(u64, f64)> {
    let [module, function] = labels(function);
    let labels = [module, function, ("outcome", outcome)];
    let snapshot = Registry::global().snapshot();
    snapshot.histogram("function_duration_seconds", &labels).map(whole)
}

fn whole(histogram: &HistogramSnapshot) -> (u64, f64) {
    (histogram.count(), (histogram.sum() * 1e9).round())
}

/// Polls a future until it is ready.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
}

fn panics<R>(call: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(call)).is_err()
}

const MICROSECOND: Duration = Duration::from_micros(1);

#[derive(Metrics)]
#[metrics(prefix = "timed_test")]
struct TestMetrics {
    /// Time of plain calls.
    #[metric(unit = "seconds")]
    plain: Histogram,
    /// Time of sampled calls.
    #[metric(unit = "seconds")]
    sampled: Histogram,
    /// Time of calls with an outcome.
    #[metric(unit = "seconds")]
    outcome: Histogram,
    /// Time of calls with an outcome, sampled.
    #[metric(unit = "seconds")]
    sampled_outcome: Histogram,
    /// Time of futures.
    #[metric(unit = "seconds")]
    future: Histogram,
}

impl TestMetrics {
    fn timings(field: &str) -> Option<(u64, f64)> {
        let name = format!("timed_test_{field}_seconds");
        Registry::global().snapshot().histogram(&name, &[]).map(whole)
    }
}

// Plain: every call is counted and timed.

#[timed]
fn plain(clock: &MockClock, micros: u64) -> u64 {
    clock.advance(Duration::from_micros(micros));
    micros
}

#[test]
fn a_call_is_counted_and_timed() {
    assert_eq!(calls("plain"), None, "registered by the first call");
    with_mock_clock(|clock| assert_eq!((plain(clock, 1), plain(clock, 2)), (1, 2)));
    assert_eq!((calls("plain"), timings("plain")), (Some(2), Some((2, 3_000.0))));
}

#[timed]
fn early(clock: &MockClock, text: &str) -> Result<i32, ParseIntError> {
    clock.advance(MICROSECOND);
    if text.is_empty() {
        return Ok(0);
    }
    let number = text.parse::<i32>()?;
    clock.advance(MICROSECOND);
    Ok(number)
}

#[test]
fn early_returns_are_recorded() {
    with_mock_clock(|clock| {
        assert_eq!(early(clock, ""), Ok(0));
        assert!(early(clock, "x").is_err());
        assert_eq!(early(clock, "7"), Ok(7));
    });
    assert_eq!((calls("early"), timings("early")), (Some(3), Some((3, 4_000.0))));
}

#[timed]
fn panicking(clock: &MockClock) {
    clock.advance(MICROSECOND);
    panic!("as it should");
}

#[test]
fn panics_are_recorded() {
    with_mock_clock(|clock| assert!(panics(|| panicking(clock))));
    assert_eq!((calls("panicking"), timings("panicking")), (Some(1), Some((1, 1_000.0))));
}

#[timed]
fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * factorial(n - 1) }
}

#[test]
fn recursive_calls_are_each_recorded() {
    assert_eq!(factorial(5), 120);
    assert_eq!(calls("factorial"), Some(6));
    assert_eq!(timings("factorial").map(|(count, _)| count), Some(6));
}

#[timed]
fn generic<T, const N: usize>(value: T) -> [T; N]
where
    T: Copy,
{
    [value; N]
}

#[test]
fn instances_of_a_generic_function_are_one_series() {
    assert_eq!((generic::<u8, 2>(7), generic::<_, 1>("x")), ([7, 7], ["x"]));
    assert_eq!(calls("generic"), Some(2));
}

#[timed]
fn longest<'a>(a: &'a str, b: &'a str) -> &'a str {
    if a.len() < b.len() { b } else { a }
}

#[timed]
fn evens(limit: impl Into<u32>) -> impl Iterator<Item = u32> + Clone {
    (0..limit.into()).step_by(2)
}

#[timed]
unsafe fn first(values: *const u8) -> u8 {
    // SAFETY: the caller gives a pointer to at least one value.
    unsafe { *values }
}

#[timed]
extern "C" fn foreign(value: i32) -> i32 {
    value + 1
}

#[timed]
fn r#match((a, b): (u32, u32), [c, ..]: [u32; 3], mut d: u32, _: u32) -> u32 {
    d += 1;
    a + b + c + d
}

#[test]
fn signatures_stay() {
    assert_eq!(longest("ab", "c"), "ab");
    assert!(evens(5_u8).clone().eq([0, 2, 4]));
    // SAFETY: it points to a value.
    assert_eq!(unsafe { first(&raw const MODULE.as_bytes()[0]) }, MODULE.as_bytes()[0]);
    assert_eq!(foreign(1), 2);
    assert_eq!(r#match((1, 2), [3, 0, 0], 4, 5), 11);
    let recorded = ["longest", "evens", "first", "foreign", "match"].map(calls);
    assert_eq!(recorded, [Some(1); 5]);
}

// Names of the expansion that a body could mistake for its own.
const SITE: u32 = 1;
const COUNTDOWN: u32 = 2;

#[timed(sample = 2, outcome)]
fn hygienic() -> u32 {
    let (due, call, result) = (3, 4, 5);
    SITE + COUNTDOWN + due + call + result
}

#[test]
fn names_of_the_expansion_are_its_own() {
    assert_eq!(hygienic(), 15);
}

#[timed]
fn inner_attributes() -> u32 {
    #![allow(clippy::items_after_statements)]
    const BASE: u32 = 1;
    let base = BASE;
    fn double(value: u32) -> u32 {
        value * 2
    }
    double(base)
}

#[test]
fn inner_attributes_stay_at_the_start() {
    assert_eq!(inner_attributes(), 2);
}

#[timed(labels(venue = "xnas", r#type = "lit"), name = "route")]
fn named() {}

#[timed(name = "route", labels(venue = "xlon", r#type = "lit"))]
fn named_too() {}

#[test]
fn a_name_and_labels_are_the_metrics_own() {
    named();
    named();
    named_too();
    let snapshot = Registry::global().snapshot();
    let series = |function, venue| {
        let labels =
            [("module", MODULE), ("function", function), ("venue", venue), ("type", "lit")];
        let duration = snapshot.histogram("route_duration_seconds", &labels);
        (snapshot.counter("route_calls_total", &labels), duration.map(HistogramSnapshot::count))
    };
    assert_eq!(series("named", "xnas"), (Some(2), Some(2)));
    assert_eq!(series("named_too", "xlon"), (Some(1), Some(1)));
    assert_eq!(calls("named"), None);
}

// Methods.

struct Desk {
    latency: Histogram,
    orders: Vec<u32>,
}

trait Trade {
    fn trade(&mut self, order: u32) -> usize;

    #[timed]
    fn trade_twice(&mut self, order: u32) -> usize {
        self.trade(order);
        self.trade(order)
    }
}

impl Trade for Desk {
    #[timed]
    fn trade(&mut self, order: u32) -> usize {
        self.orders.push(order);
        self.orders.len()
    }
}

impl Desk {
    fn new(registry: &Registry) -> Result<Self, RegisterError> {
        let description = Description::new("desk_seconds", "Time at the desk.").unit("seconds");
        Ok(Self { latency: registry.register(&description)?, orders: vec![1, 2, 3] })
    }

    #[timed(self.latency)]
    fn by_self(&self, clock: &MockClock) -> &[u32] {
        clock.advance(MICROSECOND);
        &self.orders
    }

    #[timed(outcome, self.latency)]
    fn last(&mut self, clock: &MockClock) -> Result<&mut u32, String> {
        clock.advance(MICROSECOND);
        self.orders.last_mut().ok_or_else(|| "empty".to_owned())
    }

    #[timed(outcome)]
    fn into_orders(mut self) -> Vec<u32> {
        self.orders.reverse();
        self.orders
    }

    #[timed(outcome)]
    fn fresh() -> Result<Self, RegisterError>
    where
        Self: Sized,
    {
        Self::new(&Registry::new())
    }

    #[timed(&self.latency, outcome, sample = 2)]
    async fn future(&mut self, clock: &MockClock) -> Result<&mut [u32], ()> {
        clock.advance(MICROSECOND);
        pending_once().await;
        Ok(&mut self.orders)
    }
}

#[test]
fn methods_are_recorded() -> Result<(), RegisterError> {
    let mut desk = Desk::new(&Registry::new())?;
    assert_eq!((desk.trade(7), desk.trade_twice(8)), (4, 6));
    assert_eq!((calls("Desk::trade"), calls("Trade::trade_twice")), (Some(3), Some(1)));
    Ok(())
}

#[test]
fn a_histogram_may_come_from_self() -> Result<(), RegisterError> {
    let registry = Registry::new();
    let mut desk = Desk::new(&registry)?;
    with_mock_clock(|clock| {
        assert_eq!(desk.by_self(clock), [1, 2, 3]);
        assert_eq!(desk.last(clock).map(|order| std::mem::replace(order, 9)), Ok(3));
        assert_eq!(block_on(desk.future(clock)), Ok([1, 2, 9].as_mut_slice()));
        assert!(block_on(desk.future(clock)).is_ok(), "not its turn to be timed");
    });
    let latency = registry.snapshot().histogram("desk_seconds", &[]).map(whole);
    assert_eq!(latency, Some((3, 3_000.0)));
    assert_eq!(calls("Desk::by_self"), None, "only the histogram is recorded");
    assert_eq!(outcomes("Desk::last"), [Some(1), Some(0), Some(0), Some(0)]);
    assert_eq!(outcomes("Desk::future"), [Some(2), Some(0), Some(0), Some(0)]);
    Ok(())
}

#[test]
fn methods_by_value_and_constructors_have_outcomes() -> Result<(), RegisterError> {
    assert_eq!(Desk::fresh()?.into_orders(), [3, 2, 1]);
    assert_eq!(outcome("Desk::fresh", "ok"), Some(1));
    assert_eq!(outcome("Desk::into_orders", "ok"), Some(1));
    Ok(())
}

// One name, as their traits' methods have on one type.

struct Twice;

trait Plain {
    fn same_name();
}

trait Fallible {
    fn same_name() -> Result<(), ()>;
}

impl Plain for Twice {
    #[timed]
    fn same_name() {}
}

impl Fallible for Twice {
    #[timed(outcome)]
    fn same_name() -> Result<(), ()> {
        Err(())
    }
}

#[test]
fn functions_of_one_name_may_differ_in_their_labels() {
    <Twice as Plain>::same_name();
    assert_eq!(<Twice as Fallible>::same_name(), Err(()));
    assert_eq!(calls("Twice::same_name"), Some(1));
    assert_eq!(outcomes("Twice::same_name"), [Some(0), Some(1), Some(0), Some(0)]);
}

// Into a given histogram.

#[timed(TestMetrics::global().plain)]
fn into_field(clock: &MockClock) {
    clock.advance(MICROSECOND);
}

#[timed(histogram)]
fn into_argument(histogram: &Histogram, clock: &MockClock) {
    clock.advance(MICROSECOND);
}

#[test]
fn only_the_given_histogram_is_recorded() {
    with_mock_clock(|clock| {
        into_field(clock);
        into_argument(&TestMetrics::global().plain, clock);
    });
    assert_eq!(TestMetrics::timings("plain"), Some((2, 2_000.0)));
    assert_eq!((calls("into_field"), calls("into_argument")), (None, None));
}

#[timed(sample = 3, TestMetrics::global().sampled)]
fn into_field_sampled(clock: &MockClock) {
    clock.advance(MICROSECOND);
}

#[test]
fn a_given_histogram_may_be_sampled() {
    with_mock_clock(|clock| (0..7).for_each(|_| into_field_sampled(clock)));
    assert_eq!(TestMetrics::timings("sampled"), Some((3, 3_000.0)));
    assert_eq!((calls("into_field_sampled"), timings("into_field_sampled")), (Some(7), None));
}

#[timed(TestMetrics::global().outcome, outcome, labels(venue = "xnas"), name = "given")]
fn into_field_with_outcome(clock: &MockClock, fail: bool) -> Result<(), ()> {
    clock.advance(MICROSECOND);
    if fail { Err(()) } else { Ok(()) }
}

#[test]
fn a_given_histogram_may_have_outcomes_beside_it() {
    with_mock_clock(|clock| {
        let _ = into_field_with_outcome(clock, false);
        let _ = into_field_with_outcome(clock, true);
        let _ = into_field_with_outcome(clock, true);
    });
    assert_eq!(TestMetrics::timings("outcome"), Some((3, 3_000.0)));
    let snapshot = Registry::global().snapshot();
    let labels = |outcome| {
        let [module, _] = labels("");
        [module, ("function", "into_field_with_outcome"), ("venue", "xnas"), ("outcome", outcome)]
    };
    let counted = ["ok", "err"].map(|it| snapshot.counter("given_calls_total", &labels(it)));
    assert_eq!(counted, [Some(1), Some(2)]);
    assert!(snapshot.histogram("given_duration_seconds", &labels("ok")).is_none());
}

#[timed(TestMetrics::global().sampled_outcome, sample = 2, outcome)]
fn into_field_sampled_with_outcome(clock: &MockClock) {
    clock.advance(MICROSECOND);
}

#[test]
fn all_of_it_at_once() {
    with_mock_clock(|clock| (0..5).for_each(|_| into_field_sampled_with_outcome(clock)));
    assert_eq!(TestMetrics::timings("sampled_outcome"), Some((3, 3_000.0)));
    assert_eq!(outcome("into_field_sampled_with_outcome", "ok"), Some(5));
}

// Sampling.

#[timed(sample = 4)]
fn sampled() {}

#[test]
fn each_thread_times_its_first_call_and_then_one_in_so_many() {
    for calls in [1, 4, 9] {
        let thread = std::thread::spawn(move || (0..calls).for_each(|_| sampled()));
        assert!(thread.join().is_ok());
    }
    assert_eq!(calls("sampled"), Some(14));
    assert_eq!(timings("sampled").map(|(count, _)| count), Some(1 + 1 + 3));
}

#[timed(sample = 1)]
fn sampled_always() {}

#[test]
fn a_sample_of_one_times_each_call() {
    (0..3).for_each(|_| sampled_always());
    assert_eq!(timings("sampled_always").map(|(count, _)| count), Some(3));
}

#[timed(sample = 2)]
fn sampled_one() {}

#[timed(sample = 2)]
fn sampled_other() {}

#[test]
fn functions_sample_apart_from_each_other() {
    for _ in 0..2 {
        sampled_one();
        sampled_other();
    }
    assert_eq!(timings("sampled_one").map(|(count, _)| count), Some(1));
    assert_eq!(timings("sampled_other").map(|(count, _)| count), Some(1));
}

#[timed(sample = 2, outcome)]
fn sampled_outcome(clock: &MockClock, fail: bool) -> Result<(), String> {
    clock.advance(MICROSECOND);
    if fail { Err("as it should".to_owned()) } else { Ok(()) }
}

#[test]
fn outcomes_may_be_sampled() {
    with_mock_clock(|clock| {
        for fail in [false, true, true, false, false] {
            assert_eq!(sampled_outcome(clock, fail).is_err(), fail);
        }
    });
    assert_eq!(outcomes("sampled_outcome"), [Some(3), Some(2), Some(0), Some(0)]);
    assert_eq!(timings_by_outcome("sampled_outcome", "ok"), Some((2, 2_000.0)));
    assert_eq!(timings_by_outcome("sampled_outcome", "err"), Some((1, 1_000.0)));
}

// Outcomes.

#[timed(outcome)]
fn fallible(clock: &MockClock, text: &str) -> Result<i32, Box<dyn std::error::Error>> {
    clock.advance(MICROSECOND);
    if text == "early" {
        return Err("early".into());
    }
    assert!(text != "panic", "as it should");
    Ok(text.parse::<i32>()?)
}

#[test]
fn a_function_ends_ok_with_an_error_or_a_panic() {
    with_mock_clock(|clock| {
        assert!(fallible(clock, "7").is_ok_and(|number| number == 7));
        assert!(fallible(clock, "x").is_err());
        assert!(fallible(clock, "early").is_err());
        assert!(panics(|| fallible(clock, "panic")));
    });
    assert_eq!(outcomes("fallible"), [Some(1), Some(2), Some(1), Some(0)]);
    assert_eq!(timings_by_outcome("fallible", "err"), Some((2, 2_000.0)));
    assert_eq!(timings_by_outcome("fallible", "panic"), Some((1, 1_000.0)));
}

type Alias = Result<(), String>;

#[timed(outcome)]
fn aliased() -> Alias {
    Err(String::new())
}

#[timed(outcome)]
fn optional() -> Option<u8> {
    None
}

#[timed(outcome)]
fn unit(count: &Cell<u32>) {
    count.set(count.get() + 1);
    if count.get() > 1 {
        return;
    }
    count.set(10);
}

#[timed(outcome)]
fn opaque(fail: bool) -> Result<impl Display + use<>, impl Debug> {
    if fail { Err("as it should") } else { Ok(7) }
}

#[timed(outcome)]
fn wholly_opaque(value: &str) -> impl Iterator<Item = char> + use<'_> {
    value.chars()
}

#[timed(outcome)]
fn coerced(value: &u8) -> Box<dyn Display + '_> {
    if *value == 0 {
        return Box::new("none");
    }
    Box::new(value)
}

#[timed(outcome)]
fn generic_outcome<T, E: Display>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}

#[timed(outcome)]
fn generic_value<T>(value: T) -> T {
    value
}

#[timed(outcome)]
fn diverging(clock: &MockClock) -> ! {
    clock.advance(MICROSECOND);
    panic!("as it should")
}

#[timed(outcome)]
#[expect(unsafe_op_in_unsafe_fn, reason = "the body keeps what an unsafe function may do")]
unsafe fn unsafe_outcome(value: *const u8) -> u8 {
    *value
}

#[timed(outcome)]
fn reborrowed<'a>(values: &'a mut [u8], (at, _): (usize, u8), mut add: u8) -> Option<&'a mut u8> {
    add += 1;
    let value = values.get_mut(at)?;
    *value += add;
    Some(value)
}

#[test]
fn any_return_type_has_outcomes() {
    assert_eq!((aliased(), optional()), (Err(String::new()), None));
    assert_eq!(outcome("aliased", "err"), Some(1));
    assert_eq!(outcome("optional", "ok"), Some(1), "none is no error");

    let count = Cell::new(0);
    unit(&count);
    unit(&count);
    assert_eq!((count.get(), outcome("unit", "ok")), (11, Some(2)));

    assert!(opaque(true).is_err() && opaque(false).is_ok_and(|value| value.to_string() == "7"));
    assert_eq!(outcomes("opaque"), [Some(1), Some(1), Some(0), Some(0)]);
    assert!(wholly_opaque("ab").eq(['a', 'b']));
    assert_eq!((coerced(&0).to_string(), coerced(&1).to_string()), ("none".into(), "1".into()));
    assert_eq!(outcome("coerced", "ok"), Some(2));

    assert_eq!(generic_outcome::<u8, &str>(Err("x")), Err("x".to_owned()));
    assert_eq!(generic_outcome::<u8, u8>(Ok(1)), Ok(1));
    assert_eq!(outcomes("generic_outcome"), [Some(1), Some(1), Some(0), Some(0)]);
    // Of a generic type nothing is known but that it was returned.
    assert_eq!(generic_value(Err::<(), _>(1)), Err(1));
    assert_eq!(outcome("generic_value", "ok"), Some(1));

    with_mock_clock(|clock| assert!(panics(|| diverging(clock))));
    assert_eq!(outcomes("diverging"), [Some(0), Some(0), Some(1), Some(0)]);
    // SAFETY: it points to a value.
    assert_eq!(unsafe { unsafe_outcome(std::ptr::from_ref(&7)) }, 7);

    let mut values = [1, 2];
    assert_eq!(reborrowed(&mut values, (1, 0), 2), Some(&mut 5));
    assert_eq!(reborrowed(&mut values, (2, 0), 2), None);
    assert_eq!(values, [1, 5]);
}

// Futures.

#[timed]
async fn future(clock: &MockClock, text: &str) -> Result<u32, ParseIntError> {
    clock.advance(MICROSECOND);
    pending_once().await;
    clock.advance(MICROSECOND);
    text.parse()
}

#[test]
fn a_future_is_timed_from_its_first_poll_to_its_end() {
    with_mock_clock(|clock| {
        let mut late = pin!(future(clock, "7"));
        clock.advance(MICROSECOND);
        assert!(poll(late.as_mut()).is_pending());
        // It waits, which is part of its time.
        clock.advance(MICROSECOND);
        assert_eq!(calls("future"), Some(0), "the first call registers; it has not ended");
        assert_eq!(poll(late.as_mut()), Poll::Ready(Ok(7)));
    });
    assert_eq!((calls("future"), timings("future")), (Some(1), Some((1, 3_000.0))));
}

#[timed(sample = 2)]
async fn cancelled(clock: &MockClock) {
    pending_once().await;
    clock.advance(MICROSECOND);
}

#[test]
fn a_future_that_is_dropped_is_recorded_if_it_began() {
    with_mock_clock(|clock| {
        drop(cancelled(clock));
        let mut begun = Box::pin(cancelled(clock));
        assert!(poll(begun.as_mut()).is_pending());
        clock.advance(MICROSECOND);
        drop(begun);
    });
    assert_eq!((calls("cancelled"), timings("cancelled")), (Some(1), Some((1, 1_000.0))));
}

#[timed(&TestMetrics::global().future)]
async fn future_into(clock: &MockClock) {
    clock.advance(MICROSECOND);
    pending_once().await;
}

#[test]
fn a_future_may_go_into_a_given_histogram() {
    with_mock_clock(|clock| block_on(future_into(clock)));
    assert_eq!((calls("future_into"), TestMetrics::timings("future")), (None, Some((1, 1_000.0))));
}

#[timed(outcome)]
async fn fallible_future(clock: &MockClock, text: &str) -> Result<u32, Box<dyn std::error::Error>> {
    clock.advance(MICROSECOND);
    pending_once().await;
    if text == "early" {
        return Err("early".into());
    }
    assert!(text != "panic", "as it should");
    Ok(text.parse()?)
}

#[test]
fn a_future_ends_ok_with_an_error_a_panic_or_is_cancelled() {
    with_mock_clock(|clock| {
        assert!(block_on(fallible_future(clock, "7")).is_ok_and(|number| number == 7));
        assert!(block_on(fallible_future(clock, "x")).is_err());
        assert!(block_on(fallible_future(clock, "early")).is_err());
        assert!(panics(|| block_on(fallible_future(clock, "panic"))));
        drop(fallible_future(clock, "never polled"));
        let mut begun = Box::pin(fallible_future(clock, "7"));
        assert!(poll(begun.as_mut()).is_pending());
        clock.advance(MICROSECOND);
        drop(begun);
    });
    assert_eq!(outcomes("fallible_future"), [Some(1), Some(2), Some(1), Some(1)]);
    assert_eq!(timings_by_outcome("fallible_future", "cancelled"), Some((1, 2_000.0)));
    assert_eq!(timings_by_outcome("fallible_future", "err"), Some((2, 2_000.0)));
}

#[timed(outcome)]
async fn opaque_future(value: impl Display) -> impl Display {
    pending_once().await;
    format!("<{value}>")
}

#[timed(outcome)]
async fn partly_opaque_future(fail: bool) -> Result<impl Display, String> {
    if fail {
        return Err("as it should".to_owned());
    }
    Ok(7)
}

#[timed(outcome)]
async fn unit_future(done: &Cell<bool>) {
    pending_once().await;
    done.set(true);
}

#[timed(outcome)]
async fn diverging_future() -> ! {
    loop {
        pending_once().await;
    }
}

#[timed(outcome)]
async fn borrowed_future<'a, T: Clone>(values: &'a mut Vec<T>, value: &T) -> Option<&'a mut T> {
    values.push(value.clone());
    pending_once().await;
    values.last_mut()
}

#[timed(outcome)]
async unsafe fn unsafe_future(value: *const u8) -> u8 {
    // SAFETY: the caller gives a pointer to a value.
    unsafe { *value }
}

#[test]
fn futures_of_any_type_have_outcomes() {
    assert_eq!(block_on(opaque_future(1)).to_string(), "<1>");
    assert_eq!(outcome("opaque_future", "ok"), Some(1));
    assert!(block_on(partly_opaque_future(true)).is_err());
    assert!(block_on(partly_opaque_future(false)).is_ok_and(|value| value.to_string() == "7"));
    assert_eq!(outcomes("partly_opaque_future"), [Some(1), Some(1), Some(0), Some(0)]);
    let done = Cell::new(false);
    block_on(unit_future(&done));
    assert!(done.get());
    let mut endless = Box::pin(diverging_future());
    assert!(poll(endless.as_mut()).is_pending());
    drop(endless);
    assert_eq!(outcomes("diverging_future"), [Some(0), Some(0), Some(0), Some(1)]);
    assert_eq!(block_on(borrowed_future(&mut vec![1], &2)), Some(&mut 2));
    // SAFETY: it points to a value.
    assert_eq!(block_on(unsafe { unsafe_future(std::ptr::from_ref(&7)) }), 7);
}

trait Service {
    fn serve(&self, value: u32) -> impl Future<Output = Result<u32, u32>> + Send;
}

struct Doubler;

impl Service for Doubler {
    #[timed(outcome)]
    async fn serve(&self, value: u32) -> Result<u32, u32> {
        if value == 0 { Err(value) } else { Ok(value * 2) }
    }
}

#[timed]
async fn sendable(value: String) -> usize {
    pending_once().await;
    value.len()
}

#[timed(outcome, sample = 2)]
async fn sendable_outcome(value: &str) -> Result<usize, String> {
    pending_once().await;
    Ok(value.len())
}

#[timed(sample = 2, TestMetrics::global().future)]
async fn sendable_into(value: &str) -> usize {
    pending_once().await;
    value.len()
}

#[test]
fn futures_stay_send() {
    fn on_another_thread<T: Send>(future: impl Future<Output = T> + Send) -> Option<T> {
        std::thread::scope(|scope| scope.spawn(|| block_on(future)).join().ok())
    }
    assert_eq!(on_another_thread(sendable("abc".to_owned())), Some(3));
    assert_eq!(on_another_thread(sendable_outcome("abcd")), Some(Ok(4)));
    assert_eq!(on_another_thread(Doubler.serve(4)), Some(Ok(8)));
    assert_eq!(on_another_thread(Doubler.serve(0)), Some(Err(0)));
    assert_eq!(outcomes("Doubler::serve"), [Some(1), Some(1), Some(0), Some(0)]);
    if false {
        on_another_thread(sendable_into("never run: only its type is checked"));
    }
}

/// Arguments and locals are dropped before the call ends, as the guard is the first to be made.
#[test]
fn locals_are_dropped_within_the_time() {
    struct Slow<'a>(&'a MockClock);
    impl Drop for Slow<'_> {
        fn drop(&mut self) {
            self.0.advance(MICROSECOND);
        }
    }
    #[timed]
    fn drops_locals(clock: &MockClock) {
        let _slow = Slow(clock);
    }
    #[timed(outcome)]
    async fn drops_locals_too(clock: &MockClock) {
        let _slow = Slow(clock);
    }
    with_mock_clock(|clock| {
        drops_locals(clock);
        block_on(drops_locals_too(clock));
    });
    assert_eq!(timings("drops_locals"), Some((1, 1_000.0)));
    assert_eq!(timings_by_outcome("drops_locals_too", "ok"), Some((1, 1_000.0)));
}

mod made_by_macros {
    use super::{Desk, Histogram, timed};

    macro_rules! function {
        ($(#[$attribute:meta])* $name:ident($argument:ident: $ty:ty) -> $returns:ty $body:block) => {
            $(#[$attribute])*
            pub(super) fn $name($argument: $ty) -> $returns $body
        };
    }
    macro_rules! item {
        ($item:item) => {
            #[timed(outcome)]
            $item
        };
    }

    function!(#[timed(desk.latency)] from_macro(desk: &Desk) -> Histogram { desk.latency });
    function!(#[timed(outcome)] from_macro_too(value: u32) -> u32 { value + 1 });
    item! {
        pub(super) fn item(value: u32) -> Option<u32> { value.checked_sub(1) }
    }
}

#[test]
fn functions_from_macros_are_recorded() -> Result<(), RegisterError> {
    let registry = Registry::new();
    made_by_macros::from_macro(&Desk::new(&registry)?);
    assert_eq!(
        registry.snapshot().histogram("desk_seconds", &[]).map(HistogramSnapshot::count),
        Some(1)
    );
    assert_eq!(made_by_macros::from_macro_too(1), 2);
    assert_eq!(made_by_macros::item(1), Some(0));
    Ok(())
}

trait Sent {
    fn of_two_traits();
}

trait Held {
    fn of_two_traits();
}

impl Sent for Twice {
    #[timed(labels(venue = "a", desk = "b"))]
    fn of_two_traits() {}
}

impl Held for Twice {
    #[timed(labels(desk = "b", venue = "a"))]
    fn of_two_traits() {}
}

#[test]
fn the_order_of_labels_makes_no_other_series() {
    <Twice as Sent>::of_two_traits();
    <Twice as Held>::of_two_traits();
    let mut text = String::new();
    tickmetrics_exporter::encode::text(&Registry::global().snapshot(), &mut text);
    let lines = text.lines().filter(|line| {
        line.starts_with("function_calls_total") && line.contains("\"Twice::of_two_traits\"")
    });
    let lines: Vec<_> = lines.collect();
    assert!(matches!(&*lines, [line] if line.ends_with(" 2")), "{lines:?}");
}
