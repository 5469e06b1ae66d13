//! Rule files against `PyYAML`, which others wrote, and against changes.

use proptest::prelude::*;
use tests::programs::python;
use tickmetrics_rules::file::{File, RuleFile};
use tickmetrics_rules::report::{TextReport, to_github, to_json, to_sarif};
use tickmetrics_rules::{Source, Text};

/// Prints each scalar value of the mappings in a rule: line, column, and value.
const SCRIPT: &str = "import sys, json, yaml
out = []
for text in json.load(sys.stdin):
    rules = []
    def walk(node):
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == 'expr':
                    start = value.start_mark
                    rules.append([start.line + 1, start.column + 1, value.style, value.value])
                walk(value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value: walk(item)
    for node in yaml.compose_all(text): walk(node)
    out.append(rules)
json.dump(out, sys.stdout)";

/// The line, the column, the style and the value.
type Marked = (usize, usize, Option<String>, String);

/// Notations of an expression.
const EXPRS: &[&str] = &[
    "up",
    "sum by (a) (rate(b[5m])) > 0.5 # why",
    "'it''s ä' ",
    "\"a\\n\\x41 \\\"q\\\" \\\n      b\"",
    "|\n      a\n        b\n\n      c\n",
    "|-\n      a\n",
    "|+ # c\n      a\n\n\n",
    ">\n      a\n      b\n\n       c\n      d\n",
    ">-\n      漢 b\n      c",
    "|2\n       a\n      b\n",
    "a\n      b\n\n      c",
    "!!str 5",
    "&x up",
    "\n      up",
];

fn file(exprs: &[&str], ends: &str) -> String {
    let mut text = String::from("groups:\n- name: a\n  rules:\n");
    for (at, expr) in exprs.iter().enumerate() {
        let rule =
            ["  - record: r", &at.to_string(), "\n    expr: ", expr, "\n    labels: {a: b}\n"];
        text += &rule.concat();
    }
    text.replace('\n', ends)
}

#[test]
fn expressions_are_those_of_another_parser() {
    let mut files: Vec<String> = EXPRS.iter().map(|expr| file(&[expr], "\n")).collect();
    files.push(file(EXPRS, "\n"));
    files.push(file(EXPRS, "\r\n"));
    files.push(format!("\u{feff}---\n{}", file(EXPRS, "\n")));
    files.push(file(EXPRS, "\n").trim_end().to_owned());
    files.push(
        "groups:\n- name: a\n  rules:\n  - record: r\n    expr: |\n      a\n      b".to_owned(),
    );
    let input = serde_json::to_string(&files).unwrap();
    let Some(said) = python("yaml", "PyYAML", &["-c", SCRIPT], &input) else { return };
    let expected: Vec<Vec<Marked>> = serde_json::from_slice(&said).unwrap();
    for (text, expected) in files.iter().zip(expected) {
        let file = RuleFile::read(Source::new("a.yml", &**text));
        assert!(file.findings.is_empty(), "{text}\n{:?}", file.findings);
        let rules: Vec<&Text> = file.groups[0].rules.iter().map(|rule| &rule.expr).collect();
        assert_eq!(rules.len(), expected.len(), "{text}");
        for (expr, (line, column, style, value)) in rules.iter().zip(expected) {
            assert_eq!(expr.as_str(), value, "{text}");
            let at = file.source.position(expr.place().start);
            // That of a block begins behind its `|` here, and at it there.
            if matches!(style.as_deref(), Some("|" | ">")) {
                assert!(at.line > line, "{text}");
            } else {
                // There, a tag and an anchor are a part of the value.
                let written = file.source.line(line);
                let (has_more, at) = (written.contains(['!', '&']), (at.line, at.column));
                assert!(
                    if has_more { at > (line, column) } else { at == (line, column) },
                    "{text}"
                );
            }
        }
    }
}

/// Reads and shows whatever it is.
fn read(bytes: &[u8]) {
    let file = File::read("a", bytes);
    let length = file.source().text().len();
    let findings = file.findings();
    for finding in findings {
        assert!(finding.place.end <= length, "{finding:?}");
    }
    for waiver in file.waivers() {
        assert!(waiver.scope.end <= length && waiver.place.end <= length, "{waiver:?}");
    }
    let check = |text: &Text| {
        for at in 0..=text.len() {
            let place = text.part(at..text.len());
            assert!(place.start <= place.end && place.end <= length, "{text:?}");
        }
    };
    match &file {
        File::Rules(file) => {
            for rule in file.groups.iter().flat_map(|group| &group.rules) {
                check(&rule.expr);
                check(&rule.name);
            }
        }
        File::Dashboard(file) => file.queries().for_each(|query| check(&query.expr)),
    }
    TextReport::coloured().of(findings);
    to_json(findings);
    to_github(findings);
    to_sarif(findings, &[]);
}

const WHOLE: &str = "# tickmetrics: allow all why
groups:
- name: a # tickmetrics: allow some
  interval: 1m
  labels: {a: \"b\\n\"}
  rules: &rules
  - &base
    alert: A
    expr: |  # tickmetrics: allow x y
      sum(a) # tickmetrics: allow x y
        / b
    for: 5m
    annotations:
      summary: >-
        ä {{ $value }}
        b
  - <<: *base
    alert: 'it''s'
- {name: b, rules: *rules}
---
kind: PrometheusRule
spec: {groups: []}
";

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read(&bytes);
    }

    #[test]
    fn any_yaml_like_text_is_read(text in "([-:?|>&*!%@#'\"{}\\[\\], \n\r\t~<]|expr|groups|rules|alert|ä|\u{feff}|\\\\){0,60}") {
        read(text.as_bytes());
    }

    #[test]
    fn changed_rule_files_are_read(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..40, ".{0,6}"), 1..5),
    ) {
        let mut text = WHOLE.to_owned();
        for (at, length, inserted) in changes {
            let floor = |text: &str, mut at: usize| {
                at = at.min(text.len());
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = floor(&text, at.index(text.len() + 1));
            let end = floor(&text, start + length);
            text.replace_range(start..end.max(start), &inserted);
        }
        read(text.as_bytes());
    }
}

/// Large files are read, or refused with a reason, in time and memory that grow with the file.
#[test]
fn large_files_are_read_or_refused() {
    let rule = "  - alert: A\n    expr: |\n      sum by (a) (rate(b{c=\"d\"}[5m]))\n        > 1\n    for: 5m\n    labels: {severity: page}\n";
    let many = format!("groups:\n- name: a\n  rules:\n{}", rule.repeat(10_000_000 / rule.len()));
    let File::Rules(file) = File::read("a.yml", many.as_bytes()) else { panic!() };
    assert_eq!((file.rule_count(), file.findings.len()), (10_000_000 / rule.len(), 0));
    let long = format!(
        "groups:\n- name: a\n  rules:\n  - record: a\n    expr: {}1\n",
        "1 + ".repeat(1_000_000)
    );
    let File::Rules(file) = File::read("a.yml", long.as_bytes()) else { panic!() };
    assert_eq!(file.rule_count(), 1);
    for (unit, times) in [
        ("[", 1_000_000),
        ("- ", 1_000_000),
        ("a: ", 1_000_000),
        ("{a: ", 1_000_000),
        ("? ", 1_000_000),
        ("# tickmetrics: allow a b\n", 100_000),
        ("a: b\n", 200_000),
        ("- [a, b]\n", 700_000),
        ("&a ", 100_000),
        ("---\n", 300_000),
        ("\"\\", 1_000_000),
    ] {
        let file = File::read("a.yml", unit.repeat(times).as_bytes());
        assert!(file.findings().len() <= 1001, "{unit}: {}", file.findings().len());
        assert!(
            !file.findings().is_empty() || !file.waivers().is_empty() || unit == "---\n",
            "{unit}"
        );
    }
    let huge = vec![b'#'; 40 << 20];
    assert!(File::read("a.yml", &huge).findings()[0].message.contains("MiB"));
}
