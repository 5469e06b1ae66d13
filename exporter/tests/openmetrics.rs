//! OpenMetrics read by Prometheus' own Python parser, which knows nothing of this library.

use serde_json::{Value, json};
use tests::exemplars::{ids, record_on_threads};
use tests::programs::{CHECK_OPENMETRICS, PROMETHEUS_CLIENT, python};
use tickmetrics::prelude::*;

/// As hostile as a label or a help text can be.
const HOSTILE: [&str; 14] = [
    "\"",
    "\\",
    "\\\\n",
    "line\nfeed",
    "ends with a backslash\\",
    "} 5\nforged_total 7",
    "a=\"b\",c=\"d\" # {e=\"f\"} 1",
    "# EOF",
    "ünï→😀",
    "carriage\rreturn\r\n",
    "tab\tand\u{b}\u{c}\u{0}nul",
    "\u{2028}\u{85}\u{feff}",
    ",le=\"+Inf\"} 1e9",
    "",
];

/// Families and samples as the parser reads them; `None` where it is not installed; the skip is
/// reported.
fn read(registry: &Registry) -> Option<Value> {
    let mut text = String::new();
    tickmetrics_exporter::encode::openmetrics(&registry.snapshot(), &mut text);
    assert!(text.ends_with("# EOF\n"));
    let (module, install) = PROMETHEUS_CLIENT;
    let read = python(module, install, &CHECK_OPENMETRICS, &text)?;
    Some(serde_json::from_slice(&read).unwrap())
}

fn register<M: tickmetrics::Metric>(registry: &Registry, description: &Description) -> M {
    registry.register(description).unwrap()
}

/// The parser takes quotes in help texts as they are, too; the format wants them escaped.
#[test]
fn help_is_escaped_as_the_format_says() {
    let registry = Registry::new();
    register::<Gauge>(&registry, &Description::new("odd", "a \"b\" \\ c\nd"));
    let mut text = String::new();
    tickmetrics_exporter::encode::openmetrics(&registry.snapshot(), &mut text);
    assert_eq!(text.lines().next(), Some(r#"# HELP odd a \"b\" \\ c\nd"#));
}

#[test]
fn hostile_labels_and_help() {
    let registry = Registry::new();
    // Control characters are refused in help texts, except line feeds.
    let help = HOSTILE.join(" ").replace(|c: char| c.is_control() && c != '\n', "");
    let long = "→".repeat(341);
    let all = || (1_u32..).zip(HOSTILE.into_iter().chain([&*long]));
    for (value, text) in all() {
        let description = Description::new("odd", &*help).constant("it", text);
        register::<Gauge>(&registry, &description).set(value);
    }
    let Some(read) = read(&registry) else { return };
    assert_eq!(read["families"], json!({"odd": ["gauge", help, ""]}));
    let samples = read["samples"].as_array().unwrap();
    assert_eq!(samples.len(), all().count());
    for (value, text) in all() {
        let expected = json!(["odd", {"it": text}, format!("{value}.0")]);
        assert!(samples.contains(&expected), "{expected} is not in {samples:?}");
    }
}

#[test]
fn names_and_units() {
    let registry = Registry::new();
    let named = |name: &str, unit: &str| Description::new(name, "Help.").unit(unit);
    register::<Counter>(&registry, &named("plain_total", "")).add(1);
    register::<Counter>(&registry, &named("without_end", "")).add(2);
    register::<Counter>(&registry, &named("paid_euros_total", "euros")).add(3);
    register::<Gauge>(&registry, &named("size", "bytes")).set(4.0);
    // OpenMetrics would give the first of each pair the name of the second.
    register::<Counter>(&registry, &named("queue_total", "")).add(5);
    register::<Gauge>(&registry, &named("queue", "")).set(6.0);
    register::<Counter>(&registry, &named("job_total", "")).add(7);
    register::<Gauge>(&registry, &named("job_created", "")).set(8.0);
    register::<Counter>(&registry, &named("again", "")).add(9);
    register::<Counter>(&registry, &named("again_total_total", "")).add(10);
    register::<Counter>(&registry, &named("job_created_total", "")).add(11);
    register::<Counter>(&registry, &named("sent_created_total", "")).add(12);
    let Some(read) = read(&registry) else { return };
    let families = json!({
        "plain": ["counter", "Help.", ""],
        "without_end": ["unknown", "Help.", ""],
        "paid_euros": ["counter", "Help.", "euros"],
        "size": ["gauge", "Help.", ""],
        "queue_total": ["unknown", "Help.", ""],
        "queue": ["gauge", "Help.", ""],
        "job_total": ["unknown", "Help.", ""],
        "job_created": ["gauge", "Help.", ""],
        "again": ["unknown", "Help.", ""],
        "again_total_total": ["unknown", "Help.", ""],
        "job_created_total": ["unknown", "Help.", ""],
        "sent_created": ["counter", "Help.", ""],
    });
    assert_eq!(read["families"], families);
    let samples = read["samples"].as_array().unwrap();
    for (name, value) in [
        ("plain_total", "1.0"),
        ("without_end", "2.0"),
        ("paid_euros_total", "3.0"),
        ("size", "4.0"),
        ("queue_total", "5.0"),
        ("queue", "6.0"),
        ("job_total", "7.0"),
        ("job_created", "8.0"),
        ("again", "9.0"),
        ("again_total_total", "10.0"),
        ("job_created_total", "11.0"),
        ("sent_created_total", "12.0"),
    ] {
        assert!(samples.contains(&json!([name, {}, value])), "{name} is not in {samples:?}");
    }
    assert_eq!(samples.len(), 12);
}

#[test]
fn histograms_with_values_outside_their_range() {
    let registry = Registry::new();
    let description = Description::new("slippage", "Slippage.").max(1_000).buckets([1, 10]);
    let slippage: Histogram = register(&registry, &description.scale(0.5));
    for value in [0, 7, 900, 5_000] {
        slippage.record(value);
    }
    slippage.record_signed(-3);
    let Some(read) = read(&registry) else { return };
    let families = json!({
        "slippage": ["histogram", "Slippage.", ""],
        "slippage_saturated":
            ["counter", "Values of slippage above its maximum, counted in its last bucket.", ""],
        "slippage_negative":
            ["counter", "Values of slippage below zero, counted nowhere else.", ""],
    });
    assert_eq!(read["families"], families);
    let samples = json!([
        ["slippage_bucket", {"le": "0.5"}, "1.0"],
        ["slippage_bucket", {"le": "5.0"}, "2.0"],
        ["slippage_bucket", {"le": "+Inf"}, "4.0"],
        ["slippage_sum", {}, "2953.5"],
        ["slippage_count", {}, "4.0"],
        ["slippage_saturated_total", {}, "1.0"],
        ["slippage_negative_total", {}, "1.0"],
    ]);
    assert_eq!(read["samples"], samples);
}

#[test]
fn a_hundred_thousand_series() {
    #[derive(Clone, Copy, Label)]
    #[label(capacity = 100_000)]
    struct Number(LabelId);
    let registry = Registry::new();
    let many: Counter<Number> = register(&registry, &Description::new("many_total", "Many."));
    let text = |at: u64| format!("series {at}");
    (1..=100_000).for_each(|at| many.with(Number::intern(&text(at))).add(at));
    let Some(read) = read(&registry) else { return };
    let samples = read["samples"].as_array().unwrap();
    assert_eq!(samples.len(), 100_000);
    for (at, sample) in (1..).zip(samples) {
        assert_eq!(*sample, json!(["many_total", {"number": text(at)}, format!("{at}.0")]));
    }
}

#[test]
fn an_empty_registry_is_its_end() {
    let Some(read) = read(&Registry::new()) else { return };
    assert_eq!(read, json!({"families": {}, "samples": [], "exemplars": []}));
}

#[test]
fn extreme_numbers() {
    let registry = Registry::new();
    let numbers = [1.0 / 3.0, 1e300, f64::MAX, 5e-324, f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    for (at, number) in numbers.iter().enumerate() {
        let description = Description::new("number", "Numbers.").constant("at", at.to_string());
        register::<Gauge>(&registry, &description).set(*number);
    }
    let Some(read) = read(&registry) else { return };
    for (at, number) in numbers.iter().enumerate() {
        let text = read["samples"][at][2].as_str().unwrap();
        let found: f64 = text.parse().unwrap();
        assert!(found == *number || found.is_nan() && number.is_nan(), "{number} is {text}");
    }
}

/// One for each bucket at the most, none beside buckets, and none in the older format.
#[test]
fn exemplars_stand_with_their_buckets() {
    let registry = Registry::new();
    let wait = Description::new("wait_seconds", "Waited.").unit("seconds").constant("venue", "a");
    let wait: Histogram = register(&registry, &wait.buckets([1_000, 2_000, 1_000_000]));
    let values = [700, 600, 999_000, 2_000_000];
    record_on_threads(&wait, &values);
    let mut text = String::new();
    tickmetrics_exporter::encode::text(&registry.snapshot(), &mut text);
    assert!(!text.contains("trace_id"), "{text}");
    let snapshot = registry.snapshot();
    let known: Vec<_> =
        snapshot.histogram("wait_seconds", &[("venue", "a")]).unwrap().exemplars().collect();
    let Some(read) = read(&registry) else { return };
    let read = read["exemplars"].as_array().unwrap();
    assert_eq!(read.len(), 3, "{read:?}");
    for ((read, known), le) in read.iter().zip(known).zip(["1e-06", "0.001", "+Inf"]) {
        let nanos = values.iter().find(|&&nanos| nanos as f64 / 1e9 == known.value).unwrap();
        let (trace, span) = ids(*nanos);
        let ids = json!({
            "trace_id": format!("{trace:032x}"),
            "span_id": format!("{span:016x}"),
        });
        let labels = json!({"venue": "a", "le": le});
        let time = known.time.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
        let seconds = time.as_millis() as f64 / 1e3;
        assert_eq!(*read, json!(["wait_seconds_bucket", labels, ids, known.value, seconds]));
    }
}
