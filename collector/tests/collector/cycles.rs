//! Cycles of sources that behave.

use crate::support::{Memory, Server, quick};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tickmetrics_collector::batch::{EventKind, Kind, Value};
use tickmetrics_collector::{Builder, Source, TotalLimits};

const TEXT: &str = "\
# TYPE orders_total counter
orders_total{symbol=\"AAPL\",side=\"buy\"} 3
# TYPE depth gauge
depth 1.5
# TYPE wait_seconds histogram
wait_seconds_bucket{le=\"0.5\"} 1
wait_seconds_bucket{le=\"+Inf\"} 2
wait_seconds_sum 3.5
wait_seconds_count 2
";

#[test]
fn an_endpoint_is_stored_sample_by_sample() {
    let (server, memory) = (Server::of_text(TEXT), Memory::default());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let cycles = seen.clone();
    let collector = quick(&memory)
        .source(server.source("gateway"))
        .on_cycle(move |cycle| {
            cycles.lock().unwrap().push((cycle.number, cycle.batch.samples.len()));
        })
        .start()
        .unwrap();
    memory.wait_for_samples("gateway", 9);
    let status = collector.stop().unwrap();
    memory.with(|stored| {
        let samples = stored.samples("gateway");
        let orders = samples.iter().find(|it| &*it.series.name == "orders_total").unwrap();
        assert_eq!(orders.series.kind, Kind::Counter);
        assert_eq!(orders.series.symbol.as_deref(), Some("AAPL"));
        assert_eq!(orders.value, Value::Number(3.0));
        let wait = samples.iter().find(|it| &*it.series.name == "wait_seconds").unwrap();
        let Value::Histogram(wait) = &wait.value else { panic!("{wait:?}") };
        assert_eq!((wait.count, wait.sum), (2.0, 3.5));
        assert_eq!(wait.buckets, [(0.5, 1.0), (f64::INFINITY, 2.0)]);
        assert_eq!(stored.kinds("gateway"), [EventKind::SourceUp]);
        let events = stored.events();
        assert_eq!(events[0].kind, EventKind::Start);
        assert_eq!(events[events.len() - 1].kind, EventKind::Stop);
        assert!(stored.is_closed && stored.maintained > 0);
        assert_eq!(status.samples, samples.len() as u64);
        assert_eq!((status.lost, status.queued), (0, 0));
    });
    let value = memory.with(|stored| stored.last("gateway")["gauge depth{}"].clone());
    assert_eq!(value, Value::Number(1.5));
    // The callback saw what was stored.
    let seen = seen.lock().unwrap();
    assert!(seen.iter().map(|(number, _)| number).is_sorted());
    assert_eq!(seen.iter().map(|(_, samples)| *samples as u64).sum::<u64>(), status.samples);
}

/// The same values in each format.
#[test]
fn all_formats_give_the_same_samples() {
    use crate::support::respond_bytes;
    use tickmetrics::prelude::*;
    use tickmetrics_exporter::encode::{self, Format};

    let registry = Registry::new();
    let description = |name: &str| Description::new(name, "Help.").unit("seconds").max(1_000);
    registry.register::<Counter>(&Description::new("orders_total", "Help.")).unwrap().add(7);
    registry.register::<Gauge>(&Description::new("depth", "Help.")).unwrap().set(-1.5);
    let wait: Histogram<bool> = registry.register(&description("wait_seconds")).unwrap();
    for value in [1, 5, 700, 2_000] {
        wait.with(true).record(value);
    }
    wait.with(false).record_signed(-3);
    let snapshot = registry.snapshot();
    let mut all = Vec::new();
    for format in [Format::Protobuf, Format::OpenMetrics, Format::Text1, Format::Text] {
        let (body, content_type) =
            (encode::render_as(&snapshot, format.into()), format.content_type());
        let server = Server::new(move |head, stream| {
            let head = head.to_lowercase();
            let place = |format: &str| head.find(format).unwrap();
            let formats = ["application/vnd.google", "openmetrics", "version=1.0.0;esc", "=0.0.4"];
            assert!(formats.map(place).is_sorted(), "{head}");
            respond_bytes(stream, content_type, &body);
        });
        let memory = Memory::default();
        let collector = quick(&memory).source(server.source("a")).start().unwrap();
        memory.wait_for_samples("a", 6);
        collector.stop().unwrap();
        all.push(memory.with(|stored| stored.last("a")));
    }
    assert_eq!(all[0].len(), 6, "{:?}", all[0]);
    let orders = "counter orders_total{}";
    assert_eq!(all[0][orders], Value::Number(7.0));
    for other in &all[1..] {
        assert_eq!(other, &all[0]);
    }
}

#[test]
fn a_source_that_began_anew_is_noticed() {
    let answers = Arc::new(Mutex::new("process_start_time_seconds 100\norders_total 5\n"));
    let shown = answers.clone();
    let server = Server::new(move |_, stream| {
        let text = *shown.lock().unwrap();
        let text = format!("# TYPE orders_total counter\n{text}");
        crate::support::respond(stream, "text/plain", &text);
    });
    let memory = Memory::default();
    let collector = quick(&memory).source(server.source("a")).start().unwrap();
    memory.wait_for_samples("a", 2);
    // A counter that the program resets is no restart where the start is known.
    *answers.lock().unwrap() = "process_start_time_seconds 100\norders_total 3\n";
    memory.wait_for("reset", |stored| {
        (stored.last("a").get("counter orders_total{}")? == &Value::Number(3.0)).then_some(())
    });
    *answers.lock().unwrap() = "process_start_time_seconds 160\norders_total 1\n";
    let told = memory.wait_for_event(EventKind::SourceRestart, "rose from 100 to 160");
    assert!(told.contains("http://"), "{told}");
    *answers.lock().unwrap() = "orders_total 8\n";
    memory.wait_for("orders", |stored| {
        (stored.last("a").get("counter orders_total{}")? == &Value::Number(8.0)).then_some(())
    });
    *answers.lock().unwrap() = "orders_total 2\n";
    memory.wait_for_event(EventKind::SourceRestart, "orders_total fell");
    collector.stop().unwrap();
    let restarts = memory.with(|stored| {
        stored.kinds("a").iter().filter(|it| **it == EventKind::SourceRestart).count()
    });
    assert_eq!(restarts, 2);
}

#[test]
fn targets_are_distinguished_however_they_are_given() {
    let (a, b, memory) = (Server::of_text("up 1\n"), Server::of_text("up 2\n"), Memory::default());
    // As two arguments of the program are.
    let sources = |builder: Builder| builder.source(a.source("risk")).source(b.source("risk"));
    let collector = sources(quick(&memory)).start().unwrap();
    memory.wait_for_samples("risk", 10);
    collector.stop().unwrap();
    let series = memory.with(|stored| stored.last("risk"));
    assert_eq!(series.len(), 2, "{series:?}");
    // Their rows would be the same ones twice.
    let twice = sources(quick(&memory)).source(a.source("risk")).start().map(drop);
    let message = twice.unwrap_err().to_string();
    assert!(message.contains("twice") && message.contains(&a.address()), "{message}");
    quick(&memory).source(a.source("risk")).source(a.source("other")).start().unwrap();
    let of = |target: &str| Source::new(target);
    quick(&memory).source(of("/tmp/x").target("/tmp/x")).start().map(drop).unwrap_err();
}

#[test]
fn targets_of_one_service_and_filters() {
    let (one, two, memory) =
        (Server::of_text(TEXT), Server::of_text("depth 2\n"), Memory::default());
    let source = one.source("a").target(two.address()).allow("de*").allow("orders*").deny("o*");
    let collector = quick(&memory).source(source).start().unwrap();
    memory.wait_for("both", |stored| (stored.last("a").len() == 2).then_some(()));
    collector.stop().unwrap();
    let last = memory.with(|stored| stored.last("a"));
    let of = |kind: &str, server: &Server| {
        last[&format!("{kind} depth{{instance={}}}", server.address())].clone()
    };
    assert_eq!(of("gauge", &one), Value::Number(1.5));
    assert_eq!(of("unknown", &two), Value::Number(2.0));
}

#[test]
fn settings_that_can_not_be_are_refused() {
    let memory = Memory::default();
    let refused = |builder: Builder, text: &str| {
        let error = builder.start().map(drop).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    };
    let source = || Source::new("127.0.0.1:1").target("127.0.0.1:2");
    let mut limits = TotalLimits::default();
    limits.targets = 1;
    refused(
        quick(&memory).source(source()).limits(limits),
        "2 targets are more than the limit of 1",
    );
    let fast = source().interval(Duration::from_millis(19));
    refused(quick(&memory).source(fast), "can't be read each 19ms");
    let slow = source().interval(Duration::from_millis(70));
    let collector = quick(&memory).source(slow).start().unwrap();
    assert_eq!(collector.status().slowest, Duration::from_millis(70));
}

/// A summary whose ranks fall, and the start of the process.
const ODD: &str = "\
# TYPE process_start_time_seconds gauge
process_start_time_seconds 100
# TYPE size summary
size{quantile=\"0.9\"} 20
size{quantile=\"0.5\"} 10
size_sum 50
size_count 5
";

#[test]
fn quantiles_rise_and_a_start_that_is_not_wanted_is_not_stored() {
    let (server, memory) = (Server::of_text(ODD), Memory::default());
    let collector = quick(&memory).source(server.source("a").allow("size*")).start().unwrap();
    memory.wait_for_samples("a", 2);
    collector.stop().unwrap();
    let last = memory.with(|stored| stored.last("a"));
    let Some((name, Value::Summary(size))) = last.first_key_value() else { panic!("{last:?}") };
    assert_eq!((last.len(), name.as_str()), (1, "summary size{}"));
    assert_eq!(size.quantiles, [(0.5, 10.0), (0.9, 20.0)]);
}
