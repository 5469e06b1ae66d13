//! The macros of `tickmetrics`, which re-exports them: name `tickmetrics::Metrics` and so on, not
//! this crate. What they expand to names `::tickmetrics`, or the path that `crate = ...` gives.
//!
//! Each macro reads its attributes, checks them, and expands, in this order and in modules of these
//! names. Mistakes are collected, so that one build tells them all, and an implementation (or the
//! function as it was) is there all the same, so that each is told once.

mod arguments;
mod errors;
mod label;
mod labels;
mod metrics;
mod names;
mod quantity;
mod root;
mod timed;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct of metrics, one for each field. It gets the methods `register(&registry)`,
/// `global()` and `describe()`, as visible as itself, and implements the trait of the same name, by
/// which generic code calls them.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// #[derive(Metrics)]
/// #[metrics(prefix = "execution", labels(venue = "xnas"))]
/// struct ExecutionMetrics {
///     /// Orders rejected before they left.
///     rejected: Counter, // execution_rejected_total
///     /// Time from submission to fill.
///     #[metric(unit = "seconds", max = "10s", buckets = ["1us", "10us", "100us", "1ms"])]
///     fill_latency: Histogram, // execution_fill_latency_seconds
///     /// Slippage against the arrival price.
///     #[metric(name = "slippage_bps", scale = 0.01, max = 1000)]
///     slippage: Histogram, // exactly that name
///     #[metrics(flatten)]
///     session: SessionMetrics,
/// }
///
/// #[derive(Metrics)]
/// #[metrics(prefix = "session")]
/// struct SessionMetrics {
///     /// Messages received.
///     messages: Counter, // here: execution_session_messages_total
/// }
///
/// let registry = Registry::new();
/// let metrics = ExecutionMetrics::register(&registry)?;
/// metrics.rejected.add(3);
/// metrics.session.messages.inc();
///
/// let snapshot = registry.snapshot();
/// let venue = [("venue", "xnas")];
/// assert_eq!(snapshot.counter("execution_rejected_total", &venue), Some(3));
/// assert_eq!(snapshot.counter("execution_session_messages_total", &venue), Some(1));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
///
/// A metric is called `prefix_field[_unit][_total]`, where no part is said twice and only counters
/// end in `_total`. Its help text is the field's doc comment, which must be there, as rustdoc reads
/// it: lines are joined, and each paragraph becomes a line. Markdown stays as it is written. A
/// `#[doc = ...]` of anything but a literal is an error.
///
/// # On the struct
///
/// | `#[metrics(...)]` | |
/// |---|---|
/// | `prefix = "execution"` | begins the names of all fields |
/// | `labels(venue = "xnas", ...)` | labels with the same value on every series |
/// | `crate = my_crate::tickmetrics` | where the crate is, if not at `::tickmetrics` |
///
/// # On a field
///
/// | `#[metric(...)]` | | of |
/// |---|---|---|
/// | `name = "exact_name"` | the whole name: no prefix or suffix is added | all |
/// | `unit = "seconds"` | the exported unit, which ends the name | all |
/// | `scale = 0.01` | exported units to a recorded one, a number above 0 | counters, histograms |
/// | `sigfigs = 2` | significant digits, 1 to 3; 2 by default | histograms |
/// | `max = "10s"` | the largest value; an hour of nanoseconds by default | histograms |
/// | `buckets = ["1us", ...]` | upper edges of the exposed buckets, rising, up to `max` | histograms |
/// | `native`, `native = 5` | native buckets, which protobuf has instead of the others, by schema: -4 to 1, 4 or 7 with 1, 2 or 3 `sigfigs`; 3 where none is given, or 1 with one digit | histograms |
/// | `quantiles = [0.5, 0.99]` | of the last interval, in a summary `<name>_quantiles`: rising, from 0 to 1; none by default | histograms |
/// | `extremes` | gauges `<name>_min` and `<name>_max` of the last interval | histograms |
/// | `exemplar_period = "5s"` | for how long a larger value's exemplar stays, or a number of milliseconds; 15 s by default, and 0 keeps the newest | histograms |
/// | `labels(side = "buy", ...)` | labels with the same value on every series of this field | all, structs |
/// | `flatten` | the field is a struct of metrics: its names are put behind this one's prefix, and it gets this one's labels | structs |
///
/// `#[metrics(flatten)]` is the same as `#[metric(flatten)]`. Two fields may have one `name`, where the
/// values of their `labels` differ.
///
/// # Units
///
/// `max` and `buckets` are numbers in the exported unit: with `scale = 0.01`, 10 is 1000 recorded
/// units. Where the unit is `seconds`, `milliseconds`, `microseconds` or `nanoseconds`, values are
/// recorded in nanoseconds, a `scale` is refused, and a string with one of the suffixes `ns`, `us`
/// (or `µs`), `ms`, `s`, `m` and `h` may stand for a number: `"2.5ms"`. Either way what comes out
/// must be a whole number of recorded units.
///
/// A field whose name ends in a unit that the metric does not have is an error, which says what to
/// write: `wait_seconds` without `unit = "seconds"` would count nanoseconds, and `wait_ms` with it would
/// become `wait_ms_seconds`. `us`, `s` and `gb` are units in the names of histograms only. An exact
/// `name` may end as it likes, but for a histogram's with a unit of time and neither `unit` nor `scale`.
///
/// # Errors
///
/// Compile errors are: a missing doc comment; a setting that the kind of metric does not have; a
/// number out of its range, or an empty list of them; a name that Prometheus would not take; a prefix
/// with a blank, `-` or `/`, or that ends in `_`; a tuple of more than four labels; two fields with
/// one name and the same labels; an unknown key, or a known one twice; generics, and anything but a
/// struct with named fields; another method of the struct's that is called as one of the three. The
/// kind of a metric is told by the last segment of its type's path, so that what is wrong with an
/// alias is found when it is registered.
#[proc_macro_derive(Metrics, attributes(metrics, metric))]
pub fn derive_metrics(input: TokenStream) -> TokenStream {
    metrics::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a label: of an enum, whose variants are the values, or of a newtype around `LabelId`, whose
/// values are strings that are interned as they come, up to a capacity.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// #[derive(Clone, Copy, Label)]
/// enum OrderType {
///     Market,
///     StopLoss, // order_type="stop_loss"
///     #[label(rename = "IOC")]
///     ImmediateOrCancel,
/// }
///
/// #[derive(Clone, Copy, Label)]
/// #[label(capacity = 4096)]
/// struct Symbol(LabelId);
///
/// let aapl = Symbol::intern("AAPL");
/// assert_eq!(aapl.as_str(), "AAPL");
///
/// let registry = Registry::new();
/// let orders: Counter<(Symbol, OrderType)> =
///     registry.register(&Description::new("orders_total", "Orders sent."))?;
/// orders.with((aapl, OrderType::StopLoss)).inc();
///
/// let labels = [("symbol", "AAPL"), ("order_type", "stop_loss")];
/// assert_eq!(registry.snapshot().counter("orders_total", &labels), Some(1));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
///
/// | `#[label(...)]` | on | |
/// |---|---|---|
/// | `rename = "side"` | the type | the label's name; the type's in snake case by default |
/// | `rename = "IOC"` | a variant | the value; the variant's name in snake case by default |
/// | `rename_all = "kebab-case"` | an enum | the case of all values but those with a `rename`: `lowercase`, `UPPERCASE`, `PascalCase`, `camelCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case` or `SCREAMING-KEBAB-CASE` |
/// | `capacity = 4096` | a newtype, where it must be | how many values it may have, 1 to 2^24 |
/// | `crate = my_crate::tickmetrics` | the type | where the crate is, if not at `::tickmetrics` |
///
/// A newtype gets two methods, as visible as itself: `intern(&str) -> Self`, where every value
/// beyond the capacity becomes `other`, and `as_str(self) -> &'static str`. A label must be `Copy`.
///
/// # Errors
///
/// Compile errors are: an enum without variants, or one whose variants have fields; a value that is
/// empty or there twice; a name that Prometheus would not take; a newtype without a capacity; an
/// unknown key, or a known one twice; generics.
#[proc_macro_derive(Label, attributes(label))]
pub fn derive_label(input: TokenStream) -> TokenStream {
    label::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a struct with a label in each field the labels of a metric.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// #[derive(Clone, Copy, Label)]
/// enum Side { Buy, Sell }
///
/// #[derive(Clone, Copy, Labels)]
/// struct OrderLabels {
///     side: Side,
///     #[label(rename = "post_only")]
///     maker: bool,
/// }
///
/// let registry = Registry::new();
/// let orders: Counter<OrderLabels> =
///     registry.register(&Description::new("orders_total", "Orders sent."))?;
/// orders.with(OrderLabels { side: Side::Sell, maker: true }).inc();
///
/// let labels = [("side", "sell"), ("post_only", "true")];
/// assert_eq!(registry.snapshot().counter("orders_total", &labels), Some(1));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
///
/// A label is called as its field is, or as `#[label(rename = "...")]` says. There are as many
/// series as combinations of values, side by side; the last field's value changes fastest. The
/// struct must be `Copy`. `#[label(crate = path)]` on the struct names the crate, if it is not at
/// `::tickmetrics`.
///
/// # Errors
///
/// Compile errors are: a name that Prometheus would not take, or that is there twice; an unknown
/// key; generics, and anything but a struct with named fields.
#[proc_macro_derive(Labels, attributes(label))]
pub fn derive_labels(input: TokenStream) -> TokenStream {
    labels::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Counts and times a function, in the global registry.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// #[derive(Metrics)]
/// #[metrics(prefix = "strategy")]
/// struct StrategyMetrics {
///     /// Time to decide.
///     #[metric(unit = "seconds")]
///     decide: Histogram,
/// }
///
/// #[timed]
/// fn on_tick(price: u64) {}
///
/// #[timed(StrategyMetrics::global().decide)]
/// fn decide(price: u64) -> bool {
///     price > 100
/// }
///
/// #[timed(outcome, sample = 64, name = "parse", labels(venue = "xnas"))]
/// fn parse(text: &str) -> Result<u64, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// on_tick(99);
/// assert!(decide(101));
/// assert!(parse("x").is_err());
///
/// let snapshot = Registry::global().snapshot();
/// let labels = [("module", module_path!()), ("function", "on_tick")];
/// assert_eq!(snapshot.counter("function_calls_total", &labels), Some(1));
/// assert_eq!(snapshot.histogram("function_duration_seconds", &labels).unwrap().count(), 1);
/// assert_eq!(snapshot.histogram("strategy_decide_seconds", &[]).unwrap().count(), 1);
/// let module = ("module", module_path!());
/// let labels = [module, ("function", "parse"), ("venue", "xnas"), ("outcome", "err")];
/// assert_eq!(snapshot.counter("parse_calls_total", &labels), Some(1));
/// ```
///
/// A call that panics is recorded too. An `async fn` is timed from the first poll of its future to
/// its completion or its drop, waiting included; a future that is never polled is no call.
///
/// The label `function` is `parse` for a function, and `Book::new` for a method, whose type has no
/// modules and no generic arguments there: all instances of generic code are one series. A method that
/// a trait provides, or that is implemented for each `T`, has the trait's name instead, as in
/// `Strategy::decide`. Functions in one module that have one name even so share their series, as
/// methods of two traits for one type: tell them apart with `labels`. The type is taken from the name
/// that the compiler has for it, and is missing where that is not understood. A function inside of
/// another is taken for a method where the one around it is written as types are, in `CamelCase`.
///
/// | argument | |
/// |---|---|
/// | none | `function_calls_total` and `function_duration_seconds`, with the labels `module` and `function` |
/// | an expression | records into this `Histogram` (or a reference to one), and counts no calls; `self` and arguments may be named |
/// | `sample = 64` | counts every call, and times the first one of each thread and then one in 64 |
/// | `outcome` | adds the label `outcome`: `ok`, `err` (a `Result` that is `Err`), `panic` or `cancelled` (a future dropped before it was done) |
/// | `name = "route"` | `route_calls_total` and `route_duration_seconds` instead |
/// | `labels(venue = "xnas")` | adds labels with the same value on every series |
/// | `crate = my_crate::tickmetrics` | where the crate is, if not at `::tickmetrics` |
///
/// They go together, in any order. With an expression and `sample` or `outcome`, the calls are
/// counted as without one, and the time goes to the histogram given. The expression is evaluated
/// before the body; with `sample` alone, only in calls that are timed.
///
/// # What happens to the function
///
/// Its signature, attributes and body stay. Without `outcome`, a statement is put before the body.
/// With it, the body is put in a closure, or an async block, and its result looked at: so `return`
/// and `?` work as ever, but `#[track_caller]` would not, and is refused. Of a generic return type
/// nothing is known: what it returns is `ok`.
///
/// Where a macro that is expanded before this one turns an `async fn` into a function that returns a
/// boxed future, as `#[async_trait]` on an `impl` does, only the making of the future is timed.
///
/// # Errors
///
/// Compile errors are: a `const fn`, a method without a body, and what is no function; `sample = 0`; a
/// name that Prometheus would not take, has a blank, `-` or `/`, or ends in `_`; an unknown argument,
/// or one twice; a second expression; `name` or `labels` beside nothing that they would name.
#[proc_macro_attribute]
pub fn timed(arguments: TokenStream, item: TokenStream) -> TokenStream {
    timed::attribute(arguments.into(), item.into()).into()
}
