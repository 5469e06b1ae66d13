//! The metrics that can be registered, and the texts of errors.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;
use tickmetrics::prelude::*;
use tickmetrics::{Dimension, Label, Labels, Segment, SegmentReader, Value, Values};

fn registry() -> Registry {
    Registry::new()
}

fn refused(description: &Description) -> String {
    let counter = registry().register::<Counter>(description).unwrap_err().to_string();
    let gauge = registry().register::<Gauge>(description).unwrap_err().to_string();
    assert_eq!(counter, gauge);
    counter
}

fn refused_histogram(change: impl Fn(Description) -> Description) -> String {
    let description = change(Description::new("h", "Help."));
    registry().register::<Histogram>(&description).unwrap_err().to_string()
}

#[test]
fn names_are_those_of_the_prometheus_data_model() {
    for good in ["a", "_", ":", "a:b_c9", "A", "9a", "a-b", "größe", "orders.submitted", " "] {
        registry().register::<Counter>(&Description::new(good, "Help.")).unwrap();
    }
    for (bad, reason) in [
        ("", "it is empty"),
        ("a\nb", "it has a control character"),
        ("a\0", "it has a control character"),
    ] {
        assert_eq!(
            refused(&Description::new(bad, "Help.")),
            format!("{bad:?} can't name a metric: {reason}")
        );
    }
}

#[test]
fn help_and_labels_are_checked() {
    assert_eq!(
        refused(&Description::new("a", " ")),
        "the help text of \"a\" can't be used: it is empty: say what the metric counts"
    );
    assert!(refused(&Description::new("a", "bell \u{7}")).contains("control character"));
    for (label, reason) in [
        ("", "it is empty"),
        ("a\tb", "it has a control character"),
        ("__name__", "names that start with '__' are reserved"),
    ] {
        assert_eq!(
            refused(&Description::new("a", "Help.").constant(label, "x")),
            format!("{label:?} can't name a label of \"a\": {reason}")
        );
    }
    let twice = Description::new("a", "Help.").constant("x", "1").constant("x", "2");
    assert!(refused(&twice).ends_with("it appears twice"));
    for (one, other) in [("a.b", "a_b"), ("a.b", "a_dot_b"), ("a b", "a__b"), ("a.b", "U__a_2e_b")]
    {
        let same = Description::new("a", "Help.").constant(one, "1").constant(other, "2");
        assert!(refused(&same).contains("another label under the same one"), "{one} {other}");
    }
    assert!(refused_histogram(|h| h.constant("le", "1")).contains("buckets have that label"));
}

#[test]
fn settings_are_checked() {
    assert!(refused(&Description::new("a", "Help.").scale(0.0)).contains("the scale is 0"));
    assert!(refused(&Description::new("a", "Help.").scale(f64::NAN)).contains("the scale is NaN"));
    assert!(refused_histogram(|h| h.sigfigs(4)).contains("1 to 3 are possible"));
    assert!(refused_histogram(|h| h.max(1)).contains("must be 2 or more"));
    assert!(refused_histogram(|h| h.buckets([1, 3, 3])).contains("3 follows 3"));
    assert!(refused_histogram(|h| h.max(10).buckets([11])).contains("above its maximum 10"));
}

#[test]
fn the_same_again_is_the_same_metric() {
    let registry = registry();
    let description = Description::new("a_total", "Help.").constant("venue", "xnas");
    let first: Counter = registry.register(&description).unwrap();
    let second: Counter = registry.register(&description).unwrap();
    first.inc();
    second.inc();
    assert_eq!(registry.snapshot().counter("a_total", &[("venue", "xnas")]), Some(2));
}

#[test]
fn constant_labels_tell_metrics_of_one_name_apart() {
    let registry = registry();
    for venue in ["xnas", "arcx"] {
        let description = Description::new("a_total", "Help.").constant("venue", venue);
        registry.register::<Counter>(&description).unwrap().add(venue.len() as u64 + 1);
    }
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.families().count(), 1);
    assert_eq!(snapshot.counter("a_total", &[("venue", "arcx")]), Some(5));
    assert_eq!(snapshot.counter("a_total", &[]), None);
    let other = Description::new("a_total", "Help.").constant("exchange", "xnas");
    let error = registry.register::<Counter>(&other).unwrap_err().to_string();
    assert!(error.contains(r#"that one's list of labels is ["venue"]"#), "{error}");
}

/// Native buckets or quantiles take the place of the others.
#[test]
fn a_histogram_that_would_show_no_distribution_is_refused() {
    assert_eq!(
        refused_histogram(|h| h.buckets([])),
        "\"h\" is set up wrong: it has no buckets: leave .buckets(..) out for the default, list \
         some, or add .native(..) or .quantiles(..)"
    );
    let empty = || Description::new("h", "Help.").buckets([]);
    for described in [empty().native(3), empty().quantiles([0.5])] {
        registry().register::<Histogram>(&described).unwrap();
    }
}

/// A `main` that returns an error prints its `Debug`.
#[test]
fn errors_are_readable_where_main_returns_them() {
    let register = registry().register::<Counter>(&Description::new("", "Help.")).unwrap_err();
    assert_eq!(format!("{register:?}"), register.to_string());
    assert!(register.to_string().contains("can't name a metric"), "{register}");
    let segment = Segment::builder().shards(usize::MAX).install().unwrap_err();
    assert_eq!(format!("{segment:?}"), segment.to_string());
    assert!(segment.to_string().contains("out of range"), "{segment}");
    let read = SegmentReader::open("/nowhere/at all").unwrap_err();
    assert_eq!(format!("{read:#?}"), read.to_string());
    assert!(read.to_string().contains("can't be read"), "{read}");
}

#[test]
fn differences_are_clashes() {
    let registry = registry();
    let base = Description::new("a", "Help.").unit("bytes");
    registry.register::<Histogram>(&base).unwrap();
    let clash = |description: &Description| {
        registry.register::<Histogram>(description).unwrap_err().to_string()
    };
    assert!(clash(&Description::new("a", "Other.").unit("bytes")).contains("help"));
    assert!(clash(&Description::new("a", "Help.").unit("seconds")).contains("unit"));
    assert!(clash(&base.clone().scale(0.5)).contains("scale"));
    assert!(clash(&base.clone().max(77)).contains("maximum"));
    let kind = registry.register::<Counter>(&base).unwrap_err().to_string();
    assert_eq!(
        kind,
        "\"a\" clashes with \"a\", which is registered already: that one is a histogram, this \
         one a counter: make both alike, or give one of them another name"
    );
    // Another metric has another help text, too: that is no reason of its own.
    let labels: Histogram<bool> = registry.register(&Description::new("b", "Help.")).unwrap();
    labels.with(true).record(1);
    let labels = registry.register::<Histogram>(&Description::new("b", "Other.").unit("bytes"));
    assert_eq!(
        labels.unwrap_err().to_string(),
        "\"b\" clashes with \"b\", which is registered already: that one's list of labels is \
         [\"flag\"], this one's []: make both alike, or give one of them another name"
    );
    let constants = registry.register::<Histogram>(
        &Description::new("a", "Other.").unit("bytes").constant("venue", "xnas"),
    );
    let constants = constants.unwrap_err().to_string();
    assert!(
        constants.contains(r#"list of labels is [], this one's ["venue"]: make"#),
        "{constants}"
    );
    let mut snapshot = registry.snapshot();
    let other = Description::new("c_total", "Help.");
    snapshot.add_counter(&other, 1.0).unwrap();
    let other = Description::new("c_total", "Other.").constant("venue", "xnas");
    let other = snapshot.add_counter(&other, 1.0).unwrap_err().to_string();
    assert!(
        other.ends_with(
            "that one has other labels: make both alike, or give one of them another name"
        ),
        "{other}"
    );
    // And the exposed names of a histogram.
    let count = registry.register::<Counter>(&Description::new("a_count", "Help.")).unwrap_err();
    assert!(count.to_string().contains("both would be exposed as \"a_count\""), "{count}");
    assert!(count.to_string().ends_with(": give one of them another name"), "{count}");
    assert!(registry.gauge_fn("a", "Help.", || 0.0).is_err());
}

#[test]
fn gauge_functions_are_asked_at_each_snapshot() {
    let registry = registry();
    let asked = AtomicU32::new(0);
    let ask = move || f64::from(asked.fetch_add(1, Ordering::Relaxed));
    registry.gauge_fn("asked", "How often.", ask).unwrap();
    registry.gauge_fn("broken", "Panics.", || panic!("a gauge function's panic")).unwrap();
    let again = registry.gauge_fn("asked", "How often.", || 0.0).unwrap_err();
    assert!(again.to_string().contains("its own"), "{again}");
    let inner = registry.clone();
    let families = move || inner.snapshot().families().count() as f64;
    // A function that asks the registry must not deadlock; it is not asked by itself again.
    let outer = Registry::new();
    outer.gauge_fn("families", "Families.", families).unwrap();
    assert_eq!(outer.snapshot().gauge("families", &[]), Some(2.0));
    assert_eq!(registry.snapshot().gauge("asked", &[]), Some(1.0));
    assert!(registry.snapshot().gauge("broken", &[]).unwrap().is_nan());
}

#[test]
fn panic_payloads_of_gauge_functions_are_dropped_and_may_panic_again() {
    static DROPPED: AtomicU32 = AtomicU32::new(0);
    struct Thrown;
    impl Drop for Thrown {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
            panic!("what was thrown throws");
        }
    }
    let registry = registry();
    registry.gauge_fn("broken", "Panics.", || std::panic::panic_any(Thrown)).unwrap();
    assert!(registry.snapshot().gauge("broken", &[]).unwrap().is_nan());
    assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 3)]
struct Symbol(LabelId);

#[derive(Clone, Copy, Label)]
enum Side {
    Buy,
    Sell,
}

#[test]
fn series_are_exposed_once_touched_or_declared() {
    let registry = registry();
    let orders: Counter<(Symbol, Side)> =
        registry.register(&Description::new("orders_total", "Orders.")).unwrap();
    let sides: Counter<Side> =
        registry.register(&Description::new("sides_total", "Sides.")).unwrap();
    let depth: UpDownCounter<Symbol> =
        registry.register(&Description::new("depth", "Depth.")).unwrap();
    let series = |name: &str| -> Vec<String> {
        let snapshot = registry.snapshot();
        let family = snapshot.family(name).unwrap();
        family.series().map(|series| tickmetrics_exporter::encode::label_text(series)).collect()
    };
    assert_eq!(series("orders_total"), Vec::<String>::new());
    assert_eq!(series("sides_total"), [r#"side="buy""#, r#"side="sell""#], "enums: all of them");

    let apple = Symbol::intern("AAPL");
    let quoted = Symbol::intern("a\"b\\c\nd");
    orders.with((apple, Side::Sell)).inc();
    assert_eq!(series("orders_total"), [r#"symbol="AAPL",side="sell""#]);
    orders.declare((quoted, Side::Buy));
    assert_eq!(
        series("orders_total"),
        [r#"symbol="AAPL",side="sell""#, r#"symbol="a\"b\\c\nd",side="buy""#]
    );
    // Up and down again is touched, too.
    depth.with(apple).add(1);
    depth.with(apple).sub(1);
    assert_eq!(registry.snapshot().gauge("depth", &[("symbol", "AAPL")]), Some(0.0));
    assert_eq!(registry.snapshot().gauge("depth", &[("symbol", "a\"b\\c\nd")]), None);

    // The capacity is 3: the fourth value, and later ones, are `other`.
    let before = tickmetrics::Segment::stats().unwrap().saturated_labels;
    assert_eq!(Symbol::intern("MSFT").as_str(), "MSFT");
    for late in ["GOOG", "NVDA"] {
        assert_eq!(Symbol::intern(late).as_str(), "other");
        orders.with((Symbol::intern(late), Side::Buy)).inc();
    }
    let labels = [("side", "buy"), ("symbol", "other")];
    assert_eq!(registry.snapshot().counter("orders_total", &labels), Some(2));
    assert_eq!(tickmetrics::Segment::stats().unwrap().saturated_labels, before + 4);
    sides.with(Side::Buy).inc();
    assert_eq!(registry.snapshot().counter("sides_total", &[("side", "buy")]), Some(1));
}

/// Declares two values, and returns any index.
#[derive(Clone, Copy)]
struct Liar(usize);

impl Label for Liar {
    const NAME: &'static str = "liar";
    const COUNT: usize = 2;

    fn values() -> Values {
        Values::Fixed(&["a", "b"])
    }

    fn index(self) -> usize {
        self.0
    }
}

/// Declares more series than its dimensions have.
#[derive(Clone, Copy)]
struct Braggart;

impl Labels for Braggart {
    const SERIES: usize = 1000;

    fn dimensions() -> Vec<Dimension> {
        vec![Dimension { name: "x", values: Values::Fixed(&["a"]) }]
    }

    fn index(self) -> usize {
        999
    }
}

#[test]
fn a_wrong_label_reaches_no_other_metric() {
    let registry = registry();
    let liars: Counter<Liar> =
        registry.register(&Description::new("liars_total", "Liars.")).unwrap();
    let histogram: Histogram<(Liar, bool)> =
        registry.register(&Description::new("lies", "Lies.").max(100)).unwrap();
    let gauge: Gauge<Liar> = registry.register(&Description::new("lie", "A lie.")).unwrap();
    let neighbour: Counter =
        registry.register(&Description::new("neighbour_total", "Next door.")).unwrap();
    for index in [2, 1000, usize::MAX, usize::MAX / 2] {
        liars.with(Liar(index)).inc();
        histogram.with((Liar(index), index % 2 == 0)).record(1);
        gauge.with(Liar(index)).set(1.0);
    }
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.counter("liars_total", &[("liar", "a")]), Some(4));
    assert_eq!(snapshot.counter("neighbour_total", &[]), Some(0));
    let lies = snapshot.family("lies").unwrap();
    let counts = lies.series().map(|series| match series.value() {
        tickmetrics::Value::Histogram(histogram) => histogram.count(),
        other => panic!("{other:?}"),
    });
    assert_eq!(counts.collect::<Vec<_>>().iter().sum::<u64>(), 4);
    neighbour.inc();

    let error = registry
        .register::<Counter<Braggart>>(&Description::new("braggart_total", "Boasts."))
        .unwrap_err()
        .to_string();
    assert!(error.contains("have 1 combinations, but their type says 1000"), "{error}");
}

#[test]
fn registries_are_apart() {
    let (one, two) = (registry(), registry());
    let description = Description::new("same_total", "Help.");
    one.register::<Counter>(&description).unwrap().inc();
    two.register::<Counter>(&description).unwrap().add(5);
    assert_eq!(one.snapshot().counter("same_total", &[]), Some(1));
    assert_eq!(two.snapshot().counter("same_total", &[]), Some(5));
}

mod other {
    use tickmetrics::prelude::*;

    #[derive(Clone, Copy, Debug, Label)]
    pub(super) enum Side {
        Long,
        Short,
    }

    #[derive(Clone, Copy, Debug, Label)]
    #[label(capacity = 3)]
    pub(super) struct Symbol(LabelId);
}

#[test]
fn labels_of_one_name_and_other_values_clash() {
    let registry = registry();
    let description = Description::new("n_total", "Help.");
    registry.register::<Counter<Side>>(&description).unwrap();
    let error = registry.register::<Counter<other::Side>>(&description).unwrap_err().to_string();
    assert!(error.contains("have other values"), "{error}");
    // Each type numbers its values for itself.
    let description = Description::new("m_total", "Help.");
    registry.register::<Counter<Symbol>>(&description).unwrap();
    let error = registry.register::<Counter<other::Symbol>>(&description).unwrap_err().to_string();
    assert!(error.contains("share one type"), "{error}");
    let _ = (other::Side::Long, other::Side::Short, other::Symbol::intern("x").as_str());
    // The same series could come of both.
    let constant = Description::new("n_total", "Help.").constant("side", "buy");
    let error = registry.register::<Counter>(&constant).unwrap_err().to_string();
    assert!(error.contains("list of constant labels"), "{error}");
}

#[test]
fn a_gauge_function_may_take_a_snapshot_of_its_own_registry() {
    let registry = registry();
    let inner = registry.clone();
    let families = move || inner.snapshot().families().count() as f64;
    registry.gauge_fn("families", "Families.", families).unwrap();
    assert_eq!(registry.snapshot().gauge("families", &[]), Some(1.0));
    assert_eq!(registry.snapshot().gauge("families", &[]), Some(1.0), "asked again");
}

#[test]
fn unmeasurable_values_change_no_sum() {
    let registry = registry();
    let counter: Counter = registry.register(&Description::new("c_total", "Help.")).unwrap();
    let histogram: Histogram = registry.register(&Description::new("h", "Help.")).unwrap();
    counter.add(3);
    histogram.record(100);
    for odd in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -1.0, 1e300] {
        counter.add_f64(odd);
        histogram.record_f64(odd);
    }
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.counter("c_total", &[]), Some(3));
    let histogram = snapshot.histogram("h", &[]).unwrap();
    assert_eq!((histogram.count(), histogram.sum(), histogram.negative()), (1, 100.0, 5));
}

#[test]
fn scales_and_edges_that_text_can_not_tell_apart_are_refused() {
    let edges = refused_histogram(|h| h.max(u64::MAX).buckets([1 << 53, (1 << 53) + 1]));
    assert!(edges.contains("buckets are equal in"), "{edges}");
    assert!(refused_histogram(|h| h.scale(5e-324)).contains("too near"));
    let registry = registry();
    let scaled = Description::new("u", "Help.").scale(0.1);
    let error = registry.register::<UpDownCounter>(&scaled).unwrap_err().to_string();
    assert!(error.contains("have no scale"), "{error}");
}

/// Neither crate can see into the other: both are published by themselves.
#[test]
fn core_and_the_macros_have_one_list_of_units() {
    let list = |source: &'static str, start: &str, end: &str| -> Vec<&'static str> {
        let (_, list) = source.split_once(start).expect("the list is there");
        let (list, _) = list.split_once(end).expect("the list ends");
        list.split('"').skip(1).step_by(2).collect()
    };
    let core = include_str!("../../metrics-core/src/scale.rs");
    let macros = include_str!("../../metrics-macros/src/quantity.rs");
    let units = list(core, "fn right_unit(", "(right != unit)");
    assert!(units.len() > 70 && units.contains(&"kibibyte"), "{units:?}");
    assert_eq!(units, list(macros, "fn right_name(", "(right != unit)"));
    let in_names = list(core, "fn unit_in_name(", "_ => None");
    assert!(in_names.len() > 30 && in_names.contains(&"usecs"), "{in_names:?}");
    assert_eq!(in_names, list(macros, "fn in_name(", "_ => None"));
}

/// A name that ends in this word, and the unit that the word stands for.
const WORDS_OF_TIME: [(&str, &str); 20] = [
    ("seconds", "seconds"),
    ("secs", "seconds"),
    ("sec", "seconds"),
    ("milliseconds", "milliseconds"),
    ("millis", "milliseconds"),
    ("msecs", "milliseconds"),
    ("msec", "milliseconds"),
    ("ms", "milliseconds"),
    ("microseconds", "microseconds"),
    ("micros", "microseconds"),
    ("usecs", "microseconds"),
    ("usec", "microseconds"),
    ("\u{b5}s", "microseconds"),
    ("\u{3bc}s", "microseconds"),
    ("nanoseconds", "nanoseconds"),
    ("nanos", "nanoseconds"),
    ("nsecs", "nanoseconds"),
    ("nsec", "nanoseconds"),
    ("ns", "nanoseconds"),
    ("s", "seconds"),
];

#[test]
fn a_histogram_whose_name_ends_in_a_unit_of_time_has_that_unit_or_a_scale() {
    let register = |description: &Description| registry().register::<Histogram>(description);
    for (word, unit) in WORDS_OF_TIME.into_iter().chain([("us", "microseconds")]) {
        for wait in [format!("wait_{word}"), format!("wait.{word}"), word.to_owned()] {
            let wait = Description::new(wait, "Waited.");
            let error = register(&wait).unwrap_err().to_string();
            let advice = format!("it ends in a unit: add .unit({unit:?}) for recorded nanoseconds");
            assert!(error.contains(&advice), "{error}");
            register(&wait.clone().unit(unit)).unwrap();
            register(&wait.clone().scale(1.0)).unwrap();
            register(&wait.clone().unit("trades")).unwrap();
            registry().register::<Gauge>(&wait).unwrap();
            let other = if unit == "seconds" { "nanoseconds" } else { "seconds" };
            let error = register(&wait.clone().unit(other)).unwrap_err().to_string();
            let advice = format!("end the name in {other:?}, or write .unit({unit:?})");
            assert!(error.ends_with(&advice), "{error}");
        }
    }
    register(&Description::new("wait_ticks", "Waited.")).unwrap();
    register(&Description::new("orders_by_terms", "Orders.")).unwrap();
}

/// A program may add whole seconds itself, if the description says so. Counts that are kept
/// elsewhere are in the exported unit, and so are those of a function without a unit.
#[test]
fn a_counter_whose_name_ends_in_a_unit_of_time_has_that_unit_or_a_scale() {
    let register = |description: &Description| registry().register::<Counter>(description);
    let counted = |snapshot: &Snapshot, name: &str| match snapshot.value(name, &[]) {
        Some(Value::Counter(count)) => count as f64,
        Some(Value::Quantity(count)) => count,
        other => panic!("{name} is {other:?}"),
    };
    let market = |word: &str| ["s", "us"].contains(&word);
    for (word, unit) in WORDS_OF_TIME.into_iter().filter(|(word, _)| !market(word)) {
        for name in [format!("busy_{word}"), format!("busy_{word}_total")] {
            let busy = Description::new(name.clone(), "Busy.");
            let error = register(&busy).unwrap_err().to_string();
            let advice = format!(
                "it ends in a unit: add .unit({unit:?}) for recorded nanoseconds, and .scale(1.0) \
                 too if the program adds whole ones"
            );
            assert!(error.ends_with(&advice), "{error}");
            let registry = registry();
            let whole: Counter = registry.register(&busy.clone().unit(unit).scale(1.0)).unwrap();
            whole.add(3);
            assert_eq!(counted(&registry.snapshot(), &name), 3.0);
            register(&busy.clone().unit(unit)).unwrap().add_duration(Duration::from_secs(1));

            let mut snapshot = Snapshot::default();
            snapshot.add_counter(&busy, 4.0).unwrap();
            assert_eq!(counted(&snapshot, &name), 4.0);
            let registry = self::registry();
            registry.counter_fn_with(&busy, || 5_u64).unwrap().forget();
            assert_eq!(counted(&registry.snapshot(), &name), 5.0);
        }
    }
    for name in ["orders_us_total", "us", "sent_bytes_total", "sent_mb"] {
        register(&Description::new(name, "Sent.")).unwrap();
    }
}

#[test]
fn units_of_time_and_size_go_by_one_name() {
    for (unit, right) in
        [("s", "seconds"), ("ms", "milliseconds"), ("Seconds", "seconds"), ("KiB", "bytes")]
    {
        assert_eq!(
            refused(&Description::new("a", "Help.").unit(unit)),
            format!("\"a\" is set up wrong: its unit is {unit:?}: call it {right:?}")
        );
        let reason = refused_histogram(|description| description.unit(unit));
        assert!(reason.ends_with(&format!("call it {right:?}")), "{reason}");
    }
    for honest in ["trades", "bps", "dollars", "milliseconds"] {
        registry().register::<Counter>(&Description::new("a", "Help.").unit(honest)).unwrap();
    }
    for unit in ["total", "bytes_total"] {
        let described = Description::new("a_total", "Help.").unit(unit);
        let error = registry().register::<Counter>(&described).unwrap_err().to_string();
        assert!(error.contains("not a unit"), "{unit:?}: {error}");
    }
    // Of a name that ends in it, OpenMetrics has the unit on a line of its own.
    for unit in ["sec ", " seconds", "a b", "a\nb", "\0", "\u{2028}", "\u{a0}"] {
        let described = Description::new(format!("a_{}", unit.replace(['\n', '\0'], "")), "Help.");
        let error = registry().register::<Counter>(&described.unit(unit)).unwrap_err().to_string();
        assert!(error.contains("white space or a control character"), "{unit:?}: {error}");
    }
}

#[test]
fn durations_are_the_same_in_each_kind() {
    use std::time::Duration;
    for (unit, exported) in
        [("seconds", 0.25), ("milliseconds", 250.0), ("nanoseconds", 250e6), ("", 250e6)]
    {
        let registry = registry();
        let described = |name: &str| Description::new(name, "Help.").unit(unit);
        let counter: Counter = registry.register(&described("counter")).unwrap();
        let gauge: Gauge<bool> = registry.register(&described("gauge")).unwrap();
        let histogram: Histogram = registry.register(&described("histogram")).unwrap();
        let duration = Duration::from_millis(250);
        counter.add_duration(duration);
        gauge.with(true).set_duration(duration);
        histogram.record_duration(duration);
        let snapshot = registry.snapshot();
        assert_eq!(snapshot.counter("counter", &[]), Some(250_000_000));
        assert_eq!(snapshot.gauge("gauge", &[("flag", "true")]), Some(exported));
        assert_eq!(snapshot.histogram("histogram", &[]).unwrap().sum(), exported);
    }
}

#[test]
fn series_from_a_position_are_the_rest() {
    let registry = registry();
    let one: Counter<bool> = registry.register(&Description::new("one", "Help.")).unwrap();
    one.with(true).inc();
    for venue in ["a", "b", "c"] {
        let described = Description::new("several", "Help.").constant("venue", venue);
        registry.register::<Counter<bool>>(&described).unwrap();
    }
    let snapshot = registry.snapshot();
    for (name, count) in [("one", 2), ("several", 6)] {
        let family = snapshot.family(name).unwrap();
        assert_eq!(family.series_count(), count);
        let all: Vec<String> = family
            .series()
            .map(|series| tickmetrics_exporter::encode::label_text(series))
            .collect();
        for skipped in 0..count + 5 {
            let rest: Vec<String> = family
                .series_from(skipped)
                .map(|series| tickmetrics_exporter::encode::label_text(series))
                .collect();
            assert_eq!(rest, all[skipped.min(count)..], "{name} from {skipped}");
        }
        assert_eq!(family.series_from(usize::MAX).count(), 0);
    }
}

/// Labels by hand that are other ones whenever they are asked for.
#[derive(Clone, Copy)]
struct Changing;

impl Labels for Changing {
    const SERIES: usize = 6;

    fn dimensions() -> Vec<Dimension> {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let mut dimensions = bool::dimensions();
        if ASKED.fetch_add(1, Ordering::Relaxed) > 0 {
            dimensions.push(Dimension { name: "more", values: Values::Fixed(&["a", "b", "c"]) });
        }
        dimensions
    }

    fn index(self) -> usize {
        5
    }
}

#[test]
fn no_handle_reaches_beyond_the_cells_of_its_metric() {
    let registry = Registry::new();
    let description = Description::new("reached_total", "Beyond.");
    registry.register::<Counter<bool>>(&description).unwrap();
    let six = registry.register::<Counter<Changing>>(&description);
    assert!(six.is_err(), "a handle for six series of a metric that has two");
}

#[test]
fn a_handle_of_one_series_stays_with_it() {
    #[derive(Clone, Copy, Label)]
    #[label(capacity = 200)]
    struct Venue(LabelId);
    // Behind those of the first word of declared bits, and behind one that is declared.
    let venues: Vec<String> = (0..100).map(|venue| format!("v{venue}")).collect();
    let [.., touched, declared] =
        venues.iter().map(|venue| Venue::intern(venue)).collect::<Vec<_>>()[..]
    else {
        panic!("a hundred")
    };
    let registry = registry();
    let described = |name: &str| Description::new(name, "Help.");
    let counter: Counter<Venue> = registry.register(&described("counter_total")).unwrap();
    let up_down: UpDownCounter<Venue> = registry.register(&described("up_down")).unwrap();
    let gauge: Gauge<Venue> = registry.register(&described("gauge")).unwrap();
    let histogram: Histogram<Venue> = registry.register(&described("histogram")).unwrap();

    counter.with(touched).with(()).add(7);
    up_down.with(touched).with(()).add(-7);
    gauge.with(touched).with(()).set(7.0);
    histogram.with(touched).record(3);
    histogram.with(touched).with(()).record(7);
    counter.with(declared).declare(()).add(0);
    up_down.with(declared).with(()).declare(()).add(0);
    gauge.with(declared).declare(());
    histogram.with(declared).declare(());

    let snapshot = registry.snapshot();
    let labels = [("venue", "v98")];
    assert_eq!(snapshot.counter("counter_total", &labels), Some(7));
    assert_eq!(snapshot.gauge("up_down", &labels), Some(-7.0));
    assert_eq!(snapshot.gauge("gauge", &labels), Some(7.0));
    let seen = snapshot.histogram("histogram", &labels).unwrap();
    assert_eq!((seen.count(), seen.sum(), seen.min(), seen.max()), (2, 10.0, Some(3.0), Some(7.0)));
    for family in snapshot.families() {
        let series: Vec<String> = family
            .series()
            .map(|series| tickmetrics_exporter::encode::label_text(series))
            .collect();
        assert_eq!(series, [r#"venue="v98""#, r#"venue="v99""#], "{}", family.name());
    }
}
