//! Records from macros and kept handles, on one thread and several.

use crate::{builder, has_line, recorder};
use metrics::{counter, gauge, histogram};
use std::thread;
use tickmetrics::Registry;
use tickmetrics::prelude::{Counter, Description};
use tickmetrics_facade::FacadeBuilder;

#[test]
fn recorders_of_one_process_count_apart() {
    let ((first, of_first), (second, of_second)) = (recorder(), recorder());
    for round in 1..=3 {
        metrics::with_local_recorder(&first, || counter!("events").increment(1));
        metrics::with_local_recorder(&second, || counter!("events").increment(10));
        metrics::with_local_recorder(&first, || {
            // Nested: the inner one counts.
            metrics::with_local_recorder(&second, || gauge!("depth").set(round));
        });
    }
    has_line(&of_first, "events 3");
    has_line(&of_second, "events 30");
    has_line(&of_second, "depth 3");
    assert!(!of_first.render().contains("depth"));
}

/// A recorder after another one has a number of its own, so that no thread finds the other's handles.
#[test]
fn a_recorder_that_is_gone_leaves_no_handle_behind() {
    for _ in 0..3 {
        let (recorder, handle) = recorder();
        metrics::with_local_recorder(&recorder, || counter!("events").increment(1));
        has_line(&handle, "events 1");
    }
}

#[test]
fn recorders_of_one_registry_count_together() {
    let registry = Registry::new();
    let build = || FacadeBuilder::new().registry(&registry).build().unwrap();
    let (first, second) = (build(), build());
    metrics::with_local_recorder(&first, || counter!("events", "a" => "b").increment(1));
    metrics::with_local_recorder(&second, || counter!("events", "a" => "b").increment(2));
    has_line(&first.handle(), r#"events{a="b"} 3"#);
}

#[test]
fn metrics_of_the_registry_are_rendered_beside_those_of_the_facade() {
    let registry = Registry::new();
    let ticks: Counter = registry.register(&Description::new("ticks_total", "Ticks.")).unwrap();
    ticks.add(4);
    let recorder = FacadeBuilder::new().registry(&registry).build().unwrap();
    metrics::with_local_recorder(&recorder, || counter!("events").increment(1));
    has_line(&recorder.handle(), "ticks_total 4");
    has_line(&recorder.handle(), "events 1");
}

#[test]
fn threads_lose_no_count() {
    const THREADS: u64 = 4;
    const ROUNDS: u64 = 10_000;
    let (recorder, handle) = recorder();
    let kept = metrics::with_local_recorder(&recorder, || counter!("kept"));
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (recorder, kept) = (&recorder, kept.clone());
            scope.spawn(move || {
                metrics::with_local_recorder(recorder, || {
                    for round in 0..ROUNDS {
                        counter!("events").increment(1);
                        counter!("by_thread", "number" => number.to_string()).increment(2);
                        gauge!("depth").increment(1.0);
                        histogram!("wait").record((round % 100) as f64);
                        kept.increment(1);
                    }
                });
            });
        }
    });
    let all = THREADS * ROUNDS;
    for name in ["events", "kept", "depth", "wait_count"] {
        has_line(&handle, &format!("{name} {all}"));
    }
    for number in 0..THREADS {
        has_line(&handle, &format!("by_thread{{number=\"{number}\"}} {}", 2 * ROUNDS));
    }
}

/// Raised to values by several threads, by two recorders of one registry, a counter ends at the largest
/// one.
#[test]
fn a_counter_is_raised_once() {
    let registry = Registry::new();
    let recorders = [(); 2].map(|()| FacadeBuilder::new().registry(&registry).build().unwrap());
    thread::scope(|scope| {
        for start in 0..4 {
            let recorder = &recorders[start % 2];
            scope.spawn(move || {
                metrics::with_local_recorder(recorder, || {
                    (start as u64..=1000).for_each(|value| counter!("read").absolute(value));
                });
            });
        }
    });
    has_line(&recorders[0].handle(), "read 1000");
}

#[test]
fn a_gauge_is_one_value_for_all_threads() {
    let (recorder, handle) = recorder();
    let gauge = metrics::with_local_recorder(&recorder, || gauge!("depth"));
    gauge.set(100.5);
    let other = gauge.clone();
    thread::spawn(move || {
        other.set(10.0);
        other.increment(2.5);
    })
    .join()
    .unwrap();
    gauge.decrement(0.5);
    has_line(&handle, "depth 12");
}

/// More keys than a thread's cache holds: each is found again.
#[test]
fn many_series_are_told_apart() {
    let (recorder, handle) = recorder();
    metrics::with_local_recorder(&recorder, || {
        for _ in 0..3 {
            for number in 0..1000 {
                counter!("events", "number" => number.to_string()).increment(number);
            }
        }
    });
    let text = handle.render();
    for number in 0..1000_u64 {
        let line = format!("\nevents{{number=\"{number}\"}} {}\n", 3 * number);
        assert!(text.contains(&line), "{line}");
    }
}

#[test]
fn small_and_large_values_keep_two_digits() {
    let (recorder, handle) = recorder();
    metrics::with_local_recorder(&recorder, || {
        histogram!("short").record(1.5e-8);
        histogram!("long").record(86_400.0);
        histogram!("body_bytes").record(5e12);
    });
    has_line(&handle, r#"short{quantile="1.0"} 1.5e-8"#);
    has_line(&handle, "long_sum 86400");
    has_line(&handle, "body_bytes_sum 5000000000000");
}

#[test]
fn a_prefix_is_put_in_front_of_each_name() {
    let recorder = builder().prefix("reth").build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        metrics::describe_counter!("sync.events", "Events.");
        counter!("sync.events").increment(1);
    });
    has_line(&recorder.handle(), "# HELP reth_sync_events Events.");
    has_line(&recorder.handle(), "reth_sync_events 1");
}

/// In text, native buckets have no form; a count and a sum are left.
#[test]
fn native_buckets_are_in_protobuf() {
    use tickmetrics_exporter::encode::Format;
    use tickmetrics_exporter::parse::{Limits, Value, protobuf};
    use tickmetrics_facade::Matcher;
    let recorder = builder().native_for(Matcher::Suffix("wait".into()), 3).build().unwrap();
    metrics::with_local_recorder(&recorder, || histogram!("wait").record_many(0.5, 3));
    let body = recorder.handle().render_as(Format::Protobuf.into());
    let exposition = protobuf(&body, &Limits::default()).unwrap();
    let Value::Histogram(wait) = &exposition.families[0].series[0].value else { panic!() };
    let native = wait.native.as_ref().unwrap();
    assert_eq!((native.schema, wait.count), (3, 3.0));
    assert_eq!(native.positive.iter().map(|(_, count)| count).sum::<f64>(), 3.0);
}
