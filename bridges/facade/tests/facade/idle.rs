//! Series that do not change for some time.

use crate::beside::{are_same, exposed};
use crate::builder;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_util::MetricKindMask;
use std::time::Duration;
use tickmetrics_facade::{FacadeBuilder, FacadeHandle};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Both, with a real clock: shown at the first render, and hidden when the time is over.
#[test]
fn both_hide_the_kinds_that_are_idle() {
    let short = Duration::from_millis(50);
    let ours = builder().idle_counters(short).idle_histograms(short).build().unwrap();
    let mask = MetricKindMask::COUNTER | MetricKindMask::HISTOGRAM;
    let theirs = PrometheusBuilder::new().idle_timeout(mask, Some(short)).build_recorder();
    let program = || {
        counter!("basic_counter").increment(42);
        gauge!("basic_gauge").set(-3.125);
        histogram!("basic_histogram").record(1.0);
    };
    metrics::with_local_recorder(&ours, program);
    metrics::with_local_recorder(&theirs, program);
    let look = || {
        let both = [ours.handle().render(), theirs.handle().render()].map(|it| exposed(&it));
        are_same(&both[0], &both[1]);
        both[0].len()
    };
    assert_eq!(look(), 3);
    std::thread::sleep(2 * short);
    assert_eq!(look(), 1);
}

/// Runs steps of a program, each after some seconds, and returns the names of the series after each.
fn after_each(builder: FacadeBuilder, steps: &[(u64, &dyn Fn())]) -> Vec<String> {
    tickmetrics::with_mock_clock(|clock| {
        let recorder = builder.build().unwrap();
        let handle = recorder.handle();
        let each = steps.iter().map(|(seconds, step)| {
            clock.advance(Duration::from_secs(*seconds));
            metrics::with_local_recorder(&recorder, step);
            series(&handle)
        });
        each.collect()
    })
}

/// Each family with its number of series.
fn series(handle: &FacadeHandle) -> String {
    let families = exposed(&handle.render());
    let each = families.iter().map(|(name, (_, _, series))| format!("{name} {}", series.len()));
    each.collect::<Vec<_>>().join(", ")
}

fn all_kinds() {
    counter!("c").increment(42);
    gauge!("g").set(-3.125);
    histogram!("h").record(1.0);
}

#[test]
fn series_of_all_kinds_are_hidden_when_their_time_is_over() {
    let seen = after_each(builder().idle(TIMEOUT), &[(0, &all_kinds), (9, &|| ()), (2, &|| ())]);
    assert_eq!(seen, ["c 1, g 1, h 1", "c 1, g 1, h 1", ""]);
}

#[test]
fn each_series_has_a_time_of_its_own() {
    let special = || histogram!("h", "type" => "special").record(2.0);
    let steps: &[(u64, &dyn Fn())] = &[(0, &all_kinds), (9, &special), (2, &|| ())];
    let seen = after_each(builder().idle(TIMEOUT), steps);
    assert_eq!(seen, ["c 1, g 1, h 1", "c 1, g 1, h 2", "h 1"]);
}

#[test]
fn a_change_begins_the_time_anew() {
    let again = || counter!("c").increment(1);
    let steps: &[(u64, &dyn Fn())] =
        &[(0, &all_kinds), (9, &|| ()), (1, &again), (9, &|| ()), (2, &|| ())];
    let seen = after_each(builder().idle(TIMEOUT), steps);
    assert_eq!(seen, ["c 1, g 1, h 1", "c 1, g 1, h 1", "c 1", "c 1", ""]);
}

#[test]
fn a_hidden_series_returns_with_its_count() {
    let recorder = builder().idle(TIMEOUT).build().unwrap();
    tickmetrics::with_mock_clock(|clock| {
        let counter = metrics::with_local_recorder(&recorder, || counter!("c"));
        counter.increment(42);
        recorder.handle().render();
        clock.advance(Duration::from_secs(11));
        assert_eq!(series(&recorder.handle()), "");
        counter.increment(1);
        crate::has_line(&recorder.handle(), "c 43");
    });
}
