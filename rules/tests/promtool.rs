//! What promtool 3 refuses is an error here, and nothing else is.

use std::process::Command;
use tests::programs::skip;
use tickmetrics_rules::Source;
use tickmetrics_rules::file::RuleFile;
use tickmetrics_rules::report::Severity;

/// Fields of a group behind its name, and of a rule behind its expression.
const GROUPS: &[&str] = &[
    "interval: 1m",
    "interval: 1m1h",
    "interval: 0",
    "interval: ''",
    "interval: ~",
    "interval: 1.5m",
    "interval: 1d1h1m1s1ms",
    "interval: -1m",
    "interval: [1m]",
    "interval: 292y",
    "interval: 293y",
    "interval: 99999999999999999999s",
    "query_offset: 1m",
    "query_offset: 1",
    "limit: 3",
    "limit: -1",
    "limit: x",
    "limit: '3'",
    "limit: 0x10",
    "limit: 1.5",
    "limit: 1_000",
    "labels: {a: b}",
    "labels: {__name__: b}",
    "labels: {'': b}",
    "labels: {'a b': c}",
    "labels: [a]",
    "labels:",
    "labels: {a: {b: c}}",
    "intervall: 1m",
    "Interval: 1m",
    "<<: {interval: 1m}",
    "<<: {x: y}",
    "labels: {a: b, a: c}",
    "partial_response_strategy: warn",
    "limit: 1\n  limit: 2",
];
const RULES: &[&str] = &[
    "alert: A",
    "record: a",
    "alert: A\n    record: a",
    "alert:",
    "alert: ''",
    "alert: 5",
    "alert: true",
    "alert: {a: b}",
    "record: 'a b'",
    "record: '{a}'",
    "record: 'a}'",
    "record: a\n    for: 1m",
    "record: a\n    for: 0s",
    "record: a\n    keep_firing_for: 1m",
    "record: a\n    annotations: {b: c}",
    "record: a\n    annotations: {}",
    "alert: A\n    annotations: {b: ~}",
    "alert: A\n    annotations: {'': c}",
    "alert: A\n    labels: {__name__: b}",
    "alert: A\n    labels: {alertname: b}",
    "alert: A\n    for: 0",
    "alert: A\n    for: x",
    "alert: A\n    expr: 2",
    "alert: A\n    Alert: B",
    "alert: A\n    severity: page",
    "<<: {alert: A}",
    "<<: [{alert: A}, {alert: B}]",
    "<<: {alert: A, expr: 3}",
    "alert: A\n    labels: {a: 1, b: true, c: 2020-01-01, d: 1e3}",
    "labels: {a: b}",
    "alert: A\n    <<: {b: c}",
];
const FILES: &[&str] = &[
    "",
    "~",
    "---\n",
    "# a\n",
    "groups:",
    "groups: []",
    "groups: {}",
    "groups: a",
    "[]",
    "a",
    "groups:\n- ",
    "groups:\n- {}",
    "groups:\n- name: a\n",
    "groups:\n- name: a\n- name: a\n",
    "groups:\n- name: a\n  rules: {}\n",
    "groups:\n- name: a\n  rules:\n  -\n",
    "groups:\n- name: a\n  rules:\n  - {}\n",
    "groups:\n- name: a\n  rules: [a]\n",
    "groups: []\nalerts: []\n",
    "groups: []\n---\na: b\n",
    "\u{feff}groups: []\n",
    "groups: [\n",
    "groups:\n\t- name: a\n",
    "x: &x a\ngroups: []\n",
    "groups: &a [*a]\n",
    "groups: *a\n",
    "{\"groups\": []}",
    "groups: []\r\n",
    "%YAML 1.1\n---\ngroups: []\n",
];

fn is_refused(program: &str, path: &std::path::Path) -> Option<bool> {
    let output =
        Command::new(program).args(["check", "rules", "--lint=none"]).arg(path).output().ok()?;
    Some(!output.status.success())
}

#[test]
fn what_promtool_refuses_is_an_error() {
    let program = std::env::var("PROMTOOL").unwrap_or_else(|_| "promtool".into());
    let version = Command::new(&program).arg("--version").output();
    if !version
        .is_ok_and(|it| String::from_utf8_lossy(&it.stdout).starts_with("promtool, version 3"))
    {
        return skip("promtool 3 is not installed: PROMTOOL can name it");
    }
    let group = |field: &&str| {
        format!("groups:\n- name: a\n  {field}\n  rules:\n  - record: r\n    expr: 1\n")
    };
    let rule = |fields: &&str| format!("groups:\n- name: a\n  rules:\n  - expr: 1\n    {fields}\n");
    let files = GROUPS.iter().map(group).chain(RULES.iter().map(rule));
    let path =
        std::env::temp_dir().join(format!("tickmetrics-promtool-{}.yml", std::process::id()));
    let mut wrong = Vec::new();
    for text in files.chain(FILES.iter().map(ToString::to_string)) {
        std::fs::write(&path, &text).unwrap();
        let expected = is_refused(&program, &path).unwrap();
        let file = RuleFile::read(Source::new("a.yml", &*text));
        // What only others read is a warning, and Prometheus refuses it.
        let of_others = |message: &str| message.contains("refuses a file that has it");
        let refused =
            file.findings.iter().any(|it| it.severity == Severity::Error || of_others(&it.message));
        if refused != expected {
            let found: Vec<&String> = file.findings.iter().map(|it| &it.message).collect();
            wrong.push(format!("promtool refuses {expected}, here {found:?}: {text:?}"));
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
