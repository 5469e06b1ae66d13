//! Rule files and dashboards, checked as a whole.

use tickmetrics_rules::file::File;
use tickmetrics_rules::lint::{Check, Linter};
use tickmetrics_rules::report::{Finding, exit_status};
use tickmetrics_rules::{Catalogue, Family, Kind, Label, Values};

fn linter() -> Linter {
    let mut orders = Family::new("orders_total", Kind::Counter);
    orders.labels = vec![Label::new("side", Values::Fixed(vec!["buy".into(), "sell".into()]))];
    let mut wait = Family::new("wait_seconds", Kind::Histogram);
    (wait.unit, wait.buckets) = ("seconds".into(), vec![0.001, 0.01, 0.1]);
    let families = [orders, wait];
    Linter::new(&[Catalogue::new(families)])
}

/// Each finding: its check, and the underlined part.
fn found(findings: &[Finding]) -> Vec<(&'static str, &str)> {
    findings.iter().map(|it| (it.check.id, it.source.part(it.place))).collect()
}

fn rules(text: &str) -> Vec<Finding> {
    linter().files(&[File::read("rules.yml", text.as_bytes())])
}

const RIGHT: &str = r#"
groups:
- name: orders
  interval: 30s
  rules:
  - record: side:orders:rate5m
    expr: sum by (side) (rate(orders_total[5m]))
    labels: {team: execution}
  - alert: FewOrders
    expr: |
      # Less than one in ten seconds.
      side:orders:rate5m{side="buy"} < 0.1
    for: 1m
    annotations:
      summary: "{{ $labels.side }} of {{ $labels.team }}: {{ $value }}"
  - alert: Down
    expr: absent(up{job="orders"})
    for: 2m
    annotations:
      summary: "{{ $labels.job }} is gone"
"#;

#[test]
fn a_file_that_is_right_has_no_finding() {
    assert_eq!(found(&rules(RIGHT)), []);
}

#[test]
fn each_change_is_found_where_it_is() {
    for (from, to, check, part) in [
        ("rate(orders_total", "rate(order_total", Check::UnknownMetric, "order_total"),
        ("{side=\"buy\"} <", "{side=\"buy\", venue=\"x\"} <", Check::UnknownLabel, "venue"),
        ("$labels.side", "$labels.symbol", Check::TemplateLabelGone, "symbol"),
        ("$labels.team", "$labels.instance", Check::TemplateLabelGone, "instance"),
        ("$labels.job", "$labels.instance", Check::TemplateLabelGone, "instance"),
        ("for: 2m", "keep_firing_for: 2m", Check::AbsentWithoutFor, "absent(up{job=\"orders\"})"),
        ("for: 1m", "for: 10s", Check::ForShorterThanInterval, "10s"),
        ("< 0.1", "< 0", Check::ValueOutOfRange, "side:orders:rate5m{side=\"buy\"} < 0"),
        ("absent(up", "absent(smoothed up", Check::NotChecked, ""),
    ] {
        let text = RIGHT.replacen(from, to, 1);
        assert_ne!(text, RIGHT);
        let findings = rules(&text);
        let [one] = &found(&findings)[..] else { panic!("{to}: {findings:#?}") };
        assert_eq!(one.0, check.id(), "{to}");
        assert!(part.is_empty() || one.1 == part, "{to}: {one:?}");
    }
}

#[test]
fn rules_of_one_file_are_known_in_another() {
    let other = "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: side:orders:rate5m > 5\n";
    let files = |all: &[&str]| -> Vec<File> {
        all.iter().map(|text| File::read("a.yml", text.as_bytes())).collect()
    };
    assert_eq!(found(&linter().files(&files(&[other, RIGHT]))), []);
    assert_eq!(
        found(&linter().files(&files(&[other]))),
        [("unknown-metric", "side:orders:rate5m")]
    );
    // Twice the same.
    let findings = linter().files(&files(&[other, RIGHT, other]));
    assert_eq!(found(&findings), [("duplicate", "A")]);
    assert!(findings[0].message.contains("is also in a.yml, line 4"), "{}", findings[0].message);
}

#[test]
fn waivers_allow_what_they_name_and_are_used() {
    let text = RIGHT.replace("for: 2m", "keep_firing_for: 2m");
    let waived = |waiver: &str| {
        rules(&text.replace("  - alert: Down", &format!("{waiver}\n  - alert: Down")))
    };
    let findings = waived("  # tickmetrics: allow absent-without-for it is meant");
    assert_eq!((found(&findings), exit_status(&findings)), (vec![], 0));
    let findings = waived("  # tickmetrics: allow duplicate it is meant");
    assert_eq!(
        found(&findings).iter().map(|it| it.0).collect::<Vec<_>>(),
        ["useless-waiver", "absent-without-for"]
    );
    let findings = waived("  # tickmetrics: allow absent-without-form it is meant");
    assert_eq!(found(&findings)[0], ("useless-waiver", "absent-without-form"));
    assert_eq!(findings[0].instead.as_deref(), Some("write absent-without-for"));
    assert_eq!(exit_status(&findings), 1);
}

fn dashboard(unit: &str, expr: &str) -> Vec<Finding> {
    let panel = serde_json::json!({
        "title": "Orders", "templating": {"list": [
            {"type": "custom", "name": "side", "query": "buy,short", "options": [
                {"value": "buy", "text": "buy", "selected": true},
            ]},
        ]},
        "panels": [{
            "type": "timeseries", "title": "Wait", "datasource": {"type": "prometheus", "uid": "x"},
            "fieldConfig": {"defaults": {"unit": unit}},
            "targets": [{"expr": expr}],
        }],
    });
    linter().files(&[File::read("orders.json", panel.to_string().as_bytes())])
}

#[test]
fn panels_are_checked_with_their_variables_and_units() {
    let quantile =
        "histogram_quantile(0.99, sum by (le) (rate(wait_seconds_bucket[$__rate_interval])))";
    assert_eq!(found(&dashboard("s", quantile)), []);
    assert_eq!(found(&dashboard("short", quantile)), []);
    let findings = dashboard("ms", quantile);
    assert_eq!(found(&findings), [("panel-unit", "\"ms\"")]);
    // A scaled value has no unit that is known.
    assert_eq!(found(&dashboard("ms", &format!("1000 * {quantile}"))), []);
    assert_eq!(
        found(&dashboard("ops", r#"rate(orders_total{side="$side"}[$__rate_interval])"#)),
        []
    );
    let findings = dashboard("ops", r#"rate(orders_total{sides="$side"}[$__rate_interval])"#);
    assert_eq!(found(&findings), [("unknown-label", "sides")]);
    let findings = dashboard("ops", "rate(orders_total[5m])");
    assert_eq!((found(&findings), exit_status(&findings)), (vec![("fixed-range", "5m")], 0));
}
