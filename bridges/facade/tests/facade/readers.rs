//! What is exposed is read by Prometheus' own tools.

use crate::builder;
use metrics::{Unit, counter, describe_counter, describe_histogram, gauge, histogram};
use std::env;
use tests::programs::{CHECK_OPENMETRICS, CHECK_TEXT, PROMETHEUS_CLIENT, feed, python, skip};
use tickmetrics_exporter::encode::Format;
use tickmetrics_facade::{FacadeHandle, Matcher};

/// Metrics of all forms, with names and labels as libraries write them.
fn exposed() -> FacadeHandle {
    let recorder = builder()
        .prefix("node")
        .label("host:name", "ny4\\\"17\"")
        .buckets_for(Matcher::Suffix("seconds".into()), [0.001, 0.01, 0.1])
        .native_for(Matcher::Full("node_native".into()), 3)
        .most_series_of_each(3)
        .build()
        .unwrap();
    metrics::with_local_recorder(&recorder, || {
        describe_counter!("messages.sent", Unit::Bytes, "Sent,\n\"in all\" \\ of it.");
        describe_histogram!("insert.seconds", Unit::Seconds, "Time to insert.");
        counter!("messages.sent", "direction" => "in", "peer.id" => "é").increment(3);
        counter!("messages.sent", "stage" => "x").increment(1);
        counter!("blocks_total").increment(1);
        gauge!("2nd level", "quantile" => "a", "__x" => "b").set(-1.5);
        for number in 0..5 {
            histogram!("insert.seconds", "le" => number.to_string()).record(0.005);
        }
        histogram!("size", "quantile" => "c").record(1_500.0);
        histogram!("size").record(-1.0);
        histogram!("native").record(0.25);
        gauge!("blocks_total").set(1.0);
        let _ = (histogram!("empty"), gauge!("size_sum"));
    });
    recorder.handle()
}

#[test]
fn promtool_reads_it() {
    let promtool = env::var("PROMTOOL").unwrap_or_else(|_| "promtool".into());
    let text = exposed().render();
    let Some(output) = feed(&promtool, &["check", "metrics"], &text) else {
        return skip("promtool is not installed (apt-get install prometheus)");
    };
    // Its advice on names of others is none on the exposition: that would end it with 1.
    let advice = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() != Some(1), "{advice}\n{text}");
}

#[test]
fn pythons_parsers_read_it() {
    let (module, install) = PROMETHEUS_CLIENT;
    let handle = exposed();
    let text = handle.render();
    if python(module, install, &[CHECK_TEXT], &text).is_none() {
        return;
    }
    let openmetrics = handle.render_as(Format::OpenMetrics.into());
    let openmetrics = String::from_utf8(openmetrics).unwrap();
    python(module, install, &CHECK_OPENMETRICS, &openmetrics);
}
