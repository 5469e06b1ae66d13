//! `serve` is an exporter as a program's own is: in every format, with the exporter's metrics.

use crate::serve::{Serving, has};
use crate::support::{Folder, PROMETHEUS_CLIENT, Writer, python, text};
use std::fs;
use tests::programs::CHECK_OPENMETRICS;

const PROTOBUF: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
                        encoding=delimited";

fn has_bytes(body: &[u8], bytes: &[u8]) -> bool {
    body.windows(bytes.len()).any(|window| window == bytes)
}

#[test]
fn processes_are_served_in_every_format() {
    let folder = Folder::new("serve-formats");
    let _feed = Writer::start("gateway", &folder.file("feed.metrics"));
    let _risk = Writer::start("exporter", &folder.file("risk.metrics"));
    let serving = Serving::start(&[text(folder.path()), "--created"]);

    let (head, body) = serving.request("/metrics", "application/openmetrics-text; version=1.0.0");
    let body = String::from_utf8(body).unwrap();
    assert!(head.contains("content-type: application/openmetrics-text"), "{head}");
    for line in [
        "# TYPE orders counter",
        "# UNIT decode_seconds seconds",
        "orders_total{process=\"feed\",side=\"buy\"} 3",
        "wait_count{process=\"risk\"} 1",
        "tickmetrics_serve_segments 2",
    ] {
        assert!(has(&body, line), "{line} is not in\n{body}");
    }
    assert!(body.contains("\norders_created{process=\"feed\",side=\"buy\"} 1"), "{body}");
    assert!(body.ends_with("\n# EOF\n"), "{body}");
    let (module, install) = PROMETHEUS_CLIENT;
    python(module, install, &CHECK_OPENMETRICS, &body);

    let (head, body) = serving.request("/metrics", PROTOBUF);
    assert!(head.contains("content-type: application/vnd.google.protobuf"), "{head}");
    // Fields 1 and 2 of the label, each with its length.
    assert!(has_bytes(&body, b"\x0a\x07process\x12\x04risk"));
    // A native histogram's schema, 2 as zigzag, and its zero threshold.
    assert!(has_bytes(&body, b"\x28\x04\x31"));
    assert!(has_bytes(&body, b"tickmetrics_exporter_scrapes_total"));

    let (_, body) = serving.request("/metrics?name[]=orders_total", "*/*");
    let body = String::from_utf8(body).unwrap();
    assert_eq!(body.lines().filter(|line| !line.starts_with('#')).count(), 2, "{body}");

    // Names as they are, where the client takes them so.
    let (_, body) = serving.request("/metrics", "text/plain;version=1.0.0;escaping=allow-utf-8");
    let body = String::from_utf8(body).unwrap();
    assert!(has(&body, "labelled{process=\"risk\",\"service.name\"=\"its own\"} 77"), "{body}");
}

/// The processes have exporters, and metrics that are named as the exporter's own could be.
#[test]
fn its_own_metrics_take_nothing_away() {
    let folder = Folder::new("serve-own");
    let file = folder.file("risk.metrics");
    let _risk = Writer::start("exporter", &file);
    let config = folder.file("web.yml");
    fs::write(&config, "http_server_config: { headers: { X-Frame-Options: deny } }").unwrap();
    let _other = Writer::start("exporter", &folder.file("other.metrics"));
    let pattern = format!("{}/*.metrics", folder.path().display());
    let serving = Serving::start(&[&pattern, "--web.config.file", text(&config)]);
    for scrapes in 1..4 {
        let body = serving.scrape();
        for line in [
            "process_threads{process=\"risk\"} 77",
            "tickmetrics_serve_segments 2",
            "tickmetrics_serve_left_out_families 4",
            "tickmetrics_exporter_left_out_families 0",
            "tickmetrics_exporter_web_config_stale 0",
            "tickmetrics_exporter_scrapes_total{process=\"other\"} 0",
            "tickmetrics_exporter_scrapes_total{process=\"risk\"} 0",
            "tickmetrics_exporter_scrape_duration_seconds_count{process=\"risk\"} 0",
            &format!("tickmetrics_exporter_scrapes_total {scrapes}"),
            "tickmetrics_serve_left_out{process=\"risk\",family=\"tickmetrics.serve.alive\",\
             reason=\"name\"} 1",
        ] {
            assert!(has(&body, line), "{line} is not in\n{body}");
        }
        assert!(!body.contains("\nprocess_cpu"), "{body}");
    }
    let said = serving.end();
    assert_eq!(said.matches("is left out").count(), 4, "{said}");
    assert!(!said.contains("of the exporter itself"), "{said}");
}

/// Two labels of one name, escaped, would be one.
#[test]
fn a_label_that_escaping_makes_the_process_s_is_left_out() {
    let folder = Folder::new("serve-label");
    let _risk = Writer::start("exporter", &folder.file("risk.metrics"));
    let serving = Serving::start(&[text(folder.path()), "--label", "service_name"]);
    let body = serving.scrape();
    let left_out = "tickmetrics_serve_left_out{service_name=\"risk\",family=\"labelled\",\
                    reason=\"label\"} 1";
    assert!(has(&body, left_out), "{body}");
    assert!(!body.contains("\nlabelled{") && has(&body, "wait_sum{service_name=\"risk\"} 5"));
}
