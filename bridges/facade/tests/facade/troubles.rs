//! What can't be followed is counted nowhere else, told once, and never a panic.

use crate::{builder, has_line, recorder};
use metrics::{counter, describe_counter, gauge, histogram};

fn troubles(reason: &str, count: u64) -> String {
    format!("tickmetrics_facade_troubles_total{{reason=\"{reason}\"}} {count}")
}

#[test]
fn a_name_has_one_kind() {
    let (recorder, handle) = recorder();
    metrics::with_local_recorder(&recorder, || {
        counter!("events").increment(1);
        for _ in 0..3 {
            gauge!("events").set(7.0);
            histogram!("events", "a" => "b").record(7.0);
        }
        counter!("events").increment(1);
    });
    has_line(&handle, "events 2");
    assert!(!handle.render().contains('7'));
    // Once for each handle of this thread.
    has_line(&handle, &troubles("clash", 2));
}

#[test]
fn names_of_parts_clash() {
    let (recorder, handle) = recorder();
    metrics::with_local_recorder(&recorder, || {
        histogram!("wait").record(1.0);
        counter!("wait_count").increment(1);
    });
    has_line(&handle, "wait_count 1");
    has_line(&handle, &troubles("clash", 1));
}

#[test]
fn a_name_that_no_metric_can_have_is_refused() {
    let (recorder, handle) = recorder();
    metrics::with_local_recorder(&recorder, || {
        counter!("").increment(1);
        counter!("a".repeat(2000)).increment(1);
        counter!("good").increment(1);
    });
    // Another thread is refused, too, for the same reason.
    std::thread::scope(|scope| {
        let once_more = || metrics::with_local_recorder(&recorder, || counter!("").increment(1));
        scope.spawn(once_more);
    });
    has_line(&handle, "good 1");
    has_line(&handle, &troubles("invalid", 3));
}

#[test]
fn a_late_description_is_told() {
    let (recorder, handle) = recorder();
    metrics::with_local_recorder(&recorder, || {
        counter!("events").increment(1);
        describe_counter!("events", metrics::Unit::Bytes, "Too late.");
    });
    has_line(&handle, "# HELP events No description.");
    has_line(&handle, &troubles("late", 1));
}

#[test]
fn series_beyond_a_limit_are_one() {
    let recorder = builder().most_series_of_each(3).build().unwrap();
    let count = |name: &'static str, from, to| {
        metrics::with_local_recorder(&recorder, || {
            for number in from..to {
                counter!(name, "number" => u64::to_string(&number)).increment(1);
            }
        });
    };
    count("events", 0, 10);
    count("events", 0, 3);
    count("others", 0, 2);
    let handle = recorder.handle();
    has_line(&handle, r#"events{number="2"} 2"#);
    has_line(&handle, r#"events{otel_metric_overflow="true"} 7"#);
    has_line(&handle, r#"others{number="1"} 1"#);
    has_line(&handle, &troubles("limit", 7));
}

#[test]
fn series_beyond_the_limit_of_all_are_one_of_their_metric() {
    let recorder = builder().most_series(5).build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        for number in 0..10 {
            counter!("events", "number" => number.to_string()).increment(1);
        }
        gauge!("depth").set(3.0);
        gauge!("depth", "a" => "b").set(4.0);
    });
    let handle = recorder.handle();
    has_line(&handle, r#"events{otel_metric_overflow="true"} 5"#);
    has_line(&handle, r#"depth{otel_metric_overflow="true"} 4"#);
}

/// Names without bound take no memory without bound.
#[test]
fn metrics_beyond_the_limit_are_counted_nowhere() {
    let recorder = builder().most_series(3).build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        for number in 0..10 {
            let name = format!("events_{number}");
            describe_counter!(name.clone(), "Events.");
            counter!(name).increment(1);
        }
    });
    let handle = recorder.handle();
    has_line(&handle, "events_2 1");
    assert!(!handle.render().contains("events_3"));
    has_line(&handle, &troubles("limit", 7));
}
