use super::*;
use crate::report::Severity;

fn read(text: &str) -> RuleFile {
    RuleFile::read(Source::new("a.yml", text))
}

/// The findings as `line:column check message`.
fn found(file: &RuleFile) -> Vec<String> {
    let show = |finding: &Finding| {
        let at = finding.start();
        format!("{}:{} {} {}", at.line, at.column, finding.check.id, finding.message)
    };
    file.findings.iter().map(show).collect()
}

#[test]
fn all_fields_are_read() {
    let file = read(
        "groups:
- name: a
  interval: 30s
  query_offset: 1m30s
  limit: 10
  labels: {team: x}
  rules:
  - record: a:b
    expr: up
    labels: {c: 'd', e: }
  - alert: B
    expr: 1
    for: 1d
    keep_firing_for: 0
    annotations:
      summary: \"{{ $value }}\"
",
    );
    assert_eq!(found(&file), [""; 0]);
    let group = &file.groups[0];
    assert_eq!(group.interval.as_ref().unwrap().value, Duration::from_secs(30));
    assert_eq!(group.query_offset.as_ref().unwrap().value, Duration::from_secs(90));
    assert_eq!(group.limit.as_ref().unwrap().value, 10);
    assert_eq!((&*group.labels[0].name, &*group.labels[0].value), ("team", "x"));
    let [record, alert] = &group.rules[..] else { panic!() };
    assert_eq!((record.kind, &*record.name, &*record.expr), (RuleKind::Record, "a:b", "up"));
    assert_eq!((&*record.labels[1].name, &*record.labels[1].value), ("e", ""));
    assert_eq!((alert.kind, &*alert.expr), (RuleKind::Alert, "1"));
    assert_eq!(alert.lasting.as_ref().unwrap().value, Duration::from_secs(86_400));
    assert_eq!(alert.keep_firing.as_ref().unwrap().value, Duration::ZERO);
    assert_eq!(&*alert.annotations[0].value, "{{ $value }}");
}

#[test]
fn what_prometheus_refuses_is_found() {
    let file = read(
        "groups:
- name: a
  intervall: 30s
  interval: 1m1h
  rules:
  - record: a
    alert: b
    expr: c
  - record: '{d}'
    expr: e
    for: 1m
    annotations: {f: g}
    labels: {__name__: h}
  - alert: i
    expr:
    Expr: j
  - expr: k
  - alert: l
    expr: {m: n}
  - o
  - alert: p
    expr: q
    expr: r
- name:
- name: a
  limit: many
  rules: {}
- partial_response_strategy: warn
  name: s
alerts: []
",
    );
    let expected = [
        "3:3 unknown-key a group has no \"intervall\": Prometheus refuses the file",
        "4:13 wrong-field \"1m1h\" is no duration",
        "7:12 wrong-field a rule is an alert or records a metric, and not both",
        "9:13 wrong-field the name of a recorded metric has no braces",
        "11:5 wrong-field a rule that records a metric has no \"for\"",
        "12:5 wrong-field a rule that records a metric has no \"annotations\"",
        "13:14 wrong-field \"__name__\" can't be the name of a label",
        "14:12 wrong-field a rule needs an expression: the field \"expr\"",
        "16:5 unknown-key a rule has no \"Expr\": Prometheus refuses the file",
        "17:5 wrong-field a rule needs a name: the field \"alert\" or \"record\"",
        "18:12 wrong-field a rule needs an expression: the field \"expr\"",
        "19:12 wrong-field \"expr\" must be a text",
        "20:5 wrong-field a rule must be a mapping of keys to values",
        "23:5 duplicate-key the key \"expr\" is there twice: Prometheus refuses the file",
        "24:3 wrong-field a group needs a name",
        "25:9 wrong-field two groups have the name \"a\": Prometheus refuses the file",
        "26:10 wrong-field \"many\" is no whole number",
        "27:10 wrong-field \"rules\" must be a list",
        "28:3 unknown-key only Thanos reads \"partial_response_strategy\": Prometheus refuses a file that has it",
        "30:1 unknown-key a rule file has no \"alerts\": Prometheus refuses the file",
    ];
    assert_eq!(found(&file), expected);
    assert_eq!(file.findings[0].instead.as_deref(), Some("did you mean \"interval\"?"));
    assert_eq!(file.findings[18].severity, Severity::Warning);
}

#[test]
fn a_file_without_rules_is_no_error() {
    for text in ["", "\u{feff}", "# only\n", "---\n", "groups:\n", "groups: []\n", "~"] {
        let file = read(text);
        assert_eq!((found(&file), file.groups.len()), (vec![], 0), "{text:?}");
    }
    assert_eq!(
        found(&read("[]")),
        ["1:1 wrong-field a rule file must be a mapping of keys to values"]
    );
}

#[test]
fn merged_fields_are_read() {
    let file = read(
        "groups:
- name: a
  rules:
  - &base
    alert: A
    expr: up == 0
    labels: {severity: page}
  - <<: *base
    alert: B
  - <<: [{expr: down}, *base]
    record: c
    alert: ~
",
    );
    assert_eq!(found(&file), [""; 0]);
    let rules = &file.groups[0].rules;
    let named: Vec<_> = rules.iter().map(|rule| (&*rule.name, &*rule.expr)).collect();
    assert_eq!(named, [("A", "up == 0"), ("B", "up == 0"), ("c", "down")]);
    assert_eq!(file.source.position(rules[1].expr.place().start).line, 6);
}

#[test]
fn resources_of_kubernetes_are_read() {
    let rule = "apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: x}
spec:
  groups:
  - name: a
    rules:
    - alert: A
      expr: up
";
    let file = read(&format!("{rule}---\nkind: ConfigMap\ndata: {{}}\n---\n{rule}"));
    assert_eq!((found(&file), file.groups.len(), file.rule_count()), (vec![], 2, 2));
    let item = rule.trim_end().replace('\n', "\n  ");
    let list = read(&format!("kind: List\nitems:\n- {item}\n- {item}\n"));
    assert_eq!((found(&list), list.rule_count()), (vec![], 2));
}

#[test]
fn a_second_document_is_not_read_by_prometheus() {
    let file = read("groups: []\n---\ngroups:\n- name: a\n  rules: []\n");
    assert_eq!(
        found(&file),
        ["3:1 unread-document Prometheus reads only the first document of a file"]
    );
}

#[test]
fn what_is_no_yaml_is_unreadable() {
    let file = read("groups:\n{{ if .x }}\n- name: a\n");
    assert!(crate::file::is_unreadable(&file.findings[0]), "{:?}", found(&file));
    assert!(file.findings[0].instead.as_ref().unwrap().contains("rendered"));
    let template = read("groups:\n- name: a\n  rules:\n  - alert: {{ .x }}\n    expr: up\n");
    let mut hints = template.findings.iter().filter_map(|finding| finding.instead.as_ref());
    assert!(hints.any(|hint| hint.contains("rendered")), "{:?}", found(&template));
    let tabs = read("groups:\n\t- name: a\n");
    assert!(crate::file::is_unreadable(&tabs.findings[0]), "{:?}", found(&tabs));
}

/// What the waivers of a file cover: the checks, and the first and the last line.
fn waivers(file: &RuleFile) -> Vec<(String, usize, usize)> {
    let show = |waiver: &Waiver| {
        let scope = waiver.scope;
        let last = file.source.line_of(scope.end.saturating_sub(1).max(scope.start));
        (waiver.check.clone(), file.source.line_of(scope.start), last)
    };
    file.waivers.iter().map(show).collect()
}

#[test]
fn a_waiver_covers_what_begins_behind_it() {
    let file = read(
        "# tickmetrics: allow file why
# another comment

groups: # no waiver
# tickmetrics: allow group because it is so
- name: a
  rules:
  # tickmetrics: allow rule why
  # tickmetrics: allow rule-too why

  - alert: A
    # tickmetrics: allow field why
    expr: |  # tickmetrics: allow end why
      x ==
      # tickmetrics: allow within why
      y
    for: 1m #tickmetrics: allow short why
  - alert: B # tickmetrics: allow whole why
    expr: '# tickmetrics: allow quoted why'
    # tickmetrics: allow
    # tickmetrics: allow x
    # tickmetrics: deny x y
    # tickmetrics: allow x, y z
    labels: {}
- name: b
  rules: [] # tickmetrics: allow rules why
# tickmetrics: allow nothing why
",
    );
    let expected = [
        ("file", 4, 27),
        ("group", 6, 24),
        ("rule", 11, 17),
        ("rule-too", 11, 17),
        ("field", 13, 16),
        ("end", 13, 16),
        ("within", 14, 16),
        ("short", 17, 17),
        ("whole", 18, 24),
        ("quoted", 19, 19),
        ("rules", 26, 26),
        ("nothing", 27, 27),
    ];
    let expected = expected.map(|(check, from, to)| (check.to_owned(), from, to));
    assert_eq!(waivers(&file), expected);
    assert_eq!(file.waivers[1].reason, "because it is so");
    assert_eq!(file.source.part(file.waivers[1].check_place), "group");
    assert_eq!(
        found(&file),
        [
            "20:5 wrong-waiver a waiver has the form \"tickmetrics: allow CHECK REASON\"",
            "21:5 wrong-waiver a waiver needs a reason behind the name of the check",
            "22:5 wrong-waiver a waiver has the form \"tickmetrics: allow CHECK REASON\"",
            "23:5 wrong-waiver a waiver has the form \"tickmetrics: allow CHECK REASON\"",
        ]
    );
}

#[test]
fn aliases_of_aliases_are_bounded() {
    let mut text = String::from("x0: &x0 {alert: A, expr: up}\n");
    text += "x1: &x1 [*x0, *x0, *x0, *x0, *x0, *x0, *x0, *x0, *x0, *x0]\n";
    text += "groups:\n";
    for _ in 0..10 {
        text += "- &g {name: a, rules: &r [";
        text += &"*x0, ".repeat(1000);
        text += "]}\n";
        text += &"- *g\n".repeat(1000);
    }
    let file = read(&text);
    assert!(
        file.findings.iter().any(|it| it.message.contains("aliases repeat")),
        "{:?}",
        found(&file)
    );
}
