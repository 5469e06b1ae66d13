//! The expansions name what they need by paths that nothing in a caller's scope can hide.

// What hides the standard library's and the language's own names, where macros are expanded.
#![allow(dead_code, unused_macros, non_camel_case_types, non_upper_case_globals)]

mod core {}
mod std {}
mod alloc {}
mod tickmetrics {}
mod declared {}

struct usize;
struct u8;
struct u32;
struct u64;
struct f64;
struct bool;
struct str;
struct char;
struct Option;
struct Some;
struct None;
struct Result;
struct Ok;
struct Err;
struct String;
struct Vec;
struct Box;
trait Copy {}
trait Clone {}
trait Sized {}
trait Send {}
trait Sync {}
trait Fn {}
trait FnOnce {}
trait Future {}
trait Drop {}
trait Into {}
trait From {}
trait Iterator {}
trait Visitor {}
struct Scope;
struct Values;
struct Label;
struct LabelId;
struct Labels;
struct Dimension;
struct Interner;
struct Counter;
struct Histogram;
struct Registry;
struct Outcome;
struct Description;
struct RegisterError;
struct Panel;
struct Priority;
struct Condition;
struct Subject;
struct Alert;
struct Indicator;
struct Objective;

// Constants, which a pattern of the same name would be compared with.
const scope: () = ();
const visitor: () = ();
const index: () = ();
const call: () = ();
const result: () = ();
const body: () = ();
const context: () = ();
const due: () = ();
const timer: () = ();
const histogram: () = ();
const _guard: () = ();
const _call: () = ();
const GLOBAL: () = ();
const INTERNER: () = ();
const SITE: () = ();
const COUNTDOWN: () = ();

macro_rules! vec { () => {} }
macro_rules! concat { () => {} }
macro_rules! stringify { () => {} }
macro_rules! module_path { () => {} }
macro_rules! unreachable { () => {} }
macro_rules! thread_local { () => {} }
macro_rules! pin { () => {} }

/// Named like the trait that it gets.
#[derive(::tickmetrics::Metrics)]
#[metrics(prefix = "hygiene", labels(venue = "xnas"))]
struct Metrics {
    /// By a label called `V`.
    by_letter: ::tickmetrics::Counter<V>,
    /// Waited.
    #[metric(
        unit = "seconds", sigfigs = 3, max = "1s", native = 2, buckets = ["1us", 0.5],
        quantiles = [0.5], extremes, exemplars, exemplar_period = "1s", labels(feed = "a"),
    )]
    wait: ::tickmetrics::Histogram<Pair>,
    /// Scaled.
    #[metric(name = "hygiene_scaled", scale = 0.5)]
    scaled: ::tickmetrics::Histogram,
    /// All.
    all: ::tickmetrics::Counter,
    /// Declared.
    #[metric(
        slo(objective = 0.999, errors_of = all, priority = "P0", summary = "a", runbook = "b"),
        slo(objective = 0.999, bad(V = ["v", "m"]), name = "bad"),
        alert(
            name = "A", share_of = all, above = 0.5, over = "1m", for = "1m", by(V),
            priority = "P0", summary = "a", runbook = "b"
        ),
        alert(name = "B", equals = 0, priority = "P1", summary = "b"),
        panel(title = "a", row = "b", by(V)),
    )]
    declared: ::tickmetrics::Counter<V>,
    /// Declared, with an exact name.
    #[metric(
        name = "hygiene_declared_seconds", unit = "seconds",
        slo(objective = 0.999, under = "1ms"),
        alert(name = "C", quantile = 0.5, below = "1ms", priority = "P2", summary = "c"),
        panel(hidden),
    )]
    declared_wait: ::tickmetrics::Histogram,
    /// Declared, of a value.
    #[metric(alert(name = "D", above = -1, priority = "P2", summary = "d"))]
    value: ::tickmetrics::Gauge,
    #[metrics(flatten)]
    other: E,
}

/// Named like a type parameter.
#[derive(::tickmetrics::Metrics)]
struct E {
    /// By others.
    by: ::tickmetrics::Counter<(T, L, R)>,
}

#[derive(::core::clone::Clone, ::core::marker::Copy, ::tickmetrics::Label)]
enum V {
    V,
    M,
    Ok,
    None,
}

#[derive(::core::clone::Clone, ::core::marker::Copy, ::tickmetrics::Label)]
enum T {
    Self_,
    usize,
}

#[derive(::core::clone::Clone, ::core::marker::Copy, ::tickmetrics::Label)]
#[label(capacity = 4)]
struct L(::tickmetrics::LabelId);

#[derive(::core::clone::Clone, ::core::marker::Copy, ::tickmetrics::Label)]
enum R {
    index,
}

#[derive(::core::clone::Clone, ::core::marker::Copy, ::tickmetrics::Labels)]
struct Pair {
    index: V,
    dimensions: L,
}

#[::tickmetrics::timed]
fn plain() {}

#[::tickmetrics::timed(sample = 2)]
fn sampled() {}

#[::tickmetrics::timed(__metrics().scaled)]
fn given() {}

#[::tickmetrics::timed(__metrics().scaled, sample = 2)]
fn given_sampled() {}

#[::tickmetrics::timed(outcome, exemplars, sample = 2, labels(venue = "xnas"))]
fn outcome() -> ::core::result::Result<(), ()> {
    ::core::result::Result::Err(())
}

#[::tickmetrics::timed(outcome, __metrics().scaled)]
fn given_outcome() {}

#[::tickmetrics::timed]
async fn future() {}

#[::tickmetrics::timed(outcome)]
async fn future_outcome() -> ::core::result::Result<(), ()> {
    ::core::result::Result::Ok(())
}

fn __metrics() -> &'static Metrics {
    Metrics::global()
}

fn main() {
    let metrics = __metrics();
    metrics.by_letter.with(V::None).inc();
    metrics.wait.with(Pair { index: V::Ok, dimensions: L::intern("a") }).record(1);
    metrics.other.by.with((T::usize, L::intern("b"), R::index)).inc();
    plain();
    sampled();
    given();
    given_sampled();
    let _ = outcome();
    given_outcome();
    let _ = (future(), future_outcome());
}
