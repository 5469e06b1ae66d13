//! Cycles of sources that behave.

use crate::support::{Memory, Server, quick};
use std::sync::{Arc, Mutex};
use tickmetrics_collector::batch::{EventKind, Kind, Value};

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
