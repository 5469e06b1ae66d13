//! The macros of `tickmetrics`, which re-exports them. Use `tickmetrics::Metrics` and the others,
//! not this crate. Expansions name `::tickmetrics`, or the path given by `crate = ...`.
//!
//! Each macro reads its attributes, checks them, and expands, in this order and in modules of these
//! names. Errors are collected, so that one build reports them all. After an error the macro still
//! emits an implementation (or the unchanged function), so that each error is reported once.

mod arguments;
mod errors;
mod label;
mod labels;
mod metrics;
mod names;
mod quantity;
mod root;
mod timed;
mod visibility;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Turns a struct into a set of metrics, one for each field. It adds the methods
/// `register(&registry)`, `global()` and `describe()`, with the struct's visibility. It also
/// implements the trait of the same name, through which generic code calls them.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// #[derive(Metrics)]
/// #[metrics(prefix = "execution", labels(venue = "xnas"))]
/// struct ExecutionMetrics {
///     /// Orders rejected before submission.
///     rejected: Counter, // execution_rejected_total
///     /// Time from submission to fill.
///     #[metric(unit = "seconds", max = "10s", buckets = ["1us", "10us", "100us", "1ms"])]
///     fill_latency: Histogram, // execution_fill_latency_seconds
///     /// Slippage against the arrival price.
///     #[metric(name = "slippage_bps", scale = 0.01, max = 1000)]
///     slippage: Histogram, // exactly this name
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
/// A metric is named `prefix_field[_unit][_total]`. No part appears twice, and only counters end in
/// `_total`. The field's doc comment is required and becomes the help text, as rustdoc reads it:
/// lines are joined, and each paragraph becomes a line. Markdown stays as it is written. A `#[doc =
/// ...]` of anything but a literal is an error.
///
/// # On the struct
///
/// | `#[metrics(...)]` | |
/// |---|---|
/// | `prefix = "execution"` | begins the names of all fields |
/// | `labels(venue = "xnas", ...)` | labels with the same value on every series |
/// | `crate = my_crate::tickmetrics` | the crate's path, if not `::tickmetrics` |
///
/// # On a field
///
/// | `#[metric(...)]` | | for |
/// |---|---|---|
/// | `name = "exact_name"` | the whole name: no prefix or suffix is added | all |
/// | `unit = "seconds"` | the exported unit, which ends the name | all |
/// | `scale = 0.01` | exported units in a recorded one, a number above 0 | counters, histograms |
/// | `sigfigs = 2` | significant digits, 1 to 3; 2 by default | histograms |
/// | `max = "10s"` | the largest value; an hour of nanoseconds by default | histograms |
/// | `buckets = ["1us", ...]` | upper edges of the exposed buckets, rising, up to `max` | histograms |
/// | `native`, `native = 5` | native buckets, which replace the others in protobuf, by schema: -4 to 1, 4 or 7 with 1, 2 or 3 `sigfigs`; by default 3, or 1 with one digit | histograms |
/// | `quantiles = [0.5, 0.99]` | quantiles of the last interval, in a summary `<name>_quantiles`: rising, from 0 to 1; none by default | histograms |
/// | `extremes` | gauges `<name>_min` and `<name>_max` of the last interval | histograms |
/// | `exemplars` | the hook of `tickmetrics::exemplar` is asked for the traces of values, and some become exemplars | histograms |
/// | `exemplar_period = "5s"` | for how long a larger value's exemplar stays, as a time or a number of milliseconds; 15 s by default, and 0 keeps the newest | histograms |
/// | `labels(side = "buy", ...)` | labels with the same value on every series of this field | all, structs |
/// | `slo(...)` | an objective, any number of them: see below | counters, histograms |
/// | `alert(...)` | an alert, any number of them: see below | all |
/// | `panel(...)` | how a dashboard shows the metric: see below | all |
/// | `flatten` | the field is a struct of metrics: its names follow this one's prefix, and its metrics get this one's labels | structs |
///
/// `#[metrics(flatten)]` is the same as `#[metric(flatten)]`. Two fields may have the same `name`
/// if the values of their `labels` differ.
///
/// # Units
///
/// `max` and `buckets` are numbers in the exported unit: with `scale = 0.01`, 10 is 1000 recorded
/// units. If the unit is `seconds`, `milliseconds`, `microseconds` or `nanoseconds`, values are
/// recorded in nanoseconds, and a `scale` is refused but for a counter to which the program adds
/// exported units: `unit = "seconds", scale = 1.0`. Then a string with one of the suffixes `ns`,
/// `us` (or `µs`), `ms`, `s`, `m` and `h` may replace a number: `"2.5ms"`. Each of them must be a
/// whole number of recorded units.
///
/// A field's name must not end in a unit that the metric does not have; the error names the fix.
/// `wait_seconds` without `unit = "seconds"` would count nanoseconds, and `wait_ms` with it would
/// become `wait_ms_seconds`. `us`, `s` and `gb` are units in the names of histograms only. An exact
/// `name` may have any end, with one exception: if the name of a histogram or a counter ends in a
/// unit of time, such as `wait_ms` or `busy_seconds_total`, it needs that `unit`, or a `scale`.
///
/// # Objectives, alerts and panels
///
/// They cost nothing at run time. `tickmetrics::Registry::descriptions` hands them out, and
/// `tickmetrics-rules` makes alerting rules and dashboards of them.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// #[derive(Metrics)]
/// #[metrics(prefix = "gateway")]
/// struct GatewayMetrics {
///     /// Orders sent.
///     #[metric(panel(title = "Orders", row = "Traffic"))]
///     sent: Counter,
///     /// Orders that the venue refused.
///     #[metric(
///         slo(objective = 0.999, errors_of = sent, summary = "Orders are refused."),
///         alert(
///             name = "ManyRefused", share_of = sent, above = 0.05, for = "2m",
///             priority = "P1", summary = "One order in twenty is refused."
///         ),
///     )]
///     refused: Counter,
///     /// Time to acknowledge an order.
///     #[metric(
///         unit = "seconds",
///         slo(name = "fast-acks", objective = 0.9995, under = "100us", priority = "P0"),
///         alert(
///             name = "SlowAcks", quantile = 0.99, above = "1ms",
///             priority = "P1", summary = "Acknowledgements are slow."
///         ),
///     )]
///     ack: Histogram,
///     /// Whether the feed is connected.
///     #[metric(alert(
///         name = "FeedDown", equals = 0, for = "30s",
///         priority = "P0", summary = "The feed is down."
///     ))]
///     connected: Gauge,
/// }
///
/// let descriptions = GatewayMetrics::describe();
/// let objectives = descriptions.iter().flat_map(|metric| metric.objectives());
/// let names = objectives.map(|objective| objective.name.as_str());
/// assert!(names.eq(["gateway-refused", "fast-acks"]));
/// ```
///
/// `slo(...)` promises a share of good events, `objective`, which is between 0.93056 and 1: with a
/// lower one, its alert could not fire even if all events were bad.
///
/// | good events | |
/// |---|---|
/// | `under = "100us"` | a histogram's values up to this bound, a bucket edge unless buckets are `native` |
/// | `errors_of = sent` | all events of the field `sent`, a counter, but those of this counter |
/// | `bad(outcome = "rejected")`, `bad(outcome = ["rejected", "failed"])` | the events of a counter, but those with one of these values of a label |
///
/// Its `name` is lowercase words with `-` between them. The default is the metric's name without
/// its unit and `_total`: `gateway-refused` for `gateway_refused_total`.
///
/// `alert(...)` has a `name` in `PascalCase`, a condition, which is one of `above`, `below` and
/// `equals`, a `priority` and a `summary`. The condition must hold `for` a time, if one is given.
///
/// | what is compared | |
/// |---|---|
/// | the value | of a gauge or an up-down counter, in the exported unit; series are looked at apart |
/// | the events a second | of a counter, or the values a second of a histogram, `over` a time, five minutes by default |
/// | `share_of = sent` | the events of a counter as a share of those of another field's, 0 to 1 |
/// | `quantile = 0.99` | a quantile of a histogram: the threshold is a bucket edge, as a bound is |
///
/// `by(symbol)` looks at each value of a label apart. Other labels are summed up.
///
/// A `priority` is `"P0"` (somebody is called at once), `"P1"` (somebody is called: the default of
/// an objective) or `"P2"` (a ticket). `summary` is one sentence, and `runbook` the address of a page
/// with instructions. Both kinds of declaration have these keys.
///
/// `panel(...)` has `title`, `row`, `by(symbol)`, which draws a line for each value of a label, and
/// `hidden`, for no panel.
///
/// # Errors
///
/// Compile errors are: a missing doc comment; a setting that the kind of metric does not have; a
/// number out of its range, or an empty list of them; a name that Prometheus does not accept; a
/// prefix with a blank, `-` or `/`, or that ends in `_`; a tuple of more than four labels; two
/// fields with one name and the same labels; an objective or an alert that can never hold, that is
/// about another kind of metric, or that lacks a part; two of them with one name; an unknown key, or
/// a repeated one; generics, and anything but a struct with named fields; another method of the
/// struct with one of the three names. The last segment of a type's path decides the kind of a metric. A type alias is seen only
/// at registration, which then reports its errors.
#[proc_macro_derive(Metrics, attributes(metrics, metric))]
pub fn derive_metrics(input: TokenStream) -> TokenStream {
    metrics::derive(&visibility::expanded(parse_macro_input!(input as DeriveInput))).into()
}

/// Makes a label from an enum, whose variants are the values, or from a newtype around `LabelId`,
/// whose values are strings that are interned at their first use, up to a capacity.
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
/// | `rename = "side"` | the type | the label's name; by default the type's in snake case |
/// | `rename = "IOC"` | a variant | the value; by default the variant's name in snake case |
/// | `rename_all = "kebab-case"` | an enum | the case of all values but those with a `rename`: `lowercase`, `UPPERCASE`, `PascalCase`, `camelCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case` or `SCREAMING-KEBAB-CASE` |
/// | `capacity = 4096` | a newtype (required) | the number of possible values, 1 to 2^24 |
/// | `crate = my_crate::tickmetrics` | the type | the crate's path, if not `::tickmetrics` |
///
/// A newtype gets three methods with its visibility: `intern(&str) -> Self`, which returns `other`
/// for every value beyond the capacity, `as_str(self) -> &'static str`, and
/// `retire(&str) -> bool`, which hides the series of a value until it is interned again: see
/// `tickmetrics::Interner`. A label must be `Copy`.
///
/// # Errors
///
/// Compile errors are: an enum without variants, or one whose variants have fields; an empty value,
/// or a repeated one; a name that Prometheus does not accept; a newtype without a capacity; an
/// unknown key, or a repeated one; generics.
#[proc_macro_derive(Label, attributes(label))]
pub fn derive_label(input: TokenStream) -> TokenStream {
    label::derive(&visibility::expanded(parse_macro_input!(input as DeriveInput))).into()
}

/// Turns a struct with a label in each field into the labels of a metric.
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
/// A label has the name of its field, or the one given by `#[label(rename = "...")]`. Each
/// combination of values is a series, and the series lie side by side: the last field's value
/// changes fastest. The struct must be `Copy`. `#[label(crate = path)]` on the struct gives the
/// crate's path, if it is not `::tickmetrics`.
///
/// # Errors
///
/// Compile errors are: a name that Prometheus does not accept, or a repeated one; an unknown key;
/// generics, and anything but a struct with named fields.
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
/// its completion or its drop, waiting included. A future that is never polled is no call.
///
/// The label `function` is `parse` for a function, and `Book::new` for a method. The type in it has
/// no modules and no generic arguments: all instances of generic code are one series. A method that
/// a trait provides, or that is implemented for each `T`, has the trait's name instead, as in
/// `Strategy::decide`. Functions in one module with the same label share their series, for example
/// methods of two traits for one type: separate them with `labels`. The type comes from the
/// compiler's name for it, and is missing if the macro can't read that name. A function in another
/// function counts as a method if the outer function's name is in `CamelCase`, as those of types
/// are.
///
/// | argument | |
/// |---|---|
/// | none | `function_calls_total` and `function_duration_seconds`, with the labels `module` and `function` |
/// | an expression | records into this `Histogram` (or a reference to one), and counts no calls; the expression may use `self` and the arguments |
/// | `sample = 64` | counts every call, and times the first one of each thread and then one in 64 |
/// | `exemplars` | the hook of `tickmetrics::exemplar` is asked for the traces of durations, and some become exemplars |
/// | `outcome` | adds the label `outcome`: `ok` (a `None`, too), `err` (a `Result` that is `Err`), `panic` or `cancelled` (a future dropped before completion) |
/// | `name = "route"` | `route_calls_total` and `route_duration_seconds` instead |
/// | `labels(venue = "xnas")` | adds labels with the same value on every series |
/// | `crate = my_crate::tickmetrics` | the crate's path, if not `::tickmetrics` |
///
/// Arguments combine in any order. With an expression and `sample` or `outcome`, the calls are
/// counted as without an expression, and the given histogram records the time. The expression is
/// evaluated before the body; with `sample` alone, only in calls that are timed.
///
/// # The expansion of the function
///
/// Its signature, attributes and body stay. Without `outcome`, the macro adds a statement before
/// the body. With `outcome`, it puts the body in a closure or an async block, and checks the
/// result. So `return` and `?` work as before. `#[track_caller]` would not work, and is refused.
/// The result of a generic return type counts as `ok`, since the macro can't inspect it.
///
/// Some macros that expand before this one turn an `async fn` into a function that returns a boxed
/// future, as `#[async_trait]` on an `impl` does. Then only the making of the future is timed.
///
/// # Errors
///
/// Compile errors are: a `const fn`, a method without a body, and anything but a function; `sample
/// = 0`; a name that Prometheus does not accept, has a blank, `-` or `/`, or ends in `_`; an
/// unknown argument, or a repeated one; a second expression; `name` or `labels` if they would name
/// nothing.
#[proc_macro_attribute]
pub fn timed(arguments: TokenStream, item: TokenStream) -> TokenStream {
    timed::attribute(arguments.into(), item.into()).into()
}
