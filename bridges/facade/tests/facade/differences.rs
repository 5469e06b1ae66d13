//! Where the recorders differ on purpose: each line of the README's table.

use crate::beside::{Exposed, both};
use crate::{builder, has_line, recorder};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::PrometheusBuilder;
use tickmetrics_exporter::parse::{Summary, Value};
use tickmetrics_facade::Matcher;

fn with_defaults(program: impl Fn()) -> [Exposed; 2] {
    both(builder(), PrometheusBuilder::new(), program)
}

fn number(exposed: &Exposed, name: &str) -> f64 {
    match exposed[name].2.values().next().unwrap() {
        Value::Number(value) => *value,
        other => panic!("{other:?}"),
    }
}

fn summary<'a>(exposed: &'a Exposed, name: &str) -> &'a Summary {
    match exposed[name].2.values().next().unwrap() {
        Value::Summary(value) => value,
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_names_that_become_one_are_added_up() {
    let [ours, theirs] = with_defaults(|| {
        counter!("a.b").increment(3);
        counter!("a_b").increment(4);
    });
    assert_eq!(number(&ours, "a_b"), 7.0);
    // One of them.
    assert!([3.0, 4.0].contains(&number(&theirs, "a_b")));
}

#[test]
fn a_negative_value_is_counted_beside() {
    let [ours, theirs] = with_defaults(|| {
        histogram!("change").record(-2.0);
        histogram!("change").record_many(f64::NAN, 2);
        histogram!("change").record(1.0);
    });
    assert_eq!(summary(&ours, "change").count, Some(1.0));
    assert_eq!(number(&ours, "change_negative_total"), 3.0);
    assert_eq!(summary(&theirs, "change").count, Some(4.0));
}

#[test]
fn a_quantile_without_values_is_not_a_number() {
    let [ours, theirs] = with_defaults(|| drop(histogram!("wait")));
    assert!(summary(&ours, "wait").quantiles.iter().all(|(_, value)| value.is_nan()));
    assert!(summary(&theirs, "wait").quantiles.iter().all(|(_, value)| *value == 0.0));
}

#[test]
fn a_backslash_stays() {
    let (recorder, handle) = recorder();
    metrics::with_local_recorder(&recorder, || counter!("c", "a" => "b\\\"").increment(1));
    has_line(&handle, r#"c{a="b\\\""} 1"#);
    // Theirs takes it for the escape of the quote.
    let theirs = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&theirs, || counter!("c", "a" => "b\\\"").increment(1));
    assert!(theirs.handle().render().contains(r#"c{a="b\""} 1"#));
}

#[test]
fn a_label_that_a_histogram_needs_itself_is_renamed() {
    let (recorder, handle) = recorder();
    metrics::with_local_recorder(&recorder, || {
        histogram!("wait", "quantile" => "x").record(1.0);
        gauge!("depth", "quantile" => "x", "__le" => "y").set(1.0);
    });
    has_line(&handle, r#"wait_count{exported_quantile="x"} 1"#);
    has_line(&handle, r#"depth{_le="y",quantile="x"} 1"#);
}

#[test]
fn values_of_the_cell_of_an_edge_are_below_it() {
    let [ours, theirs] = both(
        builder().buckets([1000.0]).digits_for(Matcher::Full("fine".into()), 3),
        PrometheusBuilder::new().set_buckets(&[1000.0]).unwrap(),
        || {
            histogram!("fine").record(1000.5);
            histogram!("coarse").record(1000.5);
        },
    );
    let below = |of: &Exposed, name: &str| match of[name].2.values().next().unwrap() {
        Value::Histogram(histogram) => histogram.buckets[0].1,
        other => panic!("{other:?}"),
    };
    assert_eq!((below(&ours, "fine"), below(&theirs, "fine")), (0.0, 0.0));
    assert_eq!((below(&ours, "coarse"), below(&theirs, "coarse")), (1.0, 0.0));
}

#[test]
fn values_above_the_scale_are_counted_and_told() {
    let (recorder, handle) = recorder();
    metrics::with_local_recorder(&recorder, || {
        histogram!("quantity").record(1e10);
        histogram!("quantity").record(1e300);
    });
    has_line(&handle, "quantity_count 2");
    has_line(&handle, "quantity_saturated_total 2");
    let wide = builder().scale_for(Matcher::Full("quantity".into()), 1.0).build().unwrap();
    metrics::with_local_recorder(&wide, || histogram!("quantity").record(1e10));
    has_line(&wide.handle(), "quantity_sum 10000000000");
    assert!(!wide.handle().render().contains("saturated"));
}
