//! The start of series, if it is requested.

use super::client_model::{MetricFamily, decode};
use super::register;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tickmetrics::prelude::*;
use tickmetrics_exporter::encode::{Format, Protocol, render_as};

fn registry() -> Registry {
    let registry = Registry::new();
    let orders: Counter<bool> = register(&registry, &Description::new("orders_total", "Orders."));
    orders.with(true).add(3);
    register::<Gauge>(&registry, &Description::new("depth", "Depth.")).set(1.0);
    let wait: Histogram = register(&registry, &Description::new("wait", "Wait.").buckets([10]));
    wait.record(3);
    // Under this name, the counter would expose its start.
    register::<Counter>(&registry, &Description::new("work_total", "Work."));
    register::<Gauge>(&registry, &Description::new("work_created", "Made."));
    registry
}

fn created(format: Format) -> Protocol {
    let mut protocol = Protocol::from(format);
    protocol.created = true;
    protocol
}

/// Of the segment, which is older than the registry.
fn start(registry: &Registry) -> Duration {
    let snapshot = registry.snapshot();
    let one = snapshot.family("orders_total").unwrap().series().next().unwrap();
    let created = one.created().unwrap();
    assert!(created <= SystemTime::now());
    created.duration_since(UNIX_EPOCH).unwrap()
}

#[test]
fn openmetrics_has_series_of_its_own() {
    let registry = registry();
    let snapshot = registry.snapshot();
    let start = start(&registry);
    let start = format!("{}.{:03}", start.as_secs(), start.subsec_millis());
    let body = render_as(&snapshot, created(Format::OpenMetrics));
    let text = String::from_utf8(body).unwrap();
    let expected = format!(
        "# HELP depth Depth.\n# TYPE depth gauge\ndepth 1\n\
         # HELP orders Orders.\n# TYPE orders counter\n\
         orders_total{{flag=\"false\"}} 0\norders_created{{flag=\"false\"}} {start}\n\
         orders_total{{flag=\"true\"}} 3\norders_created{{flag=\"true\"}} {start}\n\
         # HELP wait Wait.\n# TYPE wait histogram\n\
         wait_bucket{{le=\"10.0\"}} 1\nwait_bucket{{le=\"+Inf\"}} 1\nwait_sum 3\nwait_count 1\n\
         wait_created {start}\n\
         # HELP work_created Made.\n# TYPE work_created gauge\nwork_created 0\n\
         # HELP work_total Work.\n# TYPE work_total unknown\nwork_total 0\n# EOF\n"
    );
    assert_eq!(text, expected);
    // Text has no form for it, and clients that did not ask do not get it.
    for format in [Format::Text, Format::OpenMetrics] {
        let told = render_as(
            &snapshot,
            if format == Format::Text { created(format) } else { format.into() },
        );
        let (_, plain) =
            tickmetrics_exporter::encode::render(&snapshot, Some(format.content_type()));
        assert_eq!(told, plain);
        assert!(!String::from_utf8(plain).unwrap().contains("orders_created"));
    }
}

#[test]
fn the_counters_beside_a_histogram_have_it_in_each_format() {
    let registry = Registry::new();
    let wait: Histogram = register(&registry, &Description::new("wait", "Wait.").max(100));
    wait.record(200);
    wait.record_signed(-1);
    let snapshot = registry.snapshot();
    let text = render_as(&snapshot, created(Format::OpenMetrics));
    let text = String::from_utf8(text).unwrap();
    let families = decode(&render_as(&snapshot, created(Format::Protobuf)));
    for name in ["wait_saturated", "wait_negative"] {
        assert!(text.contains(&format!("{name}_total 1\n{name}_created ")), "{text}");
        let total = format!("{name}_total");
        let family = families.iter().find(|family| family.name() == total).unwrap();
        let counter = family.metric[0].counter.as_ref().unwrap();
        assert!(counter.created_timestamp.is_some(), "{name}");
    }
}

#[test]
fn protobuf_has_a_field() {
    let registry = registry();
    let start = start(&registry);
    let families = decode(&render_as(&registry.snapshot(), created(Format::Protobuf)));
    let of = |name: &str| families.iter().find(|family| family.name() == name).unwrap();
    let metrics = |family: &MetricFamily| family.metric.clone();
    for metric in [metrics(of("orders_total")), metrics(of("work_total"))].concat() {
        let told = metric.counter.unwrap().created_timestamp.unwrap();
        assert_eq!(i64::try_from(start.as_secs()), Ok(told.seconds));
        assert_eq!(i32::try_from(start.subsec_nanos()), Ok(told.nanos));
    }
    let told = metrics(of("wait"))[0].histogram.clone().unwrap().created_timestamp.unwrap();
    assert_eq!(i64::try_from(start.as_secs()), Ok(told.seconds));
    let plain = decode(&render_as(&registry.snapshot(), Format::Protobuf.into()));
    let counter = plain.iter().find_map(|family| family.metric[0].counter.clone()).unwrap();
    assert_eq!(counter.created_timestamp, None);
}
