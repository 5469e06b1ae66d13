//! The text format read by two parsers that know nothing of this library: Prometheus' Python client
//! and promtool. The values that they read are compared with the recorded ones.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use tests::programs::{CHECK_OPENMETRICS, CHECK_TEXT, PROMETHEUS_CLIENT, promtool, python};
use tickmetrics::prelude::*;

/// As hostile as a label or a help text might be.
const HOSTILE: [&str; 16] = [
    "\"",
    "\\",
    "\\\\n",
    "\n",
    "line\nfeed",
    "ends with a backslash\\",
    "carriage\rreturn\r\n",
    "tab\tand\u{b}\u{c}\u{0}nul",
    "}",
    "} 5\nforged_total 7",
    "a=\"b\",c=\"d\"",
    "# HELP forged_total",
    "  spaces  ",
    "ünï→😀\u{301}",
    "\u{2028}\u{85}\u{feff}",
    ",le=\"+Inf\"} 1e9",
];

#[derive(Clone, Copy, Label)]
#[label(capacity = 110_000)]
struct Text(LabelId);

type Labels = BTreeMap<String, String>;

/// The expected results of a parser.
#[derive(Default)]
struct Truth {
    families: BTreeMap<String, [String; 2]>,
    samples: BTreeMap<(String, Labels), f64>,
}

impl Truth {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.families.insert(name.into(), [kind.into(), help.into()]);
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels = labels.iter().map(|&(name, value)| (name.into(), value.into())).collect();
        let before = self.samples.insert((name.into(), labels), value);
        assert_eq!(before, None, "the truth has {name} twice");
    }
}

fn encode(registry: &Registry) -> String {
    let mut text = String::new();
    tickmetrics_exporter::encode::text(&registry.snapshot(), &mut text);
    text
}

/// Both parsers must take the text.
fn check(text: &str) -> Option<Value> {
    promtool(text);
    let (module, install) = PROMETHEUS_CLIENT;
    let read = python(module, install, &[CHECK_TEXT], text)?;
    Some(serde_json::from_slice(&read).unwrap())
}

/// The parsed values must be the truth, all of it and nothing else.
fn compare(registry: &Registry, truth: Truth) {
    let text = encode(registry);
    let Some(read) = check(&text) else { return };
    let families: BTreeMap<String, [String; 2]> =
        serde_json::from_value(read["families"].clone()).unwrap();
    assert_eq!(families, truth.families);
    let samples: Vec<(String, Labels, String)> =
        serde_json::from_value(read["samples"].clone()).unwrap();
    let mut missing = truth.samples;
    for (name, labels, value) in samples {
        let value: f64 = value.parse().unwrap();
        let series = (name, labels);
        let Some(expected) = missing.remove(&series) else { panic!("{series:?} was not recorded") };
        let same = value.to_bits() == expected.to_bits() || value.is_nan() && expected.is_nan();
        assert!(same, "{series:?} is {value}, not {expected}");
    }
    assert!(missing.is_empty(), "not read: {missing:?}");
}

#[test]
fn hostile_labels_and_help() {
    let registry = Registry::new();
    let mut truth = Truth::default();
    // Control characters are refused in help texts, except line feeds.
    let help = HOSTILE.join(" ").replace(|c: char| c.is_control() && c != '\n', "");
    let interned: Counter<Text> =
        registry.register(&Description::new("interned_total", &*help)).unwrap();
    truth.family("interned_total", "counter", &help);
    truth.family("constant_celsius", "gauge", "\\ at the start and the end \\");
    truth.family("wait_seconds", "histogram", "\"Waited\"\nin line.");
    let long = "→".repeat(341);
    for (value, text) in (1_u32..).zip(HOSTILE.into_iter().chain([&*long])) {
        interned.with(Text::intern(text)).add(value.into());
        truth.sample("interned_total", &[("text", text)], value.into());

        let constant = Description::new("constant_celsius", "\\ at the start and the end \\");
        registry.register::<Gauge>(&constant.constant("it", text)).unwrap().set(value);
        truth.sample("constant_celsius", &[("it", text)], value.into());

        let wait: Histogram = registry
            .register(
                &Description::new("wait_seconds", "\"Waited\"\nin line.")
                    .unit("seconds")
                    .buckets([1_000])
                    .constant("it", text),
            )
            .unwrap();
        wait.record(500);
        wait.record(1_000_000);
        for (le, count) in [("1e-06", 1.0), ("+Inf", 2.0)] {
            truth.sample("wait_seconds_bucket", &[("it", text), ("le", le)], count);
        }
        truth.sample("wait_seconds_sum", &[("it", text)], 1_000_500.0 / 1e9);
        truth.sample("wait_seconds_count", &[("it", text)], 2.0);
    }
    compare(&registry, truth);
}

#[test]
fn extreme_numbers() {
    let registry = Registry::new();
    let mut truth = Truth::default();
    let numbers = [
        0.0,
        -1.0,
        0.1,
        -1.5e-6,
        1.0 / 3.0,
        1e15,
        9_007_199_254_740_993.0,
        1e300,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
    ];
    truth.family("number", "gauge", "Numbers.");
    for (at, number) in numbers.iter().enumerate() {
        let at = at.to_string();
        let description = Description::new("number", "Numbers.").constant("at", &*at);
        registry.register::<Gauge>(&description).unwrap().set(*number);
        truth.sample("number", &[("at", &at)], *number);
    }
    let all: Counter = registry.register(&Description::new("all_total", "All bits.")).unwrap();
    all.add(u64::MAX);
    truth.family("all_total", "counter", "All bits.");
    truth.sample("all_total", &[], u64::MAX as f64);

    let scaled = Description::new("paid_total", "Paid, counted in hundredths.").scale(0.01);
    registry.register::<Counter>(&scaled).unwrap().add(12_345_678_901);
    truth.family("paid_total", "counter", "Paid, counted in hundredths.");
    truth.sample("paid_total", &[], 123_456_789.01);

    let depth: UpDownCounter = registry.register(&Description::new("depth", "Depth.")).unwrap();
    depth.add(i64::MIN);
    truth.family("depth", "gauge", "Depth.");
    truth.sample("depth", &[], i64::MIN as f64);
    compare(&registry, truth);
}

#[test]
fn histograms_with_values_outside_their_range() {
    let registry = Registry::new();
    let mut truth = Truth::default();
    let help = "Slippage against the arrival price.";
    let slippage: Histogram<bool> = registry
        .register(&Description::new("slippage", help).max(1_000).buckets([1, 10, 100]).scale(0.5))
        .unwrap();
    let values = [0, 1, 7, 7, 50, 900, 5_000, 70_000];
    for value in values {
        slippage.with(true).record(value);
    }
    slippage.with(true).record_signed(-3);
    truth.family("slippage", "histogram", help);
    for (flag, values) in [("false", &[][..]), ("true", &values)] {
        let flag = ("flag", flag);
        for (le, edge) in [("0.5", 1), ("5.0", 10), ("50.0", 100), ("+Inf", u64::MAX)] {
            let count = values.iter().filter(|&&value| value <= edge).count();
            truth.sample("slippage_bucket", &[flag, ("le", le)], count as f64);
        }
        truth.sample("slippage_sum", &[flag], values.iter().sum::<u64>() as f64 / 2.0);
        truth.sample("slippage_count", &[flag], values.len() as f64);
    }
    let saturated = "Values of slippage above its maximum, counted in its last bucket.";
    truth.family("slippage_saturated_total", "counter", saturated);
    truth.sample("slippage_saturated_total", &[("flag", "true")], 2.0);
    let negative = "Values of slippage below zero, counted nowhere else.";
    truth.family("slippage_negative_total", "counter", negative);
    truth.sample("slippage_negative_total", &[("flag", "true")], 1.0);
    compare(&registry, truth);
}

#[test]
fn an_empty_registry_is_an_empty_text() {
    assert_eq!(encode(&Registry::new()), "");
    compare(&Registry::new(), Truth::default());
}

#[test]
fn a_hundred_thousand_series() {
    let registry = Registry::new();
    let mut truth = Truth::default();
    let many: Counter<Text> = registry.register(&Description::new("many_total", "Many.")).unwrap();
    truth.family("many_total", "counter", "Many.");
    for at in 1_u32..=100_000 {
        let text = format!("series {at}");
        many.with(Text::intern(&text)).add(at.into());
        truth.sample("many_total", &[("text", &text)], at.into());
    }
    compare(&registry, truth);
}

#[derive(Metrics)]
#[metrics(prefix = "gateway")]
struct Gateway {
    /// Orders.
    orders: Counter<bool>,
    /// Time waited.
    #[metric(unit = "seconds")]
    waited: Counter,
    /// In flight.
    in_flight: UpDownCounter,
    /// Limit.
    limit: Gauge<Text>,
    /// Wait, with everything that can be beside a histogram.
    #[metric(unit = "seconds", max = "1ms", native = 3, quantiles = [0.5, 0.99], extremes)]
    wait: Histogram<bool>,
}

/// All of it, with the exporter's metrics about itself and about the process, of which the values are
/// not known: nobody has a complaint.
#[test]
fn the_exporters_response_is_parsed() {
    let registry = Registry::new();
    let odd = Description::new("odd_total", "Odd.").constant("it", "\"");
    registry.register::<Counter>(&odd).unwrap();
    let gateway = Gateway::register(&registry).unwrap();
    let builder = tickmetrics_exporter::Exporter::builder().listen("127.0.0.1:0");
    let builder = builder.registry(&registry).registry(&registry);
    let exporter = builder.interval(Duration::ZERO).start().unwrap();
    for _ in 0..2 {
        gateway.orders.with(true).inc();
        gateway.waited.add(7);
        gateway.in_flight.add(1);
        gateway.limit.with(Text::intern("limit")).set(f64::INFINITY);
        [0, 100, 30_000, 5_000_000].into_iter().for_each(|it| gateway.wait.with(true).record(it));
        gateway.wait.with(false).record_signed(-1);
        let text = serves(&exporter, "text/plain");
        for part in ["gateway_wait_seconds_negative_total", "process_cpu_seconds_total "] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        check(&text);
        let openmetrics = serves(&exporter, "application/openmetrics-text");
        let (module, install) = PROMETHEUS_CLIENT;
        python(module, install, &CHECK_OPENMETRICS, &openmetrics);
    }
}

fn serves(exporter: &tickmetrics_exporter::Exporter, accept: &str) -> String {
    let mut client = TcpStream::connect(exporter.local_addr().unwrap()).unwrap();
    let head = format!("Host: a\r\nAccept: {accept}\r\nConnection: close\r\n");
    client.write_all(format!("GET /metrics HTTP/1.1\r\n{head}\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    body.to_owned()
}
