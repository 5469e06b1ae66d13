//! Quantiles and extremes of the last interval, over a real socket and in every format.

use crate::client_model::{MetricType, decode};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;
use tests::programs::{CHECK_OPENMETRICS, CHECK_TEXT, PROMETHEUS_CLIENT, python};
use tickmetrics::prelude::*;
use tickmetrics_exporter::Exporter;
use tickmetrics_exporter::encode::Format;

#[derive(Metrics)]
#[metrics(prefix = "gateway")]
struct Gateway {
    /// Time waited.
    #[metric(unit = "seconds", sigfigs = 3, quantiles = [0, 0.5, 0.99], extremes)]
    wait: Histogram<bool>,
    /// Of which only the extremes are asked for.
    #[metric(extremes)]
    depth: Histogram,
    /// Of which nothing is.
    size: Histogram,
}

/// A gateway with two intervals: a hundred values in the first, and two in the second.
fn second_scrape(format: Format) -> (String, Vec<u8>) {
    let registry = Registry::new();
    let gateway = Gateway::register(&registry).unwrap();
    let pause = Description::new("pause", "With quantiles in place of buckets.");
    let pause: Histogram<bool> =
        registry.register(&pause.buckets([]).quantiles([0.5, 1.0])).unwrap();
    let builder = Exporter::builder().registry(&registry).listen("127.0.0.1:0");
    let exporter = builder.interval(Duration::ZERO).start().unwrap();
    // Its reads before it is ready are no scrapes.
    while !ask(&exporter, "/ready", "*/*").starts_with(b"HTTP/1.0 200 ") {
        thread::yield_now();
    }
    (1..=100).for_each(|value| gateway.wait.with(true).record(value));
    (1..=100).for_each(|value| pause.with(true).record(value));
    gateway.depth.record(5);
    gateway.size.record(6);
    let first = get(&exporter, Format::Text);
    pause.with(true).record(20);
    gateway.wait.with(true).record(20);
    gateway.wait.with(true).record(30);
    (String::from_utf8(first).unwrap(), get(&exporter, format))
}

fn ask(exporter: &Exporter, path: &str, accept: &str) -> Vec<u8> {
    let mut client = TcpStream::connect(exporter.local_addr().unwrap()).unwrap();
    // With 1.0 the answer ends with the connection.
    let request = format!("GET {path} HTTP/1.0\r\nAccept: {accept}\r\n\r\n");
    client.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    answer
}

fn get(exporter: &Exporter, format: Format) -> Vec<u8> {
    let mut answer = ask(exporter, "/metrics", format.content_type());
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    answer.split_off(head + 4)
}

/// The lines of the text format about names that begin like this.
fn lines<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.trim_start_matches("# TYPE ").starts_with(start)).collect()
}

#[test]
fn an_interval_is_what_happened_since_the_scrape_before() {
    let (first, second) = second_scrape(Format::Text);
    let summary = [
        r"# TYPE gateway_wait_seconds_quantiles summary",
        r#"gateway_wait_seconds_quantiles{flag="false",quantile="0.0"} NaN"#,
        r#"gateway_wait_seconds_quantiles{flag="false",quantile="0.5"} NaN"#,
        r#"gateway_wait_seconds_quantiles{flag="false",quantile="0.99"} NaN"#,
        r#"gateway_wait_seconds_quantiles_sum{flag="false"} 0"#,
        r#"gateway_wait_seconds_quantiles_count{flag="false"} 0"#,
        r#"gateway_wait_seconds_quantiles{flag="true",quantile="0.0"} 1e-9"#,
        r#"gateway_wait_seconds_quantiles{flag="true",quantile="0.5"} 5e-8"#,
        r#"gateway_wait_seconds_quantiles{flag="true",quantile="0.99"} 9.9e-8"#,
        r#"gateway_wait_seconds_quantiles_sum{flag="true"} 5.05e-6"#,
        r#"gateway_wait_seconds_quantiles_count{flag="true"} 100"#,
    ];
    assert_eq!(lines(&first, "gateway_wait_seconds_quantiles"), summary);
    assert_eq!(
        lines(&first, "gateway_depth_max"),
        ["# TYPE gateway_depth_max gauge", "gateway_depth_max 5"]
    );
    assert_eq!(lines(&first, "gateway_depth_quantiles"), [""; 0]);
    assert_eq!(lines(&first, "gateway_size_m"), [""; 0]);

    let second = String::from_utf8(second).unwrap();
    let summary = [
        r#"gateway_wait_seconds_quantiles{flag="true",quantile="0.0"} 2e-8"#,
        r#"gateway_wait_seconds_quantiles{flag="true",quantile="0.5"} 2e-8"#,
        r#"gateway_wait_seconds_quantiles{flag="true",quantile="0.99"} 3e-8"#,
        r#"gateway_wait_seconds_quantiles_sum{flag="true"} 5.1e-6"#,
        r#"gateway_wait_seconds_quantiles_count{flag="true"} 102"#,
    ];
    assert_eq!(lines(&second, "gateway_wait_seconds_quantiles")[6..], summary);
    let extremes = lines(&second, "gateway_wait_seconds_m");
    let expected = [
        r"# TYPE gateway_wait_seconds_max gauge",
        r#"gateway_wait_seconds_max{flag="false"} NaN"#,
        r#"gateway_wait_seconds_max{flag="true"} 3e-8"#,
        r"# TYPE gateway_wait_seconds_min gauge",
        r#"gateway_wait_seconds_min{flag="false"} NaN"#,
        r#"gateway_wait_seconds_min{flag="true"} 2e-8"#,
    ];
    assert_eq!(extremes, expected);
    assert_eq!(lines(&second, "gateway_depth_max")[1..], ["gateway_depth_max NaN"]);
    let (module, install) = PROMETHEUS_CLIENT;
    python(module, install, &[CHECK_TEXT], &second);
}

/// Sum and count are those of all values.
#[test]
fn a_histogram_without_buckets_is_a_summary() {
    let (first, second) = second_scrape(Format::Text);
    let second = String::from_utf8(second).unwrap();
    for (text, of_true) in
        [(&first, ["50", "100", "5050", "100"]), (&second, ["20", "20", "5070", "101"])]
    {
        let [median, largest, sum, count] = of_true;
        let expected = [
            "# TYPE pause summary",
            r#"pause{flag="false",quantile="0.5"} NaN"#,
            r#"pause{flag="false",quantile="1.0"} NaN"#,
            r#"pause_sum{flag="false"} 0"#,
            r#"pause_count{flag="false"} 0"#,
            &format!(r#"pause{{flag="true",quantile="0.5"}} {median}"#),
            &format!(r#"pause{{flag="true",quantile="1.0"}} {largest}"#),
            &format!(r#"pause_sum{{flag="true"}} {sum}"#),
            &format!(r#"pause_count{{flag="true"}} {count}"#),
        ];
        assert_eq!(lines(text, "pause"), expected);
    }
}

#[test]
fn openmetrics_has_the_same() {
    let (_, second) = second_scrape(Format::OpenMetrics);
    let (module, install) = PROMETHEUS_CLIENT;
    let text = String::from_utf8(second).unwrap();
    let Some(read) = python(module, install, &CHECK_OPENMETRICS, &text) else { return };
    let read: Value = serde_json::from_slice(&read).unwrap();
    for (name, kind) in [("_quantiles", "summary"), ("_max", "gauge"), ("_min", "gauge")] {
        let family = &read["families"][format!("gateway_wait_seconds{name}")];
        assert_eq!(family[0], kind, "{name}");
    }
    assert_eq!(read["families"]["pause"][0], "summary");
    let samples = read["samples"].as_array().unwrap();
    for (name, labels, value) in [
        ("_quantiles", json!({"flag": "true", "quantile": "0.99"}), "3e-08"),
        ("_quantiles", json!({"flag": "false", "quantile": "0.0"}), "nan"),
        ("_quantiles_count", json!({"flag": "true"}), "102.0"),
        ("_min", json!({"flag": "true"}), "2e-08"),
    ] {
        let expected = json!([format!("gateway_wait_seconds{name}"), labels, value]);
        assert!(samples.contains(&expected), "{expected}");
    }
}

#[test]
fn protobuf_has_the_same() {
    let (_, second) = second_scrape(Format::Protobuf);
    let families = decode(&second);
    let family = |name: &str| {
        let family = families.iter().find(|family| family.name.as_deref() == Some(name));
        family.unwrap_or_else(|| panic!("{name}"))
    };
    let summary = family("gateway_wait_seconds_quantiles");
    assert_eq!(summary.r#type, Some(MetricType::Summary as i32));
    let [never, some] = &summary.metric[..] else { panic!("{summary:?}") };
    let never = never.summary.as_ref().unwrap();
    assert_eq!((never.sample_count, never.sample_sum), (Some(0), Some(0.0)));
    assert!(never.quantile.iter().all(|quantile| quantile.value.unwrap().is_nan()));
    let some = some.summary.as_ref().unwrap();
    assert_eq!(some.sample_count, Some(102));
    let quantiles = some.quantile.iter().map(|it| (it.quantile.unwrap(), it.value.unwrap()));
    assert!(quantiles.eq([(0.0, 2e-8), (0.5, 2e-8), (0.99, 3e-8)]));
    let pause = family("pause");
    assert_eq!(pause.r#type, Some(MetricType::Summary as i32));
    let some = pause.metric[1].summary.as_ref().unwrap();
    assert_eq!((some.sample_count, some.quantile[0].value), (Some(101), Some(20.0)));
    let max = family("gateway_wait_seconds_max");
    assert_eq!(max.r#type, Some(MetricType::Gauge as i32));
    assert_eq!(max.metric[1].gauge.as_ref().unwrap().value, Some(3e-8));
}
