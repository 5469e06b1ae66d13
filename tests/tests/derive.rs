//! The output of the derives: names, units, settings, labels, and the three ways to register.

use std::error::Error;
use std::time::Duration;
use tickmetrics::prelude::*;
use tickmetrics::{Kind, Values};

type Test = Result<(), Box<dyn Error>>;

#[derive(Clone, Copy, PartialEq, Debug, Label)]
enum Side {
    Buy,
    Sell,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 64)]
struct Symbol(LabelId);

#[derive(Clone, Copy, Labels)]
struct OrderLabels {
    symbol: Symbol,
    side: Side,
}

#[derive(Metrics)]
#[metrics(prefix = "execution")]
struct ExecutionMetrics {
    /// Orders submitted to the venue.
    orders_submitted: Counter<OrderLabels>,
    /// Orders rejected before they left.
    rejected: Counter,
    /// Time from submission to fill.
    #[metric(unit = "seconds", sigfigs = 2, max = "10s", buckets = ["1us", "10us", "100us", "1ms"])]
    fill_latency: Histogram,
    /// Slippage against the arrival price.
    #[metric(name = "execution_slippage_bps", scale = 0.01)]
    slippage: Histogram<Symbol>,
    /// Requests the venue still allows.
    rate_limit_remaining: Gauge,
    /// Orders in flight.
    in_flight: UpDownCounter,
}

/// The description of the metric with this name in `describe`.
fn described<M: Metrics>(name: &str) -> Result<Description, String> {
    let found = M::describe().into_iter().find(|metric| metric.name() == name);
    found.ok_or_else(|| format!("no metric is named {name}"))
}

fn names<M: Metrics>() -> Vec<String> {
    M::describe().iter().map(|metric| metric.name().to_owned()).collect()
}

#[test]
fn every_field_records_under_its_name() -> Test {
    let registry = Registry::new();
    let metrics = ExecutionMetrics::register(&registry)?;
    let labels = OrderLabels { symbol: Symbol::intern("AAPL"), side: Side::Buy };
    metrics.orders_submitted.with(labels).inc();
    metrics.rejected.add(3);
    metrics.fill_latency.record(1_500);
    metrics.slippage.with(Symbol::intern("AAPL")).record_f64(12.34);
    metrics.rate_limit_remaining.set(99.0);
    metrics.in_flight.add(2);
    metrics.in_flight.sub(1);

    let snapshot = registry.snapshot();
    let aapl_buy = [("symbol", "AAPL"), ("side", "buy")];
    assert_eq!(snapshot.counter("execution_orders_submitted_total", &aapl_buy), Some(1));
    let aapl_sell = [("symbol", "AAPL"), ("side", "sell")];
    assert_ne!(snapshot.counter("execution_orders_submitted_total", &aapl_sell), Some(1));
    assert_eq!(snapshot.counter("execution_rejected_total", &[]), Some(3));
    let latency = snapshot.histogram("execution_fill_latency_seconds", &[]).ok_or("latency")?;
    assert_eq!((latency.count(), latency.sum(), latency.max()), (1, 1.5e-6, Some(1.5e-6)));
    let slippage = snapshot.histogram("execution_slippage_bps", &[("symbol", "AAPL")]);
    assert_eq!(slippage.ok_or("slippage")?.max(), Some(12.34));
    assert_eq!(snapshot.gauge("execution_rate_limit_remaining", &[]), Some(99.0));
    assert_eq!(snapshot.gauge("execution_in_flight", &[]), Some(1.0));
    Ok(())
}

#[test]
fn describe_lists_the_fields_in_order() -> Test {
    assert_eq!(
        names::<ExecutionMetrics>(),
        [
            "execution_orders_submitted_total",
            "execution_rejected_total",
            "execution_fill_latency_seconds",
            "execution_slippage_bps",
            "execution_rate_limit_remaining",
            "execution_in_flight",
        ]
    );
    let orders = described::<ExecutionMetrics>("execution_orders_submitted_total")?;
    assert_eq!(orders.help(), "Orders submitted to the venue.");
    assert_eq!(orders.kind(), Some(Kind::Counter));
    assert_eq!(orders.label_names().collect::<Vec<_>>(), ["symbol", "side"]);
    let latency = described::<ExecutionMetrics>("execution_fill_latency_seconds")?;
    assert_eq!((latency.kind(), latency.exported_unit()), (Some(Kind::Histogram), "seconds"));
    let in_flight = described::<ExecutionMetrics>("execution_in_flight")?;
    assert_eq!(in_flight.kind(), Some(Kind::UpDownCounter));
    Ok(())
}

#[test]
fn settings_are_those_of_a_description_by_hand() -> Test {
    let by_hand =
        Description::new("execution_fill_latency_seconds", "Time from submission to fill.")
            .unit("seconds")
            .sigfigs(2)
            .max(10_000_000_000)
            .buckets([1_000, 10_000, 100_000, 1_000_000]);
    let registry = Registry::new();
    ExecutionMetrics::register(&registry)?;
    // Only the very same description is no clash.
    registry.register::<Histogram>(&by_hand)?;
    assert!(registry.register::<Histogram>(&by_hand.clone().sigfigs(3)).is_err());
    assert!(registry.register::<Histogram>(&by_hand.max(9_000_000_000)).is_err());

    let slippage =
        Description::new("execution_slippage_bps", "Slippage against the arrival price.");
    registry.register::<Histogram<Symbol>>(&slippage.clone().scale(0.01))?;
    assert!(registry.register::<Histogram<Symbol>>(&slippage).is_err());
    Ok(())
}

#[test]
fn native_buckets_are_asked_for_on_the_field() -> Test {
    #[derive(Metrics)]
    struct Native {
        /// Waited.
        #[metric(sigfigs = 3, native = -2)]
        wait: Histogram,
        /// Without a schema.
        #[metric(native)]
        usual: Histogram,
        /// With digits for schema 1 at the most.
        #[metric(native, sigfigs = 1)]
        coarse: Histogram,
    }
    let registry = Registry::new();
    let Native { wait, usual, coarse } = Native::register(&registry)?;
    [wait, usual, coarse].iter().for_each(|histogram| histogram.record(17));
    let snapshot = registry.snapshot();
    let native = snapshot.histogram("wait", &[]).unwrap().native().unwrap();
    // Each bucket is 16 times as wide as the one before: 17 is in the one up to 256.
    let buckets: Vec<_> = native.buckets().map(|bucket| (bucket.index, bucket.count)).collect();
    assert_eq!((native.schema(), buckets), (-2, vec![(2, 1)]));
    for (name, schema) in [("usual", 3), ("coarse", 1)] {
        let native = snapshot.histogram(name, &[]).unwrap().native().unwrap();
        assert_eq!(native.schema(), schema, "{name}");
    }
    Ok(())
}

#[derive(Metrics)]
#[expect(dead_code, reason = "only the descriptions are looked at")]
struct Quantities {
    /// Sizes in
    /// one paragraph.
    ///
    /// And   another.
    #[metric(unit = "bytes", max = 4096, buckets = [64, 512, 4096])]
    size: Histogram,
    /// In hundredths.
    #[metric(scale = 0.01, max = 10, buckets = [0.07, 1, 2.5])]
    spread: Histogram,
    /// A unit that the name has already.
    #[metric(unit = "milliseconds", max = 60_000.0, buckets = [0.001, "1ms", "0.5s", "1m"])]
    wait_milliseconds: Histogram,
    /** Time spent.
     * Over all threads. */
    #[metric(unit = "seconds")]
    busy: Counter,
    /// Paid.
    #[metric(unit = "dollars", scale = 0.01)]
    fees: Counter,
    /// An exact name with a unit.
    #[metric(name = "Exact:Name", unit = "seconds")]
    exact: Histogram,
    /// Said already.
    seen_total: Counter,
    /// All of it said already.
    #[metric(unit = "seconds")]
    idle_seconds_total: Counter,
    /// The end said already.
    #[metric(unit = "bytes")]
    sent_total: Counter,
    /// A keyword.
    r#type: Counter,
}

#[test]
fn units_end_the_name_once() {
    assert_eq!(
        names::<Quantities>(),
        [
            "size_bytes",
            "spread",
            "wait_milliseconds",
            "busy_seconds_total",
            "fees_dollars_total",
            "Exact:Name",
            "seen_total",
            "idle_seconds_total",
            "sent_bytes_total",
            "type_total",
        ]
    );
}

#[test]
fn help_is_the_doc_comment() -> Test {
    let help = |name| described::<Quantities>(name).map(|metric| metric.help().to_owned());
    assert_eq!(help("size_bytes")?, "Sizes in one paragraph.\nAnd another.");
    assert_eq!(help("busy_seconds_total")?, "Time spent. Over all threads.");
    assert_eq!(described::<Quantities>("Exact:Name")?.exported_unit(), "seconds");
    Ok(())
}

#[test]
fn maxima_and_buckets_are_in_exported_units() -> Test {
    let registry = Registry::new();
    Quantities::register(&registry)?;
    let same = |name: &str, make: fn(Description) -> Description| -> Result<(), Box<dyn Error>> {
        let description = make(Description::new(name, described::<Quantities>(name)?.help()));
        registry.register::<Histogram>(&description)?;
        Ok(())
    };
    same("size_bytes", |d| d.unit("bytes").max(4_096).buckets([64, 512, 4_096]))?;
    same("spread", |d| d.scale(0.01).max(1_000).buckets([7, 100, 250]))?;
    same("wait_milliseconds", |d| {
        d.unit("milliseconds").max(60_000_000_000).buckets([
            1_000,
            1_000_000,
            500_000_000,
            60_000_000_000,
        ])
    })?;
    Ok(())
}

#[derive(Metrics)]
#[metrics(prefix = "session", labels(protocol = "fix"))]
struct SessionMetrics {
    /// Messages.
    messages: Counter,
    /// A name of its own.
    #[metric(name = "fix_resets_total")]
    resets: Counter,
}

#[derive(Metrics)]
#[metrics(prefix = "venue", labels(venue = "xnas", r#type = "lit"))]
struct VenueMetrics {
    /// Connections.
    connections: UpDownCounter,
    #[metrics(flatten)]
    sessions: SessionMetrics,
    #[metric(flatten)]
    rest: Rest,
}

#[derive(Metrics)]
struct Rest {
    /// Whether it is up.
    up: Gauge<Side>,
}

#[test]
fn flattened_structs_get_the_outer_prefix_and_labels() -> Test {
    assert_eq!(
        names::<VenueMetrics>(),
        ["venue_connections", "venue_session_messages_total", "fix_resets_total", "venue_up"]
    );
    let registry = Registry::new();
    let metrics = VenueMetrics::register(&registry)?;
    metrics.connections.add(1);
    metrics.sessions.messages.add(2);
    metrics.sessions.resets.add(3);
    metrics.rest.up.with(Side::Sell).set(4.0);

    let snapshot = registry.snapshot();
    let outer = [("venue", "xnas"), ("type", "lit")];
    let inner = [("protocol", "fix"), ("venue", "xnas"), ("type", "lit")];
    assert_eq!(snapshot.gauge("venue_connections", &outer), Some(1.0));
    assert_eq!(snapshot.counter("venue_session_messages_total", &inner), Some(2));
    assert_eq!(snapshot.counter("fix_resets_total", &inner), Some(3));
    let up = [("venue", "xnas"), ("type", "lit"), ("side", "sell")];
    assert_eq!(snapshot.gauge("venue_up", &up), Some(4.0));
    // Without the structs around it, it has only its own.
    assert_eq!(names::<SessionMetrics>(), ["session_messages_total", "fix_resets_total"]);
    Ok(())
}

#[derive(Metrics)]
#[metrics(prefix = "quotes", labels(venue = "xnas"))]
struct FieldLabels {
    /// Quotes.
    #[metric(name = "quotes_total", labels(side = "buy", r#type = "limit"))]
    bids: Counter,
    /// Quotes.
    #[metric(name = "quotes_total", labels(r#type = "limit", side = "sell"))]
    offers: Counter,
    /// Age of a quote.
    #[metric(unit = "seconds", labels(feed = "a"))]
    age: Histogram<Side>,
    #[metrics(flatten, labels(session = "1"))]
    first: SessionMetrics,
    #[metric(flatten, labels(session = "2"))]
    second: SessionMetrics,
}

#[test]
fn a_field_has_labels_of_its_own() -> Test {
    let registry = Registry::new();
    let metrics = FieldLabels::register(&registry)?;
    metrics.bids.add(1);
    metrics.offers.add(2);
    metrics.age.with(Side::Buy).record(1_500);
    metrics.first.messages.add(3);
    metrics.second.messages.add(4);

    let snapshot = registry.snapshot();
    let of = |side| [("venue", "xnas"), ("side", side), ("type", "limit")];
    let quotes = ["buy", "sell"].map(|side| snapshot.counter("quotes_total", &of(side)));
    assert_eq!(quotes, [Some(1), Some(2)]);
    let labels = [("venue", "xnas"), ("feed", "a"), ("side", "buy")];
    let age = snapshot.histogram("quotes_age_seconds", &labels).ok_or("age")?;
    assert_eq!(age.count(), 1);
    let of = |session| [("venue", "xnas"), ("session", session), ("protocol", "fix")];
    let messages =
        ["1", "2"].map(|session| snapshot.counter("quotes_session_messages_total", &of(session)));
    assert_eq!(messages, [Some(3), Some(4)]);
    Ok(())
}

#[derive(Metrics)]
#[expect(dead_code, reason = "only the descriptions are looked at")]
struct Periods {
    /// In milliseconds.
    #[metric(exemplar_period = 250)]
    number: Histogram,
    /// A time.
    #[metric(unit = "seconds", exemplar_period = "1.5s")]
    time: Histogram,
    /// The newest.
    #[metric(exemplar_period = 0)]
    newest: Histogram,
}

#[test]
fn exemplars_stay_for_the_period_of_the_field() -> Test {
    for (name, milliseconds) in [("number", 250), ("time_seconds", 1_500), ("newest", 0)] {
        let description = format!("{:?}", described::<Periods>(name)?);
        let by_hand =
            Description::new(name, "").exemplar_period(Duration::from_millis(milliseconds));
        let period = format!("exemplar_period: {milliseconds},");
        assert!(format!("{by_hand:?}").contains(&period));
        assert!(description.contains(&period), "{description}");
    }
    Ok(())
}

#[test]
fn register_gives_the_first_error() -> Test {
    let registry = Registry::new();
    registry.register::<Gauge>(&Description::new("execution_rejected_total", "Another kind."))?;
    let error = ExecutionMetrics::register(&registry).err().ok_or("registered all the same")?;
    assert!(error.to_string().contains("execution_rejected_total"), "{error}");
    Ok(())
}

#[derive(Metrics)]
#[metrics(prefix = "derive_global")]
struct GlobalMetrics {
    /// Calls.
    calls: Counter,
    /// Registered before as something else.
    clash: Counter,
    #[metrics(flatten)]
    rest: Rest,
}

#[test]
fn global_registers_once_and_goes_on_after_an_error() -> Test {
    let clash = Description::new("derive_global_clash_total", "A gauge.");
    Registry::global().register::<Gauge>(&clash)?;

    GlobalMetrics::global().calls.inc();
    GlobalMetrics::global().calls.inc();
    // Recorded where nobody looks.
    GlobalMetrics::global().clash.inc();
    GlobalMetrics::global().rest.up.with(Side::Buy).set(1.0);

    assert!(std::ptr::eq(GlobalMetrics::global(), GlobalMetrics::global()));
    let snapshot = Registry::global().snapshot();
    assert_eq!(snapshot.counter("derive_global_calls_total", &[]), Some(2));
    assert_eq!(snapshot.counter("derive_global_clash_total", &[]), None);
    assert_eq!(snapshot.gauge("derive_global_up", &[("side", "buy")]), Some(1.0));
    Ok(())
}

/// Without the prelude, and with a struct that has the trait's name.
mod without_imports {
    #[derive(tickmetrics::Metrics)]
    #[metrics(prefix = "derive_imports")]
    pub(super) struct Metrics {
        /// A field may be called as a method is.
        pub(super) register: tickmetrics::Counter,
        /// So may this one.
        pub(super) global: tickmetrics::Counter,
    }

    pub(super) fn registered() -> Result<Metrics, tickmetrics::RegisterError> {
        Metrics::register(&tickmetrics::Registry::new())
    }

    pub(super) fn global() -> &'static Metrics {
        Metrics::global()
    }

    pub(super) fn described() -> Vec<tickmetrics::Description> {
        Metrics::describe()
    }
}

#[test]
fn methods_need_no_import() -> Test {
    without_imports::registered()?.register.inc();
    without_imports::global().global.inc();
    let snapshot = Registry::global().snapshot();
    assert_eq!(snapshot.counter("derive_imports_global_total", &[]), Some(1));
    assert_eq!(without_imports::described(), <without_imports::Metrics as Metrics>::describe());
    Ok(())
}

#[test]
fn the_trait_is_for_generic_code() -> Test {
    fn both<M: Metrics>() -> Result<(M, &'static M), RegisterError> {
        Ok((M::register(&Registry::new())?, M::global()))
    }
    let (registered, global) = both::<without_imports::Metrics>()?;
    registered.register.inc();
    assert!(std::ptr::eq(global, without_imports::global()));
    Ok(())
}

#[derive(Clone, Copy, Label)]
#[label(rename = "kind")]
#[expect(dead_code, reason = "only the values are looked at")]
enum OrderKind {
    Market,
    StopLoss,
    #[label(rename = "IOC")]
    ImmediateOrCancel,
    r#FillOrKill,
}

/// Discriminants that are no indices.
#[derive(Clone, Copy, Label)]
#[repr(u8)]
enum Tick {
    Up = b'+',
    Down = b'-',
    Same = b'=',
}

fn fixed<L: Label>() -> Vec<&'static str> {
    match L::values() {
        Values::Fixed(values) => values.to_vec(),
        Values::Interned(_) => Vec::new(),
    }
}

#[test]
fn variants_are_values_in_snake_case() {
    assert_eq!((OrderKind::NAME, OrderKind::COUNT), ("kind", 4));
    assert_eq!(fixed::<OrderKind>(), ["market", "stop_loss", "IOC", "fill_or_kill"]);
    assert_eq!((Side::NAME, Side::COUNT), ("side", 2));
    assert_eq!(fixed::<Side>(), ["buy", "sell"]);
}

#[test]
fn variants_are_written_in_the_chosen_case() {
    macro_rules! values_in {
        ($case:literal) => {{
            #[derive(Clone, Copy, Label)]
            #[label(rename_all = $case)]
            #[expect(dead_code, clippy::upper_case_acronyms, reason = "only values are looked at")]
            enum Kind {
                StopLoss,
                IOC,
                #[label(rename = "Given")]
                Other,
            }
            assert_eq!(Kind::NAME, "kind");
            fixed::<Kind>()
        }};
    }
    assert_eq!(values_in!("snake_case"), ["stop_loss", "ioc", "Given"]);
    assert_eq!(values_in!("SCREAMING_SNAKE_CASE"), ["STOP_LOSS", "IOC", "Given"]);
    assert_eq!(values_in!("kebab-case"), ["stop-loss", "ioc", "Given"]);
    assert_eq!(values_in!("SCREAMING-KEBAB-CASE"), ["STOP-LOSS", "IOC", "Given"]);
    assert_eq!(values_in!("lowercase"), ["stoploss", "ioc", "Given"]);
    assert_eq!(values_in!("UPPERCASE"), ["STOPLOSS", "IOC", "Given"]);
    assert_eq!(values_in!("camelCase"), ["stopLoss", "ioc", "Given"]);
    assert_eq!(values_in!("PascalCase"), ["StopLoss", "IOC", "Given"]);
}

#[test]
fn discriminants_do_not_matter() {
    let indices = [Tick::Up, Tick::Down, Tick::Same].map(Label::index);
    assert_eq!(indices, [0, 1, 2]);
    assert_eq!(Tick::Same as u8, b'=');
}

#[derive(Clone, Copy, Debug, PartialEq, Label)]
#[label(capacity = 2, rename = "ticker")]
struct Tiny(LabelId);

#[test]
fn interned_labels_are_bounded() -> Test {
    assert_eq!((Tiny::NAME, Tiny::COUNT), ("ticker", 3));
    assert!(matches!(Tiny::values(), Values::Interned(interner) if interner.capacity() == 2));

    let registry = Registry::new();
    let seen: Counter<Tiny> = registry.register(&Description::new("seen_total", "Seen."))?;
    for ticker in ["A", "B", "C", "A", "D"] {
        seen.with(Tiny::intern(ticker)).inc();
    }
    let first: &'static str = Tiny::intern("A").as_str();
    assert_eq!((first, Tiny::intern("C").as_str()), ("A", "other"));
    assert_eq!(Tiny::intern("B"), Tiny::intern("B"));
    assert_ne!(Tiny::intern("A"), Tiny::intern("B"));

    let snapshot = registry.snapshot();
    let count = |ticker| snapshot.counter("seen_total", &[("ticker", ticker)]);
    assert_eq!((count("A"), count("B"), count("other")), (Some(2), Some(1), Some(2)));
    assert_eq!(count("C"), None);
    Ok(())
}

#[derive(Clone, Copy, Labels)]
struct Three {
    #[label(rename = "what")]
    kind: OrderKind,
    maker: bool,
    side: Side,
}

#[test]
fn a_struct_of_labels_is_a_product() {
    assert_eq!(Three::SERIES, 16);
    let names: Vec<&str> = Three::dimensions().iter().map(|label| label.name).collect();
    assert_eq!(names, ["what", "maker", "side"]);
    let at = |kind, maker, side| Three { kind, maker, side }.index();
    assert_eq!(at(OrderKind::Market, false, Side::Buy), 0);
    assert_eq!(at(OrderKind::Market, false, Side::Sell), 1);
    assert_eq!(at(OrderKind::Market, true, Side::Buy), 2);
    assert_eq!(at(OrderKind::StopLoss, false, Side::Buy), 4);
    assert_eq!(at(OrderKind::r#FillOrKill, true, Side::Sell), 15);
}

/// A label that breaks its promise.
#[derive(Clone, Copy)]
struct Liar;

impl Label for Liar {
    const NAME: &'static str = "liar";
    const COUNT: usize = 2;

    fn values() -> Values {
        Values::Fixed(&["no", "yes"])
    }

    fn index(self) -> usize {
        usize::MAX
    }
}

#[derive(Clone, Copy, Labels)]
struct Lies {
    side: Side,
    liar: Liar,
}

#[test]
fn a_label_that_lies_does_no_harm() -> Test {
    let registry = Registry::new();
    let lies: Counter<Lies> = registry.register(&Description::new("lies_total", "Lies."))?;
    let next: Counter = registry.register(&Description::new("next_total", "Beside it."))?;
    lies.with(Lies { side: Side::Sell, liar: Liar }).inc();
    next.inc();
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.counter("next_total", &[]), Some(1));
    Ok(())
}

mod elsewhere {
    use tickmetrics::prelude::*;

    macro_rules! metrics {
        ($name:ident, $ty:ty, $field:ident) => {
            #[derive(Metrics)]
            pub(super) struct $name {
                /// From a macro.
                pub(super) $field: $ty,
                /// From the macro itself.
                pub(super) scope: Counter,
                /// Called like a local variable of the derive.
                pub(super) registry: Counter,
            }
        };
    }
    metrics!(FromMacro, Counter<bool>, descriptions);
}

#[test]
fn structs_from_macros_have_metrics() -> Test {
    let registry = Registry::new();
    let metrics = elsewhere::FromMacro::register(&registry)?;
    metrics.descriptions.with(true).inc();
    metrics.scope.add(2);
    metrics.registry.add(3);
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.counter("descriptions_total", &[("flag", "true")]), Some(1));
    assert_eq!(snapshot.counter("scope_total", &[]), Some(2));
    assert_eq!(snapshot.counter("registry_total", &[]), Some(3));
    Ok(())
}

#[test]
fn a_timer_records_in_the_declared_unit() -> Test {
    let registry = Registry::new();
    let metrics = ExecutionMetrics::register(&registry)?;
    tickmetrics::with_mock_clock(|clock| {
        let timer = metrics.fill_latency.start();
        clock.advance(Duration::from_micros(3));
        drop(timer);
    });
    let snapshot = registry.snapshot();
    let latency = snapshot.histogram("execution_fill_latency_seconds", &[]).ok_or("latency")?;
    assert_eq!((latency.count(), latency.max()), (1, Some(3e-6)));
    Ok(())
}
