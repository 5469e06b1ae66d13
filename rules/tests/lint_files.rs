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

/// A group of recorded series and one alert.
fn group(records: &[(&str, &str)], alert: &str) -> String {
    let mut text = "groups:\n- name: a\n  rules:\n".to_owned();
    for (name, expr) in records {
        text.extend(["  - record: ", name, "\n    expr: ", expr, "\n"]);
    }
    text + &format!("  - alert: A\n    expr: {alert}\n")
}

#[test]
fn facts_go_through_any_number_of_recorded_series() {
    // Each is of the next one, so that the order of the file does not help.
    let names: Vec<String> = (0..200).map(|number| format!("of:{number}")).collect();
    let mut records: Vec<(&str, &str)> =
        names.iter().zip(&names[1..]).map(|(name, of)| (&**name, &**of)).collect();
    records.push((&names[199], "sum by (side) (rate(orders_total[5m]))"));
    let findings = rules(&group(&records, "of:0{venue='x'} < 0"));
    assert_eq!(
        found(&findings),
        [("value-out-of-range", "of:0{venue='x'} < 0"), ("unknown-label", "venue")]
    );
    // One that several rules record is not known.
    records.push((&names[199], "wait_seconds_sum"));
    assert_eq!(found(&rules(&group(&records, "of:0{venue='x'} < 0"))), []);
}

#[test]
fn series_that_are_of_themselves_are_not_known() {
    let records = [
        ("a:b", "c:d or a:b"),
        ("c:d", "a:b"),
        ("e:f", "e:f + 1"),
        ("g:h", "sum(c:d)"),
        ("i:j", "i:j"),
    ];
    assert_eq!(found(&rules(&group(&records, "a:b{x='1'} + on (y) e:f < 0"))), []);
    // What is known behind them is.
    let findings = rules(&group(&records, "g:h{x='1'} > 5"));
    assert_eq!(found(&findings), [("unknown-label", "x")]);
}

#[test]
fn a_label_of_a_rule_without_a_value_is_removed() {
    let text = "groups:
- name: a
  rules:
  - record: a:b
    expr: sum by (side) (rate(orders_total[5m]))
    labels: {side: '', team: x}
  - alert: A
    expr: a:b{team='x'} > 5 and a:b{side='buy'} > 5
";
    assert_eq!(found(&rules(text)), [("unknown-label", "side")]);
}

#[test]
fn rules_that_record_one_name_are_duplicates_if_they_write_the_same() {
    let same = [("a:b", "sum(up)"), ("a:b", "sum(orders_total)")];
    assert_eq!(found(&rules(&group(&same, "up == 0"))), [("duplicate", "a:b")]);
    let others = [("a:b", "up{job='a'}"), ("a:b", "up{job='b'}")];
    assert_eq!(found(&rules(&group(&others, "up == 0"))), []);
    let twice = [("a:b", "up{job='a'}"), ("a:b", "up{job='a'}")];
    assert_eq!(found(&rules(&group(&twice, "up == 0"))), [("duplicate", "a:b")]);
}

#[test]
fn labels_in_the_query_of_a_template_are_those_of_its_result() {
    let text = RIGHT.replace(
        "{{ $value }}",
        "{{ range query `up` }}{{ .Labels.instance }}{{ end }}{{ $labels.__name__ }}",
    );
    assert_ne!(text, RIGHT);
    assert_eq!(found(&rules(&text)), []);
    let text = RIGHT.replace("{{ $value }}", "{{ range query `up` }}{{ $labels.venue }}{{ end }}");
    assert_eq!(found(&rules(&text)), [("template-label-gone", "venue")]);
}

#[test]
fn waivers_lie_within_each_other() {
    let waived = |head: &str, rule: &str| {
        let text = RIGHT.replace("for: 2m", "keep_firing_for: 2m").replace("for: 1m", "for: 10s");
        let text = text.replace("  - alert: Down", &format!("{rule}\n  - alert: Down"));
        let findings = rules(&format!("{head}\n{text}"));
        findings.iter().map(|it| (it.check.id, it.start().line)).collect::<Vec<_>>()
    };
    let absent = "# tickmetrics: allow absent-without-for so it is";
    let short = "# tickmetrics: allow for-shorter-than-interval so it is";
    assert_eq!(waived("", "").len(), 2);
    assert_eq!(waived(absent, "").len(), 1);
    assert_eq!(waived(short, "").len(), 1);
    assert_eq!(waived(&format!("{absent}\n{short}"), ""), []);
    // Both are used.
    assert_eq!(waived(&format!("{absent}\n{short}"), &format!("  {absent}")), []);
    // The later one is about a rule that has no such finding.
    assert_eq!(
        waived(&format!("{absent}\n{short}"), &format!("  {short}")),
        [("useless-waiver", 18)]
    );
}

#[test]
fn fixed_ranges_are_for_queries_of_many_moments() {
    let dashboard = |target: serde_json::Value| {
        let text = serde_json::json!({"panels": [{
            "type": "stat", "datasource": {"type": "prometheus"}, "targets": [target],
        }]});
        linter().files(&[File::read("a.json", text.to_string().as_bytes())])
    };
    let expr = "increase(orders_total[1d])";
    assert_eq!(dashboard(serde_json::json!({"expr": expr})).len(), 1);
    assert_eq!(dashboard(serde_json::json!({"expr": expr, "instant": true})), []);
}

#[test]
fn queries_of_variables_are_checked() {
    let dashboard = |query: &str| {
        let text = serde_json::json!({"panels": [], "templating": {"list": [{
            "type": "query", "name": "x", "query": query,
            "datasource": {"type": "prometheus", "uid": "${DS}"},
        }]}});
        let findings = linter().files(&[File::read("a.json", text.to_string().as_bytes())]);
        found(&findings).iter().map(|(id, part)| format!("{id} {part}")).collect::<Vec<_>>()
    };
    for right in [
        "label_values(orders_total, side)",
        "label_values(orders_total{side=\"$side\"}, $label)",
        "label_values(__name__)",
        "label_values(up, job)",
        "label_names()",
        "metrics(orders.*)",
        "query_result(topk(5, increase(orders_total[1h])))",
        "orders_total{side=\"buy\"}",
        "a, b",
    ] {
        assert_eq!(dashboard(right), [] as [&str; 0], "{right}");
    }
    assert_eq!(dashboard("label_values(orders_total, sides)"), ["unknown-label sides"]);
    assert_eq!(dashboard("label_values(order_total, side)"), ["unknown-metric order_total"]);
    assert_eq!(dashboard("query_result(delta(orders_total[1h]))"), ["delta-of-counter delta"]);
}

#[test]
fn metrics_in_no_rule_and_no_panel_are_found_in_their_catalogue() {
    let kinds = [
        ("a_total", Kind::Counter),
        ("b", Kind::Gauge),
        ("c", Kind::Histogram),
        ("d", Kind::Gauge),
    ];
    let catalogue = Catalogue::new(kinds.map(|(name, kind)| Family::new(name, kind)));
    let text = catalogue
        .to_json()
        .replace("\"name\": \"d\",", "\"name\": \"d\", \"panel\": {\"hidden\": true},");
    let catalogue = Catalogue::from_json(&text).unwrap();
    let source = std::sync::Arc::new(tickmetrics_rules::Source::new("feed.json", text));
    let linter = Linter::new(std::slice::from_ref(&catalogue));
    let unused = |files: &[&str]| {
        let files: Vec<_> = files.iter().map(|it| File::read("a", it.as_bytes())).collect();
        let findings = linter.unused(&files, &[(catalogue.clone(), source.clone())]);
        assert_eq!(exit_status(&findings), 0);
        found(&findings).iter().map(|(id, part)| format!("{id} {part}")).collect::<Vec<_>>()
    };
    let [a, b, c] = ["a_total", "b", "c"].map(|name| format!("unused-metric \"{name}\""));
    assert_eq!(unused(&[]), [a.clone(), b.clone(), c.clone()]);
    let rule = group(&[("x:y", "rate(c_bucket[5m])")], "x:y > 5");
    assert_eq!(unused(&[&rule]), [a.clone(), b.clone()]);
    let query = r#"{"panels": [{"targets": [{"expr": "{__name__=~\"a_.*\"}"}]}]}"#;
    assert_eq!(unused(&[query, &rule]), std::slice::from_ref(&b));
    let variable = r#"{"panels": [], "templating": {"list": [
        {"type": "query", "name": "x", "query": "label_values(b, y)"}]}}"#;
    assert_eq!(unused(&[query, &rule, variable]), [] as [&str; 0]);
    // Of another source.
    let query = r#"{"panels": [{"targets": [{"expr": "b", "datasource": {"type": "loki"}}]}]}"#;
    assert_eq!(unused(&[query]), [a, b, c]);
}
