//! What the tests of `metrics-exporter-prometheus` hold, for both recorders.

use crate::beside::{exposed, same};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus as theirs;
use tickmetrics_exporter::parse::{FamilyType, Value};
use tickmetrics_facade::Matcher;

#[test]
fn each_kind_is_exposed_under_its_name() {
    let exposed = same(
        |ours, theirs| (ours.quantiles([0.0, 1.0]), theirs.set_quantiles(&[0.0, 1.0]).unwrap()),
        || {
            counter!("basic_counter").increment(42);
            gauge!("basic_gauge", "wutang" => "forever").set(-3.125);
            histogram!("basic_histogram").record(12.0);
        },
    );
    assert_eq!(exposed["basic_histogram"].0, FamilyType::Summary);
    assert!(matches!(exposed["basic_counter"].2[""], Value::Number(42.0)));
}

#[test]
fn series_of_a_metric_differ_in_their_labels() {
    same(
        |ours, theirs| (ours, theirs),
        || {
            let codes = ["200", "404", "500"];
            codes.iter().for_each(|&code| counter!("requests", "code" => code).increment(7));
            counter!("requests", "code" => "200").increment(1);
            counter!("answers", "a" => "1", "b" => "2").increment(1);
            counter!("answers", "b" => "2", "a" => "1").increment(1);
            // Of more than 64 values between two renders theirs leaves some out. Neighbours are close,
            // since ranks are rounded in one way or the other.
            for value in 1..=50 {
                histogram!("wait", "venue" => "xnas").record(0.01 + f64::from(value) * 1e-5);
            }
        },
    );
}

#[test]
fn recommended_names_end_in_unit_and_total() {
    let exposed = same(
        |ours, theirs| (ours.recommended_naming(true), theirs.with_recommended_naming(true)),
        || {
            counter!("basic_counter").increment(42);
            describe_counter!("counter_with_unit", Unit::Bytes, "A counter with a unit");
            counter!("counter_with_unit").increment(42);
            describe_counter!("foo_total", Unit::Bytes, "Some help");
            counter!("foo_total").increment(42);
            describe_counter!("bar_bytes_total", Unit::Bytes, "Some help");
            counter!("bar_bytes_total").increment(42);
            describe_gauge!("gauge_with_unit_bytes", Unit::Bytes, "A gauge with a unit");
            gauge!("gauge_with_unit_bytes").set(42.0);
            describe_histogram!("wait", Unit::Milliseconds, "Waited.");
            histogram!("wait").record(42.0);
        },
    );
    let names: Vec<_> = exposed.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "bar_bytes_total",
            "basic_counter_total",
            "counter_with_unit_bytes_total",
            "foo_bytes_total",
            "gauge_with_unit_bytes",
            "wait_milliseconds"
        ]
    );
}

#[test]
fn names_stay_as_they_are_by_default() {
    let exposed = same(
        |ours, theirs| (ours, theirs),
        || {
            describe_counter!("sent", Unit::Bytes, "Sent.");
            counter!("sent").increment(1);
            describe_gauge!("memory", Unit::Bytes, "Used.");
            gauge!("memory").set(2.5);
        },
    );
    assert!(exposed.keys().eq(["memory", "sent"]));
}

#[test]
fn the_matcher_that_says_most_gives_the_buckets() {
    const DEFAULT: [f64; 3] = [10.0, 100.0, 1000.0];
    const PREFIX: [f64; 3] = [15.0, 105.0, 1005.0];
    const SUFFIX: [f64; 3] = [20.0, 110.0, 1010.0];
    const FULL: [f64; 3] = [25.0, 115.0, 1015.0];
    let exposed = same(
        |ours, theirs| {
            let their = |of: PrometheusMatcher, edges| (of, edges);
            let all = [
                their(theirs::Matcher::Full("metrics.testing foo".into()), FULL),
                their(theirs::Matcher::Prefix("metrics.testing".into()), PREFIX),
                their(theirs::Matcher::Suffix("foo".into()), SUFFIX),
            ];
            let theirs = all.into_iter().fold(theirs, |theirs, (matcher, edges)| {
                theirs.set_buckets_for_metric(matcher, &edges).unwrap()
            });
            let ours = ours
                .buckets_for(Matcher::Full("metrics.testing foo".into()), FULL)
                .buckets_for(Matcher::Prefix("metrics.testing".into()), PREFIX)
                .buckets_for(Matcher::Suffix("foo".into()), SUFFIX)
                .buckets(DEFAULT)
                // Two values that are closer than a hundredth are told apart below.
                .digits_for(Matcher::Full("metrics.wee".into()), 3);
            (ours, theirs.set_buckets(&DEFAULT).unwrap())
        },
        || {
            histogram!("metrics.testing_foo").record(FULL[0]);
            histogram!("metrics.testing_bar").record(PREFIX[1]);
            histogram!("metrics_testin_foo").record(SUFFIX[2]);
            histogram!("metrics.wee").record(DEFAULT[2] + 1.0);
        },
    );
    assert!(exposed.values().all(|(of_type, _, _)| *of_type == FamilyType::Histogram));
}

type PrometheusMatcher = theirs::Matcher;

#[test]
fn a_histogram_with_buckets_of_seconds() {
    let edges = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
    same(
        |ours, theirs| (ours.buckets(edges), theirs.set_buckets(&edges).unwrap()),
        || {
            for value in edges {
                histogram!("wait").record(value);
                histogram!("wait").record(value * 0.9);
                histogram!("wait").record_many(value * 1.1, 3);
            }
        },
    );
}

#[test]
fn the_last_label_of_all_metrics_wins() {
    let exposed = same(
        |ours, theirs| {
            let theirs = theirs.add_global_label("foo", "foo").add_global_label("foo", "bar");
            (ours.label("foo", "foo").label("foo", "bar"), theirs)
        },
        || counter!("basic_counter").increment(42),
    );
    assert!(exposed["basic_counter"].2.keys().eq([r#"foo="bar""#]));
}

#[test]
fn a_label_of_a_metric_wins_over_one_of_all() {
    same(
        |ours, theirs| (ours.label("foo", "foo"), theirs.add_global_label("foo", "foo")),
        || {
            counter!("overridden", "foo" => "overridden").increment(1);
            counter!("overridden").increment(2);
        },
    );
}

#[test]
fn names_are_made_valid_and_texts_escaped() {
    same(
        |ours, theirs| (ours.label("foo:", "foo"), theirs.add_global_label("foo:", "foo")),
        || {
            describe_counter!("yee_haw:lets go", "\"Simplë stuff.\nRëally.\"");
            counter!("yee_haw:lets go", "øhno" => "\"yeet\nies\"").increment(1);
            gauge!("1st.of-all", "2nd" => "x\\y").increment(0.5);
        },
    );
}

#[test]
fn the_last_description_before_the_first_use_counts() {
    same(
        |ours, theirs| (ours, theirs),
        || {
            describe_counter!("events", "First.");
            describe_counter!("events", "Second.");
            counter!("events").increment(1);
        },
    );
}

#[test]
fn gauges_and_absolute_counters_hold_one_value() {
    same(
        |ours, theirs| (ours, theirs),
        || {
            let gauge = gauge!("depth");
            gauge.increment(5.5);
            gauge.decrement(2);
            gauge.set(10.0);
            gauge.decrement(0.25);
            let counter = counter!("read");
            counter.absolute(7);
            counter.increment(2);
            counter.absolute(8);
            counter.absolute(20);
        },
    );
}

/// The renders of a program that goes on, in turn.
#[test]
fn counts_go_on_from_render_to_render() {
    let ours = crate::builder().build().unwrap();
    let theirs = theirs::PrometheusBuilder::new().build_recorder();
    for round in 1..=3 {
        let program = || {
            counter!("rounds").increment(round);
            histogram!("wait", "round" => round.to_string()).record(round as f64);
        };
        metrics::with_local_recorder(&ours, program);
        metrics::with_local_recorder(&theirs, program);
        let [ours, theirs] =
            [ours.handle().render(), theirs.handle().render()].map(|it| exposed(&it));
        crate::beside::are_same(&ours, &theirs);
    }
}

/// A rate starts from the first event where the counter was 0 before.
#[test]
fn what_is_registered_is_exposed_before_it_is_used() {
    same(
        |ours, theirs| (ours.buckets([1.0]), theirs.set_buckets(&[1.0]).unwrap()),
        || {
            let _ = (counter!("errors", "peer" => "a"), counter!("starts"));
            let _ = (gauge!("depth"), gauge!("depth", "side" => "buy"));
            let _ = histogram!("wait", "side" => "buy");
        },
    );
}

/// A value and its count are as many records, in either form.
#[test]
fn many_values_are_recorded_by_one_call() {
    let exposed = same(
        |ours, theirs| {
            let of = || theirs::Matcher::Full("inflight".into());
            let edges = [1.0, 2.0, 4.0, 8.0];
            let ours = ours.buckets_for(Matcher::Full("inflight".into()), edges);
            let theirs = theirs
                .set_buckets_for_metric(theirs::Matcher::Full("depth".into()), &[0.0, 1e15])
                .unwrap();
            let ours = ours.buckets_for(Matcher::Full("depth".into()), [0.0, 1e15]);
            (ours, theirs.set_buckets_for_metric(of(), &edges).unwrap())
        },
        || {
            histogram!("inflight").record_many(3.0, 100_000);
            histogram!("inflight").record_many(5.0, 50_000);
            histogram!("inflight").record(3.0);
            histogram!("dwell").record_many(2.0, 60);
            histogram!("depth").record_many(0.0, 2);
            histogram!("depth").record(5e14);
        },
    );
    let Value::Histogram(inflight) = &exposed["inflight"].2[""] else { panic!("{exposed:?}") };
    assert_eq!((inflight.count, inflight.sum), (150_001.0, Some(550_003.0)));
}
