//! Expressions that are wrong, each with the check that finds it, and similar ones that are right.

use std::collections::BTreeSet;
use tickmetrics_rules::lint::{Check, Linter, Purpose};
use tickmetrics_rules::{Catalogue, Family, Kind, Label, Values};

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|it| (*it).to_owned()).collect()
}

fn family(name: &str, kind: Kind, labels: &[(&str, &[&str])]) -> Family {
    let mut family = Family::new(name, kind);
    family.labels = labels
        .iter()
        .map(|(name, values)| match values {
            [] => Label::new(*name, Values::Interned(64)),
            values => Label::new(*name, Values::Fixed(texts(values))),
        })
        .collect();
    family.from_start = labels.iter().all(|(_, values)| !values.is_empty());
    family
}

fn linter() -> Linter {
    let mut latency = family("order_latency_microseconds", Kind::Histogram, &[("venue", &[])]);
    (latency.unit, latency.buckets) = ("microseconds".into(), vec![100.0, 1000.0, 5000.0]);
    let mut wait = family("wait_seconds", Kind::Histogram, &[("side", &["buy", "sell"])]);
    // The name has the unit.
    (wait.buckets, wait.native) = (vec![0.001, 0.5, 1.0, 2.0], Some(3));
    let mut tick = family("tick_seconds", Kind::Histogram, &[]);
    (tick.unit, tick.buckets) = ("seconds".into(), vec![1e-6, 1e-5]);
    let mut fill = family("fill_seconds", Kind::Histogram, &[]);
    (fill.native, fill.max, fill.extremes) = (Some(3), Some(10.0), true);
    fill.buckets = vec![0.5, 20.0];
    let mut errors = family("errors_total", Kind::Counter, &[]);
    errors.labels = vec![Label::new("code", Values::Seen(texts(&["a"])))];
    errors.from_start = false;
    Linter::new(&[Catalogue::new([
        latency,
        wait,
        tick,
        fill,
        errors,
        family(
            "orders_total",
            Kind::Counter,
            &[("status", &["success", "failure"]), ("symbol", &[])],
        ),
        family("requests_total", Kind::Counter, &[("status_code", &["200", "400", "503"])]),
        family("breaker_trips_total", Kind::Counter, &[]),
        family("rejects_total", Kind::Counter, &[("reason", &[])]),
        family("queue_length", Kind::Gauge, &[("queue", &["in", "out"])]),
        family("websocket_connected", Kind::Gauge, &[]),
    ])])
}

/// Each check with an expression that is wrong, the part that is underlined, and one that is right.
const CASES: &[(Check, &str, &str, &str)] = &[
    (
        Check::UnknownMetric,
        "rate(order_total[5m]) > 1",
        "order_total",
        "rate(orders_total[5m]) > 1",
    ),
    (Check::UnknownMetric, "job:orders:rate5m > 1", "job:orders:rate5m", "ALERTS > 1"),
    (
        Check::UnknownMetric,
        "rate(order_latency_microseconds[5m]) > 1",
        "order_latency_microseconds",
        "rate(order_latency_microseconds_count[5m]) > 1",
    ),
    (
        Check::UnknownLabel,
        "sum by (service) (rate(requests_total[5m])) > 1",
        "service",
        "sum by (status_code, job) (rate(requests_total[5m])) > 1",
    ),
    (
        Check::UnknownLabel,
        r#"queue_length{queues="in"} > 5"#,
        "queues",
        r#"queue_length{queue="in", queues=""} > 5"#,
    ),
    (
        Check::ImpossibleValue,
        r#"rate(requests_total{status_code="5xx"}[5m]) > 1"#,
        r#""5xx""#,
        r#"rate(requests_total{status_code=~"5.."}[5m]) > 1"#,
    ),
    (
        Check::ImpossibleValue,
        r#"rate(requests_total{status_code=~"1.."}[5m]) > 1"#,
        r#""1..""#,
        r#"rate(requests_total{status_code!~"4.."}[5m]) > 1"#,
    ),
    (
        Check::ImpossibleValue,
        r#"rate(tick_seconds_bucket{le="0.005"}[5m]) > 1"#,
        r#""0.005""#,
        r#"rate(tick_seconds_bucket{le="+Inf"}[5m]) > 1"#,
    ),
    (
        Check::Contradiction,
        r#"queue_length{queue="in", queue="out"} > 5"#,
        r#"queue="out""#,
        r#"queue_length{queue="in", queue=~"i.*"} > 5"#,
    ),
    (
        Check::Contradiction,
        "queue_length > 50 and queue_length < 30",
        "queue_length < 30",
        "queue_length > 30 and queue_length < 50",
    ),
    (
        Check::ThresholdAboveTopBucket,
        "histogram_quantile(0.99, sum by (le) (rate(order_latency_microseconds_bucket[5m]))) > 5000",
        "5000",
        "histogram_quantile(0.99, sum by (le) (rate(order_latency_microseconds_bucket[5m]))) > 1000",
    ),
    (
        Check::ThresholdBetweenEdges,
        "histogram_quantile(0.99, sum by (le) (rate(order_latency_microseconds_bucket[5m]))) > 500",
        "500",
        "histogram_quantile(0.99, sum by (le) (rate(order_latency_microseconds_bucket[5m]))) > 100",
    ),
    (
        Check::ThresholdAboveMax,
        "rate(fill_seconds_sum[5m]) / rate(fill_seconds_count[5m]) > 15",
        "15",
        "1000 * rate(fill_seconds_sum[5m]) / rate(fill_seconds_count[5m]) > 15",
    ),
    (Check::ThresholdAboveMax, "max(fill_seconds_max) > 11", "11", "fill_seconds_max > 10"),
    (
        Check::ThresholdAboveMax,
        "histogram_quantile(0.9, sum(rate(fill_seconds[5m]))) >= 15",
        "15",
        "histogram_quantile(0.9, sum by (le) (rate(fill_seconds_bucket[5m]))) >= 20",
    ),
    (
        Check::ThresholdAboveMax,
        "histogram_avg(rate(fill_seconds[5m])) > 60",
        "60",
        "histogram_sum(rate(fill_seconds[5m])) > 60",
    ),
    (
        Check::ThresholdUnit,
        "histogram_quantile(0.99, sum by (le) (rate(wait_seconds_bucket[5m]))) > 500",
        "500",
        "histogram_quantile(0.99, sum by (le) (rate(wait_seconds_bucket[5m]))) * 1000 > 500",
    ),
    (
        Check::ThresholdUnit,
        r#"sum(rate(orders_total{status="failure"}[5m])) / sum(rate(orders_total[5m])) > 5"#,
        "5",
        r#"sum(rate(orders_total{status="failure"}[5m])) / sum(rate(orders_total[5m])) * 100 > 5"#,
    ),
    (
        Check::ValueOutOfRange,
        "rate(orders_total[5m]) < 0",
        "rate(orders_total[5m]) < 0",
        "queue_length < 0",
    ),
    (
        Check::ValueOutOfRange,
        "histogram_quantile(99, sum by (le) (rate(wait_seconds_bucket[5m]))) > 1",
        "99",
        "histogram_quantile(0.99, sum by (le) (rate(wait_seconds_bucket[5m]))) > 1",
    ),
    (
        Check::AlwaysTrue,
        "rate(orders_total[5m]) >= 0",
        "rate(orders_total[5m]) >= 0",
        "count(up == 0) > 0",
    ),
    (
        Check::BurnRateUnreachable,
        r#"sum(rate(orders_total{status="failure"}[1h])) / sum(rate(orders_total[1h])) > (14.4 * 0.1)"#,
        "(14.4 * 0.1)",
        r#"sum(rate(orders_total{status="failure"}[1h])) / sum(rate(orders_total[1h])) > (14.4 * 0.01)"#,
    ),
    (
        Check::RatioOfItself,
        r#"rate(orders_total{status="success"}[5m]) / rate(orders_total[5m]) < 0.9"#,
        r#"rate(orders_total{status="success"}[5m]) / rate(orders_total[5m])"#,
        r#"sum without (status) (rate(orders_total{status="success"}[5m])) / sum without (status) (rate(orders_total[5m])) < 0.9"#,
    ),
    (
        Check::QuantileOfNoBuckets,
        "histogram_quantile(0.99, rate(order_latency_microseconds_sum[5m])) > 100",
        "rate(order_latency_microseconds_sum[5m])",
        "histogram_quantile(0.99, sum(rate(wait_seconds[5m]))) > 100",
    ),
    (
        Check::QuantileOfNoBuckets,
        "histogram_quantile(0.99, sum(rate(order_latency_microseconds[5m]))) > 100",
        "sum(rate(order_latency_microseconds[5m]))",
        "histogram_quantile(0.99, sum by (le) (rate(order_latency_microseconds_bucket[5m]))) > 100",
    ),
    (
        Check::QuantileOfNoBuckets,
        "histogram_quantile(0.99, sum by (queue) (queue_length)) > 100",
        "sum by (queue) (queue_length)",
        "quantile(0.99, queue_length) > 100",
    ),
    (
        Check::QuantileWithoutRate,
        "histogram_quantile(0.5, wait_seconds_bucket) > 1",
        "wait_seconds_bucket",
        "histogram_quantile(0.5, rate(wait_seconds_bucket[5m])) > 1",
    ),
    (
        Check::QuantileLosesLe,
        "histogram_quantile(0.99, sum by (side) (rate(wait_seconds_bucket[5m]))) > 1",
        "sum by (side) (rate(wait_seconds_bucket[5m]))",
        "histogram_quantile(0.99, sum without (side) (rate(wait_seconds_bucket[5m]))) > 1",
    ),
    (
        Check::RateOfGauge,
        "rate(queue_length[5m]) > 1",
        "rate(queue_length[5m])",
        "deriv(queue_length[5m]) > 1",
    ),
    (Check::DeltaOfCounter, "delta(orders_total[5m]) > 1", "delta", "delta(queue_length[5m]) > 1"),
    (
        Check::RateAfterSum,
        "rate(sum(orders_total)[5m:]) > 1",
        "rate(sum(orders_total)[5m:])",
        "sum(rate(orders_total[5m])) > 1",
    ),
    (
        Check::LatchedCounter,
        "breaker_trips_total > 0",
        "breaker_trips_total > 0",
        "breaker_trips_total - breaker_trips_total offset 5m > 0",
    ),
    (
        Check::LatchedCounter,
        "websocket_connected == 0 or breaker_trips_total > 0",
        "breaker_trips_total > 0",
        "websocket_connected == 0 and breaker_trips_total > 0",
    ),
    (
        Check::FirstEventMissed,
        "increase(rejects_total[5m]) > 0",
        "increase(rejects_total[5m]) > 0",
        "increase(breaker_trips_total[5m]) > 0",
    ),
    (
        Check::FirstEventMissed,
        "increase(rejects_total[5m]) >= 0.5 unless on () up",
        "increase(rejects_total[5m]) >= 0.5",
        "increase(rejects_total[5m]) > 0 or (rejects_total unless rejects_total offset 5m)",
    ),
    (
        Check::LeForm,
        r#"rate(wait_seconds_bucket{le="1"}[5m]) > 1"#,
        r#""1""#,
        r#"rate(wait_seconds_bucket{le=~"1|1.0"}[5m]) > 1"#,
    ),
    (
        Check::LeForm,
        r#"rate(tick_seconds_bucket{le="0.00001"}[5m]) > 1"#,
        r#""0.00001""#,
        r#"rate(tick_seconds_bucket{le="1e-05"}[5m]) > 1"#,
    ),
    (
        Check::UnknownAlternative,
        "(rate(orders_total[5m]) or rate(orders_of_old_total[5m])) > 1",
        "orders_of_old_total",
        "(rate(orders_total[5m]) or rate(errors_total[5m])) > 1",
    ),
    (
        Check::UnknownMetric,
        "queue_length > 5 or queue_lengths > 5",
        "queue_lengths",
        "queue_length > 5 or websocket_connected > 5",
    ),
    (Check::ShortRange, "rate(orders_total[20s]) > 1", "20s", "rate(orders_total[30s]) > 1"),
    (
        Check::ShortRange,
        "max_over_time(queue_length[10s]) > 1",
        "10s",
        "max_over_time(queue_length[20s]) > 1",
    ),
    (
        Check::RatioOfItself,
        r#"sum by (status) (rate(orders_total{status="success"}[5m])) / sum by (status) (rate(orders_total[5m])) < 0.9"#,
        r#"sum by (status) (rate(orders_total{status="success"}[5m])) / sum by (status) (rate(orders_total[5m]))"#,
        // The share of one symbol in each status.
        r#"sum by (status) (rate(orders_total{symbol="A", status=~".+"}[5m])) / sum by (status) (rate(orders_total[5m])) < 0.9"#,
    ),
    (
        Check::JoinLabelsDiffer,
        "rate(requests_total[5m]) / rate(orders_total[5m]) > 1",
        "/",
        "sum(rate(requests_total[5m])) / sum(rate(orders_total[5m])) > 1",
    ),
    (
        Check::JoinLabelsDiffer,
        "rate(requests_total[5m]) * on (status) group_left rate(orders_total[5m]) > 1",
        "status",
        "rate(requests_total[5m]) * on (instance) group_left () sum by (instance) (rate(orders_total[5m])) > 1",
    ),
];

#[test]
fn what_is_wrong_is_found_where_it_is() {
    let linter = linter();
    for (check, wrong, part, right) in CASES {
        let problems = linter.expression(wrong, Purpose::Alert);
        let found = problems.iter().find(|problem| problem.check == *check);
        let found = found.unwrap_or_else(|| panic!("{wrong}: {problems:?}"));
        assert_eq!(&wrong[found.place.clone()], *part, "{wrong}");
        // Nothing else is reported, since one mistake is one finding.
        assert_eq!(problems.len(), 1, "{wrong}: {problems:#?}");
        assert_eq!(linter.expression(right, Purpose::Alert), [], "{right}");
    }
}

#[test]
fn panels_have_checks_of_their_own() {
    let problems = linter().expression("rate(orders_total[5m])", Purpose::Panel);
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!(
        (problem.check, problem.instead.as_deref()),
        (Check::FixedRange, Some("$__rate_interval"))
    );
    // No alert, so it does not latch.
    assert_eq!(linter().expression("breaker_trips_total > 0", Purpose::Panel), []);
}

#[test]
fn each_check_of_an_expression_has_a_case() {
    let cases: BTreeSet<_> = CASES.iter().map(|(check, ..)| *check).collect();
    // Those of rules and panels have tests of their own.
    let others = [
        Check::ForShorterThanInterval,
        Check::AbsentWithoutFor,
        Check::Duplicate,
        Check::TemplateLabelGone,
        Check::PanelUnit,
        Check::FixedRange,
        Check::UnusedMetric,
        Check::UselessWaiver,
        Check::NotChecked,
    ];
    let missing: Vec<_> =
        Check::ALL.iter().filter(|it| !cases.contains(it) && !others.contains(it)).collect();
    assert_eq!(missing, [] as [&Check; 0]);
}

#[test]
fn what_is_not_known_is_not_reported() {
    for text in [
        // No name, or any.
        r#"{job="a"} > 5"#,
        r#"rate({__name__=~"orders.*"}[5m]) > 5"#,
        // A label that was added.
        r#"sum by (side2) (label_replace(up, "side2", "$1", "job", "(.*)")) > 1"#,
        // Labels of both sides, where one is a gauge of any labels.
        "queue_length * on (instance, job) group_left () websocket_connected",
        // Counts and absences are compared by habit.
        "absent(up) == 1",
        "count by (job) (up) > 0",
        "up == 0 or absent(up)",
        "time() - queue_length > 5",
        // Prometheus makes these.
        "scrape_duration_seconds > 5 and on (instance, job) up == 1",
        // A scraped metric, whose series may all be there from the start.
        "increase(errors_total[5m]) > 0",
        // A mean, whose bounds are those of its values.
        "rate(wait_seconds_sum[5m]) / rate(wait_seconds_count[5m]) > 0.5",
        "max_over_time(queue_length[5m]) > 5",
        "histogram_fraction(0, 0.001, rate(wait_seconds[5m])) < 0.9",
        "sum by (queue) (queue_length) > bool 5",
        // A quantile of nothing is not a number, which this drops.
        "histogram_quantile(0.9, sum by (le) (rate(wait_seconds_bucket[5m]))) >= 0",
        // A mean, and a quantile, of a part can be above that of the whole.
        r#"avg(rate(orders_total{status="failure"}[5m])) / avg(rate(orders_total[5m])) > 2"#,
        r#"histogram_quantile(0.9, sum by (le) (rate(wait_seconds_bucket{side="buy"}[5m]))) / histogram_quantile(0.9, sum by (le) (rate(wait_seconds_bucket[5m]))) > 2"#,
        // Of two histograms, the top edge is that of either.
        "histogram_quantile(0.9, sum by (le) (rate(tick_seconds_bucket[5m])) or sum by (le) (rate(wait_seconds_bucket[5m]))) > 1",
        // To the nearest thousand.
        "round(histogram_quantile(0.9, sum by (le) (rate(wait_seconds_bucket[5m]))), 1000) >= 1000",
        // Two counters, of which one runs after the other.
        "sum(orders_total) - sum(rejects_total) > 0",
        // Scaled, a counter is no sum.
        "rate((orders_total * 2)[5m:]) > 5",
        "5 / orders_total > 1",
        r#"sum(rate({__name__="orders_total", __name__!="x"}[5m])) > 1"#,
        // There are series of alerts.
        r#"ALERTS{alertname="A", alertstate="firing"} == 1"#,
        "changes(queue_length[1m]) > 5",
        "-queue_length < -5",
    ] {
        assert_eq!(linter().expression(text, Purpose::Alert), [], "{text}");
    }
    let problems = linter().expression("rate(orders_total[5m", Purpose::Alert);
    assert_eq!(problems[0].check, Check::NotChecked);
}
