//! Catalogues of expositions and of several services, about which less is known.

use tickmetrics_exporter::parse::{self, Limits};
use tickmetrics_rules::lint::{Check, Linter, Purpose};
use tickmetrics_rules::{Catalogue, Family, Kind, Label, Values};

const SCRAPED: &str = r#"# TYPE busy_seconds_total gauge
busy_seconds_total{cpu="0"} 5
# TYPE applied_timestamp_seconds gauge
applied_timestamp_seconds 1e9
# TYPE info gauge
info{job="own",cluster="c",owner=""} 1
info{job="own",cluster="c",owner="a"} 1
# TYPE seen counter
# TYPE wait_seconds histogram
wait_seconds_bucket{le="1e-05"} 1
wait_seconds_bucket{le="1"} 2
wait_seconds_bucket{le="1e+06"} 2
wait_seconds_bucket{le="+Inf"} 2
wait_seconds_sum 1
wait_seconds_count 2
late_bucket{le="1"} 5
# TYPE passed_bucket gauge
passed_bucket{le="1"} 5
# TYPE size summary
size{quantile="0.5"} 3
size_sum 9
size_count 3
"#;

fn catalogue(text: &str) -> Catalogue {
    Catalogue::of_exposition(&parse::text(text.as_bytes(), &Limits::default()).unwrap())
}

fn checks(linter: &Linter, text: &str) -> Vec<Check> {
    linter.expression(text, Purpose::Alert).iter().map(|problem| problem.check).collect()
}

#[test]
fn what_an_exporter_can_have_is_no_fault() {
    let linter = Linter::new(&[catalogue(SCRAPED)]).target_labels(["cluster"]);
    for text in [
        // Counters as gauges, and times that do not fall.
        "rate(busy_seconds_total[5m]) > 0.5",
        "rate(applied_timestamp_seconds[5m]) < 0.5",
        // Without types, and with those of a program in between.
        "histogram_quantile(0.9, sum by (le) (rate(late_bucket[5m]))) > 5",
        "histogram_quantile(0.9, sum by (le) (rate(passed_bucket[5m]))) > 5",
        // Prometheus renames labels that the target has, too, or keeps them as they are.
        r#"info{job="other", exported_job="own", exported_cluster="c"} > 0"#,
        "count by (exported_job, job) (info) > 5",
        // An empty value is that of no label.
        r#"info{owner=""} > 0"#,
        "info * on (instance, owner) group_left () up > 0",
        // Edges as they are stored.
        r#"rate(wait_seconds_bucket{le="1e-05"}[5m]) > 0.5"#,
        r#"rate(wait_seconds_bucket{le="1e+06"}[5m]) > 0.5"#,
        r#"rate(wait_seconds_bucket{le=~"1(\\.0)?"}[5m]) > 0.5"#,
        r#"size{quantile="0.5"} > 5"#,
    ] {
        assert_eq!(checks(&linter, text), [], "{text}");
    }
    for (text, check) in [
        (r#"info{exported_instance="a"} > 0"#, Check::UnknownLabel),
        (r#"rate(wait_seconds_bucket{le="1e-06"}[5m]) > 0.5"#, Check::ImpossibleValue),
        (r#"rate(wait_seconds_bucket{le="1000000"}[5m]) > 0.5"#, Check::LeForm),
        (r#"size{quantile="0.9"} > 5"#, Check::ImpossibleValue),
    ] {
        assert_eq!(checks(&linter, text), [check], "{text}");
    }
}

/// A name can be one thing in one service and another one in the next.
#[test]
fn names_of_several_things_are_not_checked() {
    let counter = Family::new("load", Kind::Counter);
    let gauge = Family::new("load", Kind::Gauge);
    let histogram = Family::new("load", Kind::Histogram);
    let mut part = Family::new("size_count", Kind::Gauge);
    part.labels = vec![Label::new("queue", Values::Fixed(vec!["in".into()]))];
    let size = Family::new("size", Kind::Summary);
    let all = [vec![counter], vec![gauge, part], vec![histogram, size]];
    let linter = Linter::new(&all.map(Catalogue::new));
    for text in [
        "rate(load[5m]) > 1",
        "delta(load[5m]) > 1",
        "rate(load_count[5m]) > 1",
        r#"rate(size_count{queue="out"}[5m]) > 1"#,
        "rate(size_count[5m]) > 1",
    ] {
        assert_eq!(checks(&linter, text), [], "{text}");
    }
}

#[test]
fn what_services_have_in_common_is_known() {
    let histogram = |unit: &str, edges: &[f64], max| {
        let mut family = Family::new("wait", Kind::Histogram);
        (family.unit, family.buckets, family.max) = (unit.into(), edges.to_vec(), max);
        Catalogue::new([family])
    };
    let all = [
        histogram("seconds", &[5.0, f64::NAN, 1.0, f64::INFINITY, 1.0], Some(9.0)),
        histogram("seconds", &[7.0], Some(8.0)),
    ];
    let both = Catalogue::new(all.iter().flat_map(|it| it.families().to_vec()));
    let wait = both.family("wait").unwrap();
    assert_eq!(
        (&wait.buckets[..], wait.max, &*wait.unit),
        (&[1.0, 5.0, 7.0][..], Some(9.0), "seconds")
    );
    let linter = Linter::new(&all);
    let quantile =
        |number| format!("histogram_quantile(0.9, sum by (le) (rate(wait_bucket[5m]))) > {number}");
    assert_eq!(checks(&linter, &quantile(5)), []);
    assert_eq!(checks(&linter, &quantile(7)), [Check::ThresholdAboveTopBucket]);
    // A mean in one of two units, and one without a maximum.
    let all = [histogram("seconds", &[], Some(9.0)), histogram("bytes", &[], None)];
    let both = Catalogue::new(all.iter().flat_map(|it| it.families().to_vec()));
    let wait = both.family("wait").unwrap();
    assert_eq!((wait.max, &*wait.unit), (None, ""));
    assert_eq!(checks(&Linter::new(&all), "rate(wait_sum[5m]) / rate(wait_count[5m]) > 99"), []);
}
