//! Rule files, dashboards and catalogues that would take long, or end the program.

use std::fmt::Write as _;
use tickmetrics_rules::file::File;
use tickmetrics_rules::lint::{Linter, Purpose};
use tickmetrics_rules::report::{Finding, TextReport, to_github, to_json};
use tickmetrics_rules::{Catalogue, Family, Kind, Label, Values};

fn linter() -> Linter {
    let mut orders = Family::new("orders_total", Kind::Counter);
    orders.labels = vec![Label::new("side", Values::Fixed(vec!["buy".into()]))];
    Linter::new(&[Catalogue::new([orders])])
}

fn lint(text: &str) -> Vec<Finding> {
    linter().files(&[File::read("a", text.as_bytes())])
}

fn rules(expressions: impl Iterator<Item = String>) -> String {
    let mut text = "groups:\n- name: a\n  rules:\n".to_owned();
    for (number, expression) in expressions.enumerate() {
        let _ = writeln!(text, "  - record: r:{number}\n    expr: '{expression}'");
    }
    text
}

/// A main thread has 8 MiB of stack, and a build without optimisation takes most.
#[test]
fn long_chains_are_walked_in_a_loop() {
    let chain = |op: &str, of: &str| vec![of; 400].join(op);
    let nest = |open: &str, close: &str| format!("{}1{}", open.repeat(60), close.repeat(60));
    let small = std::thread::Builder::new().stack_size(1 << 20);
    let checked = small.spawn(move || {
        for text in [
            chain(" + ", "orders_total"),
            chain(" or ", "orders_total"),
            chain(" and ", "orders_total > 5"),
            chain(" / ", "sum(orders_total)"),
            nest("(", ")"),
            nest("abs(", ")"),
            nest("-(", ")"),
            nest("1 + (", ")"),
            nest("sum by (x) (orders_total / ", ")"),
        ] {
            let problems = linter().expression(&text, Purpose::Alert);
            assert!(problems.len() <= 100, "{text}");
        }
    });
    checked.unwrap().join().unwrap();
}

#[test]
fn many_matchers_of_one_label_are_compared_once() {
    let mut text = "orders_total{".to_owned();
    for number in 0..1500 {
        let _ = write!(text, "a=\"{number}\",a=~\"x{number}\",b{number}=\"\",");
    }
    let problems = linter().expression(&(text + "}"), Purpose::Alert);
    assert_eq!(problems.len(), 100);
}

/// Each of these took time with the square of its length.
#[test]
fn time_grows_with_the_length_of_files() {
    // Unknown names, each of which is compared with all others.
    let names = rules((0..400).map(|number| format!("unknown_{number}_total + r:{number}x")));
    assert_eq!(lint(&names).len(), 800);
    // Waivers of the same finding, and of the same scope.
    let mut waived = "# tickmetrics: allow short-range so it is\n".repeat(3000);
    waived += &rules((0..3000).map(|_| "rate(orders_total[1s])".to_owned()))
        .replace("  - record", "  # tickmetrics: allow short-range so it is\n  - record");
    assert_eq!(lint(&waived), []);
    // A series of a series.
    let mut chain = rules((0..5000).map(|number| format!("r:{}", number + 1)));
    chain += "  - {record: r:5000, expr: sum(up)}\n  - {alert: A, expr: 'r:0{x=\"y\"} > 1'}\n";
    let findings = lint(&chain);
    assert_eq!(findings.len(), 1, "{findings:#?}");
}

#[test]
fn findings_end_somewhere() {
    let many = (0..50).map(|number| format!("x{number}=\"\", a{number}=\"b\"")).collect::<Vec<_>>();
    let expression = format!("orders_total{{{}}}", many.join(","));
    let findings = lint(&rules((0..2100).map(|_| expression.clone())));
    assert_eq!(findings.len(), 100_001);
    assert!(findings.iter().any(|it| it.message.ends_with("what follows was not checked")));
}

/// A dashboard of one line: columns are counted from a place that is near.
#[test]
fn findings_in_one_long_line_have_their_columns() {
    let target = r#"{"expr": "ö_total", "datasource": {"type": "prometheus"}},"#.replace('ö', "x");
    let mut text = r#"{"title": "ööö", "panels": [{"targets": ["#.to_owned();
    text += &target.repeat(10_000);
    text.pop();
    text += "]}]}";
    let findings = lint(&text);
    assert_eq!(findings.len(), 10_000);
    for (number, finding) in findings.iter().enumerate().step_by(2499) {
        let before = &text[..finding.place.start];
        assert_eq!(finding.start().column, before.chars().count() + 1, "{number}");
    }
    assert!(to_github(&findings).len() > 10_000);
    assert!(to_json(&findings[..1000]).len() > 10_000);
    assert!(TextReport::new().of(&findings[..100]).contains("unknown-metric"));
}

#[test]
fn large_catalogues_are_read_once() {
    let mut family = Family::new("orders_total", Kind::Counter);
    let values = (0..50_000).map(|number| number.to_string()).collect();
    family.labels = vec![Label::new("id", Values::Seen(values))];
    family.buckets = (0..50_000).rev().map(f64::from).collect();
    let twice = Catalogue::new([family.clone(), family]);
    let label = twice.families()[0].label("id").unwrap();
    assert_eq!(label.values.known().len(), 50_000);
    assert_eq!(twice.families()[0].buckets.len(), 50_000);

    let mut text = "# TYPE orders_total counter\n".to_owned();
    for number in 0..30_000 {
        let _ = writeln!(text, "orders_total{{id=\"{number}\"}} 1");
    }
    let limits = tickmetrics_exporter::parse::Limits::default();
    let exposition = tickmetrics_exporter::parse::text(text.as_bytes(), &limits).unwrap();
    let catalogue = Catalogue::of_exposition(&exposition);
    assert_eq!(catalogue.families()[0].label("id").unwrap().values.known().len(), 30_000);
}

#[test]
fn names_and_files_of_any_form_have_findings_in_their_places() {
    let rule =
        "groups:\n- name: a\n  rules:\n  - alert: A\n    expr: 'rate({\"größe.total\"}[5m]) > 1'\n";
    let forms = [
        rule.to_owned(),
        rule.replace('\n', "\r\n"),
        format!("\u{feff}{rule}"),
        format!("---\n{rule}...\n---\nx: 1\n"),
        rule.replace("- alert: A", "- &rule\n    <<: {alert: A}"),
        rule.replace("expr: '", "expr: &expr '"),
    ];
    for form in forms {
        let findings = lint(&form);
        let found = findings.iter().find(|it| it.check.id == "unknown-metric");
        let found = found.unwrap_or_else(|| panic!("{form}: {findings:#?}"));
        assert_eq!(found.source.part(found.place), "\"größe.total\"", "{form}");
    }
    let family = Family::new("größe.total", Kind::Counter);
    let linter = Linter::new(&[Catalogue::new([family])]);
    assert_eq!(linter.files(&[File::read("a", rule.as_bytes())]), []);
    // A tab can't indent.
    let findings = lint(&rule.replace("    expr", "\texpr"));
    assert!(findings.iter().any(|it| it.check.id == "unreadable"), "{findings:#?}");
    // Deeper than the readers go.
    for text in
        ["[".repeat(1 << 20), "{\"a\":".repeat(1 << 18), "- ".repeat(1 << 18), "\"".repeat(1 << 20)]
    {
        assert!(!lint(&text).is_empty());
    }
}

/// A regular expression that takes exponential time where a program goes back and forth.
#[test]
fn regular_expressions_take_linear_time() {
    let mut family = Family::new("orders_total", Kind::Counter);
    family.labels = vec![Label::new("id", Values::Fixed(vec!["a".repeat(10_000)]))];
    let linter = Linter::new(&[Catalogue::new([family])]);
    for regex in ["(a+)+b", "(a*)*b", "(a|aa)+b", "(.*a){10}b", "(?i)(a{1,50}){1,50}b"] {
        let text = format!("orders_total{{id=~\"{regex}\"}} > 1");
        assert!(!linter.expression(&text, Purpose::Record).is_empty(), "{regex}");
    }
}

/// A variable that stands for itself.
#[test]
fn variables_of_variables_end() {
    let list: Vec<_> = (0..50)
        .map(|number| {
            serde_json::json!({
                "type": "custom", "name": format!("v{number}"), "query": "x",
                "options": [{"value": format!("$v{} [[v{number}]] ${{v{number}}}", (number + 1) % 50)}],
            })
        })
        .collect();
    let expr =
        (0..50).map(|number| format!("rate($v{number}[5m])")).collect::<Vec<_>>().join(" + ");
    let text = serde_json::json!({"panels": [{"targets": [{"expr": expr, "datasource": {"type": "prometheus"}}]}],
        "templating": {"list": list}});
    let findings = lint(&text.to_string());
    assert!(
        findings.iter().all(|it| it.check.id == "not-checked" || it.check.id == "fixed-range"),
        "{findings:#?}"
    );
}
