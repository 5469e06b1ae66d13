//! What is carried through an expression: bounds, labels, units and how a value moves.

use tickmetrics_rules::lint::{Check, Linter, Purpose};
use tickmetrics_rules::{Catalogue, Family, Kind, Label, Values};

fn family(name: &str, kind: Kind, labels: &[&str]) -> Family {
    let mut family = Family::new(name, kind);
    let values = || Values::Fixed(vec!["a".into(), "b".into()]);
    family.labels = labels.iter().map(|name| Label::new(*name, values())).collect();
    family
}

fn linter() -> Linter {
    let mut wait = family("wait_microseconds", Kind::Histogram, &["side"]);
    (wait.buckets, wait.outside, wait.extremes) = (vec![100.0, 1000.0, 5000.0], true, true);
    let mut change = family("change", Kind::Histogram, &[]);
    change.buckets = vec![-5.0, 5.0];
    let mut late = family("late_total", Kind::Counter, &[]);
    (late.labels, late.from_start) = (vec![Label::new("id", Values::Interned(9))], false);
    let mut native = family("fill_seconds", Kind::Histogram, &[]);
    (native.native, native.max) = (Some(3), Some(10.0));
    let mut optional = family("optional", Kind::Gauge, &["side"]);
    optional.labels[0].optional = true;
    let mut sometimes = family("sometimes", Kind::Gauge, &[]);
    sometimes.labels = vec![Label::new("side", Values::Fixed(vec!["a".into(), String::new()]))];
    let mut empty = family("scraped_without_series", Kind::Counter, &[]);
    empty.from_start = false;
    Linter::new(&[Catalogue::new([
        wait,
        change,
        late,
        native,
        optional,
        sometimes,
        empty,
        family("orders_total", Kind::Counter, &["side", "venue"]),
        family("rejects_total", Kind::Counter, &["side"]),
        family("queue", Kind::Gauge, &["side"]),
        family("size_bytes", Kind::Summary, &[]),
        family("depth", Kind::GaugeHistogram, &[]),
    ])])
}

/// The quantile of a histogram.
fn q(rest: &str) -> String {
    format!("histogram_quantile(0.9, sum by (le) (rate(wait_microseconds_bucket[5m]))){rest}")
}

#[test]
fn comparisons_at_the_bounds() {
    use Check::{AlwaysTrue, ThresholdAboveTopBucket, ThresholdUnit, ValueOutOfRange};
    let change = "histogram_quantile(0.9, sum by (le) (rate(change_bucket[5m])))";
    let cases: &[(String, &[Check])] = &[
        (q(" > 5000"), &[ThresholdAboveTopBucket]),
        (q(" >= 5000"), &[]),
        (q(" >= 5001"), &[ThresholdAboveTopBucket]),
        (q(" < 5000"), &[]),
        (q(" < 5001"), &[AlwaysTrue]),
        (q(" <= 5000"), &[AlwaysTrue]),
        (q(" < 0"), &[ThresholdAboveTopBucket]),
        (q(" <= 0"), &[]),
        (q(" == 6000"), &[ThresholdAboveTopBucket]),
        (q(" == 5000"), &[]),
        (q(" != 6000"), &[AlwaysTrue]),
        (q(" > 49999"), &[ThresholdAboveTopBucket]),
        (q(" > 50000"), &[ThresholdUnit]),
        (q(" > 1e20"), &[ThresholdAboveTopBucket]),
        (q(" > bool 50"), &[]),
        (q(" > 50"), &[]),
        (q(" > 100"), &[]),
        (format!("{change} > -5"), &[]),
        (format!("{change} < -5"), &[ThresholdAboveTopBucket]),
        (format!("{change} <= -5"), &[]),
        (format!("5000 < {}", q("")), &[ThresholdAboveTopBucket]),
        (format!("5000 <= {}", q("")), &[]),
        (format!("5000 >= {}", q("")), &[AlwaysTrue]),
        (format!("5000 > {}", q("")), &[]),
        (format!("5000 == {}", q("")), &[]),
        ("up > 1".into(), &[ValueOutOfRange]),
        ("up == 2".into(), &[ValueOutOfRange]),
        ("up == -1".into(), &[ValueOutOfRange]),
        ("up != 2".into(), &[AlwaysTrue]),
        ("up != -1".into(), &[AlwaysTrue]),
        ("up > 0".into(), &[]),
        ("count(up) < 1".into(), &[ValueOutOfRange]),
        ("count(up) <= 1".into(), &[]),
        ("absent(up) == 0".into(), &[ValueOutOfRange]),
        ("-up > 0".into(), &[ValueOutOfRange]),
        ("-up < 0".into(), &[]),
        ("1 - up > 1".into(), &[ValueOutOfRange]),
        ("1 - up >= 1".into(), &[]),
        ("up - 1 > 0".into(), &[ValueOutOfRange]),
        ("up * 100 > 100".into(), &[ValueOutOfRange]),
        ("up * 100 >= 100".into(), &[]),
        ("up / 2 > 0.5".into(), &[ValueOutOfRange]),
        ("2 / up > 5".into(), &[]),
        ("0 * queue > 1".into(), &[ValueOutOfRange]),
        ("queue * 0 > 1".into(), &[ValueOutOfRange]),
        ("orders_total < 0".into(), &[ValueOutOfRange]),
        ("sum(rate(orders_total[5m])) < 0".into(), &[ValueOutOfRange]),
        ("sum(queue) < 0".into(), &[]),
        ("sum(rate(change_sum[5m])) < 0".into(), &[]),
        ("clamp_min(queue, 5) < 5".into(), &[ValueOutOfRange]),
        ("clamp_max(queue, 5) > 5".into(), &[ValueOutOfRange]),
        ("clamp(queue, 1, 5) > 5".into(), &[ValueOutOfRange]),
        ("clamp(queue, 1, 5) < 1".into(), &[ValueOutOfRange]),
        ("clamp_min(queue, 5) > 5".into(), &[]),
        ("abs(queue) < 0".into(), &[ValueOutOfRange]),
        ("abs(up - 3) > 3".into(), &[ValueOutOfRange]),
        ("sgn(queue) > 1".into(), &[ValueOutOfRange]),
        ("round(up / 3) > 1".into(), &[ValueOutOfRange]),
        ("round(up * 0.7, 0.5) > 0.7".into(), &[]),
        ("stddev(queue) < 0".into(), &[ValueOutOfRange]),
        ("(up or queue) > 1".into(), &[]),
        ("(queue or up) > 1".into(), &[]),
        ("avg_over_time(up[5m]) > 1".into(), &[ValueOutOfRange]),
        ("sum_over_time(up[5m]) > 5".into(), &[]),
        ("sum_over_time(up[5m]) < 0".into(), &[ValueOutOfRange]),
        ("histogram_count(rate(fill_seconds[5m])) < 0".into(), &[ValueOutOfRange]),
        ("histogram_sum(rate(fill_seconds[5m])) < 0".into(), &[]),
        ("histogram_fraction(0, 1, rate(fill_seconds[5m])) > 1.5".into(), &[ThresholdUnit]),
        ("scalar(up) * queue > 5".into(), &[]),
        ("vector(1) > 5".into(), &[ValueOutOfRange]),
        ("queue - queue > 5".into(), &[]),
    ];
    compare(cases, Purpose::Record);
}

/// Each expression has exactly these findings, without notes about edges.
fn compare<T: AsRef<str>>(cases: &[(T, &[Check])], purpose: Purpose) {
    let linter = linter();
    let mut wrong = Vec::new();
    for (text, expected) in cases {
        let problems = linter.expression(text.as_ref(), purpose);
        let checks = problems.iter().map(|problem| problem.check);
        let found: Vec<_> = checks.filter(|it| *it != Check::ThresholdBetweenEdges).collect();
        if found != *expected {
            wrong.push(format!("{}: {problems:#?}", text.as_ref()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn thresholds_between_edges_are_within_them() {
    for (number, has) in
        [("50", false), ("100", false), ("101", true), ("1000", false), ("4999", true)]
    {
        let problems = linter().expression(&q(&format!(" > {number}")), Purpose::Record);
        let found = problems.iter().any(|it| it.check == Check::ThresholdBetweenEdges);
        assert_eq!(found, has, "{number}: {problems:?}");
    }
    // Of a value that was shifted, the edges are others.
    for text in [format!("sum({}) > 150", q("")), q(" - 100 > 150"), format!("-{} < -150", q(""))] {
        assert_eq!(linter().expression(&text, Purpose::Record), [], "{text}");
    }
}

#[test]
fn how_values_move() {
    use Check::{
        DeltaOfCounter, FirstEventMissed, LatchedCounter, QuantileWithoutRate, RateAfterSum,
        RateOfGauge,
    };
    let cases: &[(&str, &[Check])] = &[
        ("rate(queue[5m]) > 1", &[RateOfGauge]),
        ("rate(wait_microseconds_max[5m]) > 1", &[]),
        ("rate(size_bytes[5m]) > 1", &[]),
        ("rate(size_bytes_count[5m]) > 1", &[]),
        ("rate(rate(orders_total[5m])[5m:]) > 1", &[RateOfGauge]),
        ("rate(max(orders_total)[5m:]) > 1", &[RateAfterSum]),
        (
            "rate((orders_total + ignoring (venue) group_left () rejects_total)[5m:]) > 1",
            &[RateAfterSum],
        ),
        ("rate((sum(orders_total) * 2)[5m:]) > 1", &[RateAfterSum]),
        ("rate((orders_total or rejects_total)[5m:]) > 1", &[]),
        ("rate((sum(orders_total) or sum(rejects_total))[5m:]) > 1", &[RateAfterSum]),
        ("rate(max_over_time(orders_total[5m])[5m:]) > 1", &[]),
        ("rate(label_replace(orders_total, 'x', '$1', 'side', '(.*)')[5m:]) > 1", &[]),
        ("delta(rejects_total[5m]) > 1", &[DeltaOfCounter]),
        ("predict_linear(orders_total[5m], 60) > 1", &[DeltaOfCounter]),
        ("deriv(queue[5m]) > 1", &[]),
        ("orders_total > 5", &[LatchedCounter]),
        ("5 < orders_total", &[LatchedCounter]),
        ("orders_total < 5", &[]),
        ("orders_total > bool 5", &[]),
        ("orders_total * 2 > 5", &[LatchedCounter]),
        ("orders_total / 2 > 5", &[LatchedCounter]),
        ("2 / orders_total > 5", &[]),
        ("wait_microseconds_count > 5", &[LatchedCounter]),
        ("wait_microseconds_saturated_total > 5", &[LatchedCounter]),
        ("wait_microseconds_sum > 5", &[]),
        ("(orders_total > 5) or queue > 5", &[LatchedCounter]),
        ("(orders_total > 5) and on (side) queue > 5", &[]),
        ("queue > 5 and on (side) orders_total > 5", &[]),
        ("queue > 5 and on (job) up == 1 or rejects_total > 5", &[LatchedCounter]),
        ("(orders_total unless on (side) queue) > 5", &[]),
        ("(queue or rejects_total) > 5", &[]),
        ("(orders_total - orders_total offset 5m) > 5", &[]),
        ("sum(orders_total) - sum(orders_total offset 5m) > 5", &[]),
        ("increase(late_total[5m]) > 0", &[FirstEventMissed]),
        ("increase(late_total[5m]) >= 0.5", &[FirstEventMissed]),
        ("increase(late_total[5m]) > 0.5", &[]),
        ("increase(late_total[5m]) >= 1", &[]),
        ("sum(increase(late_total[5m])) * 2 > 0", &[FirstEventMissed]),
        ("late_total - late_total offset 5m > 0", &[FirstEventMissed]),
        ("sum(late_total) - sum(orders_total) > 0", &[]),
        ("rate((sum(late_total) - sum(orders_total))[5m:]) > 0", &[]),
        ("rate((rate(orders_total[5m]) or queue)[5m:]) > 0", &[]),
        ("increase(late_total[5m]) > bool 0", &[]),
        ("increase(wait_microseconds_saturated_total[5m]) > 0", &[FirstEventMissed]),
        ("increase(late_total[5m]) > 0 or late_total unless late_total offset 5m", &[]),
        (
            "increase(late_total[5m]) > 0 or late_total unless on (id) late_total",
            &[FirstEventMissed],
        ),
        ("increase(late_total[5m]) > 0 or queue unless queue offset 5m", &[FirstEventMissed]),
        ("histogram_quantile(0.9, wait_microseconds_bucket) > 500", &[QuantileWithoutRate]),
        ("histogram_quantile(0.9, depth_bucket) > 500", &[]),
        ("histogram_quantile(1, rate(wait_microseconds_bucket[5m])) > 500", &[]),
        ("histogram_quantile(0, rate(wait_microseconds_bucket[5m])) > 500", &[]),
        (
            "histogram_quantile(0.9, label_replace(rate(wait_microseconds_bucket[5m]), 'x', '', '', '')) > 500",
            &[],
        ),
        (
            "histogram_quantile(0.9, sum by (le, side) (rate(wait_microseconds_bucket[5m])) or sum by (le, side) (rate(change_bucket[5m]))) > 9e9",
            &[Check::UnknownLabel],
        ),
        ("max(histogram_quantile(0.9, rate(fill_seconds[5m]))) > 15", &[Check::ThresholdAboveMax]),
        ("sum(histogram_quantile(0.9, rate(fill_seconds[5m]))) > 15", &[]),
        ("histogram_quantile(0.9, rate(fill_seconds[5m])) < 15", &[]),
        ("sum(histogram_quantile(0.9, rate(wait_microseconds_bucket[5m]))) > 9999", &[]),
        (
            "rate(wait_microseconds_sum[5m]) / rate(fill_seconds_count[5m]) > 99",
            &[Check::UnknownMetric],
        ),
    ];
    compare(cases, Purpose::Alert);
}

#[test]
fn labels_that_are_there() {
    use Check::{Contradiction, ImpossibleValue, JoinLabelsDiffer, RatioOfItself, UnknownLabel};
    let part = r#"rate(orders_total{side="a"}[5m])"#;
    let whole = "rate(orders_total[5m])";
    let cases: &[(&str, &[Check])] = &[
        ("sum by (side) (rate(orders_total[5m])) / sum by (side) (rate(rejects_total[5m]))", &[]),
        ("sum without (venue) (rate(orders_total[5m])) / rate(rejects_total[5m])", &[]),
        ("sum without (x) (rate(orders_total[5m]))", &[]),
        ("sum by (x) (rate(orders_total[5m]))", &[UnknownLabel]),
        ("sum by (x) (count_values('x', orders_total))", &[]),
        ("sum by (__name__) (orders_total)", &[]),
        ("rate(orders_total[5m]) / ignoring (venue) rate(rejects_total[5m])", &[]),
        ("rate(orders_total[5m]) / ignoring (side) rate(rejects_total[5m])", &[JoinLabelsDiffer]),
        ("rate(orders_total[5m]) / on (side) rate(rejects_total[5m])", &[]),
        ("rate(orders_total[5m]) / on (venue) rate(rejects_total[5m])", &[JoinLabelsDiffer]),
        ("rate(orders_total[5m]) / on (zone) rate(rejects_total[5m])", &[UnknownLabel]),
        ("optional / on (side) rate(rejects_total[5m])", &[]),
        ("optional * up", &[]),
        (
            "sum by (venue) (rate(orders_total[5m]) / on (side) rate(rejects_total[5m]))",
            &[UnknownLabel],
        ),
        ("sum by (side) (rate(orders_total[5m]) / on (side) rate(rejects_total[5m]))", &[]),
        (
            "sum by (venue) (rate(orders_total[5m]) / ignoring (venue) rate(rejects_total[5m]))",
            &[UnknownLabel],
        ),
        ("sum by (venue) (rejects_total * on (side) group_right () orders_total)", &[]),
        ("sum by (venue) (rejects_total * on (side) group_left (venue) orders_total)", &[]),
        ("sum by (venue) (rejects_total and on (side) orders_total)", &[UnknownLabel]),
        ("sum by (venue) (rejects_total or orders_total)", &[]),
        ("sum by (venue) (up or rejects_total)", &[UnknownLabel]),
        ("sum by (venue) (up or label_replace(up, 'venue', 'x', '', ''))", &[]),
        ("sum by (venue) ({job='x'} or up)", &[]),
        ("label_replace(rejects_total, 'side', '', '', '') / up", &[]),
        ("sum by (venue) (up or {job='x'})", &[]),
        ("rejects_total or orders_total", &[]),
        (r#"queue{side="a", side!="a"}"#, &[Contradiction]),
        (r#"queue{side="a", side!~"b|c"}"#, &[]),
        (r#"queue{side="a", side=~"b|c"}"#, &[Contradiction]),
        (r#"queue{side=~"a"}"#, &[]),
        (r#"queue{side=~"aa?"}"#, &[]),
        (r#"queue{side=~"aab"}"#, &[ImpossibleValue]),
        (r#"queue{side=~"[x]|c"}"#, &[ImpossibleValue]),
        (r#"queue{side!~"a|b"}"#, &[ImpossibleValue]),
        (r#"queue{side=~"x|"}"#, &[ImpossibleValue]),
        ("sometimes * up", &[]),
        (r#"sometimes{side=""} * up"#, &[]),
        (r#"queue{side!~"a"}"#, &[]),
        (r#"optional{side=""}"#, &[]),
        (r#"queue{side=""}"#, &[ImpossibleValue]),
        (r#"queue{zone="", side="b"}"#, &[]),
        (r#"queue{zone=~"x|"}"#, &[]),
        (r#"queue{zone!="x"}"#, &[]),
        (r#"queue{zone=~"x"}"#, &[UnknownLabel]),
        (r#"queue{zone=~"(?<x)"}"#, &[Check::NotChecked]),
        (r#"scraped_without_series{zone="x"}"#, &[]),
        (r#"sum by (job) (absent(up{job="x", zone!="y"}))"#, &[]),
        (r#"sum by (zone) (absent(up{job="x", zone!="y"}))"#, &[UnknownLabel]),
        (&format!("{part} / {whole}"), &[RatioOfItself]),
        (&format!("{part} / on (side, venue, instance, job) {whole}"), &[RatioOfItself]),
        (&format!("{part} / ignoring (side) group_left () sum without (side) ({whole})"), &[]),
        (&format!("{part} / ignoring (side) group_left () {whole}"), &[]),
        (&format!("{part} / ignoring (venue) {whole}"), &[RatioOfItself]),
        (&format!("{part} / on (side) group_left () {whole}"), &[]),
        (&format!("{part} / rate(orders_total[5m] offset 5m)"), &[]),
        (&format!("irate(orders_total{{side=\"a\"}}[5m]) / {whole}"), &[]),
        (
            &format!("sum without (side) ({part}) / sum without (side) ({whole}) > 1"),
            &[Check::ValueOutOfRange],
        ),
        (r#"(queue{side="a"} - 5) / ignoring (side) (queue - 5) > 2"#, &[]),
        (r#"sum(queue{side="a"}) / sum(queue) > 2"#, &[]),
        (r#"rate(change_sum{job="a"}[5m]) / ignoring (job) rate(change_sum[5m]) > 2"#, &[]),
        ("queue > 5 and queue > 3", &[]),
        ("queue > 5 and queue < 3", &[Contradiction]),
        ("queue < 5 and queue > 3", &[]),
        ("queue == 5 and queue <= 4", &[Contradiction]),
        ("queue > 5 and queue < 5", &[]),
        ("queue > 5 or queue < 3", &[]),
        ("queue > bool 5 and queue < 3", &[]),
        ("up or up_of_old", &[Check::UnknownAlternative]),
        ("up_of_old or up", &[Check::UnknownAlternative]),
        ("up_of_old or up_of_older", &[Check::UnknownMetric, Check::UnknownMetric]),
        ("up_of_old or vector(0)", &[Check::UnknownMetric]),
        ("up == 0 or up_of_old == 0", &[Check::UnknownMetric]),
        ("up and up_of_old", &[Check::UnknownMetric]),
    ];
    compare(cases, Purpose::Record);
}

/// Two variables of one label are two values; one is the same wherever it is.
#[test]
fn variables_of_ratios() {
    use tickmetrics_rules::file::File;
    let found = |expr: &str| {
        let text = serde_json::json!({"panels": [{"targets": [
            {"expr": expr, "datasource": {"type": "prometheus"}},
        ]}]});
        let findings = linter().files(&[File::read("a.json", text.to_string().as_bytes())]);
        findings.iter().map(|it| it.check.id).collect::<Vec<_>>()
    };
    let ratio = |one: &str, other: &str| {
        format!(
            "rate(orders_total{{venue=\"{one}\", side=\"a\"}}[$__range]) / rate(orders_total{{venue=\"{other}\"}}[$__range])"
        )
    };
    assert_eq!(found(&ratio("$x", "$x")), ["ratio-of-itself"]);
    assert_eq!(found(&ratio("$x", "$y")), [] as [&str; 0]);
    // The variable can be le.
    let buckets = "sum by ($by) (rate(wait_microseconds_bucket[$__range]))";
    assert_eq!(found(&format!("histogram_quantile(0.9, {buckets})")), [] as [&str; 0]);
}

#[test]
fn units_of_panels() {
    use tickmetrics_rules::file::File;
    let found = |unit: &str, expr: &str, more: serde_json::Value| {
        let mut panel = serde_json::json!({
            "fieldConfig": {"defaults": {"unit": unit}},
            "targets": [{"expr": expr, "datasource": {"type": "prometheus"}}],
        });
        panel.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let text = serde_json::json!({"panels": [panel]});
        let findings = linter().files(&[File::read("a.json", text.to_string().as_bytes())]);
        findings.iter().map(|it| it.check.id).collect::<Vec<_>>()
    };
    let mean = "rate(wait_microseconds_sum[$__range]) / rate(wait_microseconds_count[$__range])";
    let none = serde_json::json!({});
    for (unit, expr, is_wrong) in [
        ("s", mean, true),
        ("µs", mean, false),
        ("s", "size_bytes", true),
        ("bytes", "size_bytes", false),
        ("s", "rate(size_bytes_sum[$__range])", false),
        ("s", "increase(size_bytes_sum[$__range])", true),
        ("s", "count(size_bytes)", false),
        ("s", "stdvar(size_bytes)", false),
        ("s", "max(size_bytes)", true),
        ("s", "size_bytes - 5", true),
        ("s", "size_bytes * 5", false),
        ("s", "size_bytes or fill_seconds", false),
        ("percent", "size_bytes", false),
        ("s", "histogram_avg(rate(fill_seconds[$__range]))", false),
        ("ms", "histogram_avg(rate(fill_seconds[$__range]))", true),
        ("ms", "histogram_count(rate(fill_seconds[$__range]))", false),
    ] {
        let expected: &[&str] = if is_wrong { &["panel-unit"] } else { &[] };
        assert_eq!(found(unit, expr, none.clone()), expected, "{unit} {expr}");
    }
    let overrides = serde_json::json!({"fieldConfig": {"defaults": {"unit": "s"}, "overrides": [
        {"properties": [{"id": "unit", "value": "bytes"}]},
    ]}});
    assert_eq!(found("s", "size_bytes", overrides), [] as [&str; 0]);
    // The query can be the one of the second axis.
    let graph = serde_json::json!({
        "fieldConfig": {}, "yaxes": [{"format": "s"}, {"format": "bytes"}],
    });
    assert_eq!(found("s", "size_bytes", graph.clone()), ["panel-unit"]);
    let mut second = graph;
    second["seriesOverrides"] = serde_json::json!([{"alias": "x", "yaxis": 2}]);
    assert_eq!(found("s", "size_bytes", second), [] as [&str; 0]);
    let hidden = serde_json::json!({"targets": [
        {"expr": "size_bytes", "hide": true, "datasource": {"type": "prometheus"}},
    ]});
    assert_eq!(found("s", "size_bytes", hidden), [] as [&str; 0]);
}
