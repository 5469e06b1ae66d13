//! Names that are not ASCII, under every escaping, as Prometheus and its Python client read them.

use serde_json::{Value, json};
use std::sync::mpsc;
use tests::programs::{PROMETHEUS_CLIENT, python};
use tests::prometheus::{Prometheus, serve};
use tickmetrics::Escaping;
use tickmetrics::prelude::*;
use tickmetrics_exporter::encode::{Format, Protocol};

const CHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/names/check.py");

#[derive(Clone, Copy, Label)]
#[label(rename = "venue.name")]
enum Venue {
    Xnas,
    #[label(rename = "\"x\\\n")]
    Odd,
}

/// Metrics, and their samples: family, suffix, labels, value.
fn registry() -> (Registry, Vec<Value>) {
    let registry = Registry::new();
    let description = |name| Description::new(name, "Help.");
    let mut samples = Vec::new();

    let orders: Counter<Venue> = registry.register(&description("orders.submitted_total")).unwrap();
    orders.with(Venue::Xnas).add(0);
    orders.with(Venue::Odd).add(3);
    for (venue, value) in [("xnas", 0), ("\"x\\\n", 3)] {
        samples.push(json!(["orders.submitted_total", "", { "venue.name": venue }, value]));
    }
    let constant = description("größe {\"}\\").constant("a:b", "1").constant("k9 ü", "2");
    registry.register::<Gauge>(&constant).unwrap().set(1.5);
    samples.push(json!(["größe {\"}\\", "", { "a:b": "1", "k9 ü": "2" }, 1.5]));
    registry.register::<Gauge>(&description("1st.🦀")).unwrap().set(2.0);
    samples.push(json!(["1st.🦀", "", {}, 2]));
    registry.register::<Gauge>(&description("legacy_name:1")).unwrap().set(4.0);
    samples.push(json!(["legacy_name:1", "", {}, 4]));
    for (name, labelled) in [("wait.time_seconds", false), ("hops.count", true)] {
        let wait = description(name).unit("seconds").buckets([100]);
        let wait = if labelled { wait.constant("to.where", "there") } else { wait };
        let wait: Histogram = registry.register(&wait).unwrap();
        [50, 500].into_iter().for_each(|nanos| wait.record(nanos));
        let labels = || if labelled { json!({ "to.where": "there" }) } else { json!({}) };
        for (le, count) in [("1e-07", 1), ("+Inf", 2)] {
            let mut labels = labels();
            labels["le"] = le.into();
            samples.push(json!([name, "_bucket", labels, count]));
        }
        samples.push(json!([name, "_count", labels(), 2]));
        samples.push(json!([name, "_sum", labels(), 5.5e-7]));
    }
    (registry, samples)
}

#[test]
fn python_reads_and_escapes_the_same_names() {
    let (registry, samples) = registry();
    let snapshot = registry.snapshot();
    let mut expositions = Vec::new();
    for format in [Format::Text, Format::Text1, Format::OpenMetrics] {
        for escaping in [None].into_iter().chain(Escaping::ALL.map(Some)) {
            let protocol = Protocol::new(format, escaping);
            let (content_type, body) =
                tickmetrics_exporter::encode::render(&snapshot, Some(protocol.content_type()));
            assert_eq!(content_type, protocol.content_type());
            expositions.push(json!({
                "openmetrics": format == Format::OpenMetrics,
                "escaping": protocol.escaping().name(),
                "text": String::from_utf8(body).unwrap(),
            }));
        }
    }
    let (module, install) = PROMETHEUS_CLIENT;
    let input = json!({ "samples": samples, "expositions": expositions });
    python(module, install, &[CHECK], &input.to_string());
}

/// From version 3 on it asks for names as they are, and has them so in every format.
#[test]
fn prometheus_has_the_names_that_it_asks_for() {
    let (registry, samples) = registry();
    let (tell, told) = mpsc::channel();
    let jobs = [
        ("openmetrics", Format::OpenMetrics),
        ("text", Format::Text1),
        ("protobuf", Format::Protobuf),
    ]
    .map(|(job, format)| {
        let (registry, tell) = (registry.clone(), tell.clone());
        let address = serve(move |accept| {
            let asked = tickmetrics_exporter::encode::negotiate(accept);
            let _ = tell.send(asked.escaping());
            let format = if asked.escaping.is_none() && format == Format::Text1 {
                Format::Text
            } else {
                format
            };
            let protocol = Protocol::new(format, asked.escaping);
            tickmetrics_exporter::encode::render(
                &registry.snapshot(),
                Some(protocol.content_type()),
            )
        });
        (job, address)
    });
    let Some(prometheus) = Prometheus::start("names", &jobs, &[]) else { return };
    for (job, _) in jobs {
        let series = prometheus.series(job);
        let escaping = told.try_recv().unwrap();
        for sample in &samples {
            let [family, suffix, labels, value] = &sample.as_array().unwrap()[..] else { panic!() };
            let family = escaping.metric(family.as_str().unwrap());
            let mut expected =
                json!({ "__name__": format!("{family}{}", suffix.as_str().unwrap()) });
            for (name, text) in labels.as_object().unwrap() {
                expected[&*escaping.label(name)] = text.clone();
            }
            let is_it = |one: &&Value| {
                let mut labels = one["metric"].clone();
                labels
                    .as_object_mut()
                    .unwrap()
                    .retain(|name, _| !matches!(&**name, "job" | "instance"));
                labels == expected
            };
            let found = series.iter().find(is_it);
            let found = found.unwrap_or_else(|| panic!("{job}: no {expected} in {series:?}"));
            let number: f64 = found["value"][1].as_str().unwrap().parse().unwrap();
            assert_eq!(Some(number), value.as_f64(), "{job}: {expected}");
        }
    }
}

#[test]
fn underscores_are_the_default() {
    let (registry, _) = registry();
    let (_, body) = tickmetrics_exporter::encode::render(&registry.snapshot(), None);
    let mut text = String::new();
    tickmetrics_exporter::encode::text(&registry.snapshot(), &mut text);
    assert_eq!(String::from_utf8(body).unwrap(), text);
    assert!(text.contains("\norders_submitted_total{venue_name=\"xnas\"} 0\n"), "{text}");
    assert!(text.is_ascii(), "{text}");
}

/// The unit has to end the name, after an underscore.
#[test]
fn units_are_those_of_the_names_as_they_are_written() {
    let registry = Registry::new();
    let wait = Description::new("wait.seconds", "Waited.").unit("seconds");
    registry.register::<Counter>(&wait).unwrap();
    let snapshot = registry.snapshot();
    for (escaping, unit) in [
        (Escaping::AllowUtf8, None),
        (Escaping::Underscores, Some("# UNIT wait_seconds seconds")),
        (Escaping::Dots, Some("# UNIT wait_dot_seconds seconds")),
    ] {
        let protocol = Protocol::new(Format::OpenMetrics, Some(escaping));
        let (_, body) =
            tickmetrics_exporter::encode::render(&snapshot, Some(protocol.content_type()));
        let text = String::from_utf8(body).unwrap();
        assert_eq!(text.lines().find(|line| line.starts_with("# UNIT")), unit, "{text}");
    }
}
