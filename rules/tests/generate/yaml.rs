//! Texts of declarations, as an independent reader of YAML finds them in the rules.

use crate::catalogue::read;
use tests::programs::python;
use tickmetrics_rules::generate::Generator;

const TEXTS: &[&str] = &[
    "plain",
    "yes",
    "null",
    "~",
    "1e3",
    "0x1F",
    "2026-11-29",
    "12:30",
    " before",
    "behind ",
    "a: b",
    "a #b",
    "#a",
    "- a",
    "? a",
    "[a]",
    "{a}",
    "!a",
    "&a",
    "*a",
    "%a",
    "@a",
    "`a`",
    "|",
    ">",
    "'a'",
    "\"a\"",
    "a\\nb",
    "a\nb",
    "\na",
    "a\n",
    "a\n\n",
    "  a\n b",
    "a\tb",
    "\ta",
    "a\r\nb",
    "ä – 漢 🦀",
    "\u{85}a",
    "a\u{2028}b",
    "\u{feff}a",
    "a\u{7f}b",
    "a\u{1}b",
    "---",
    "...",
    "--- a",
    "a\n---\nb",
    "a\n# b",
    "=",
    "<<",
    "a long text that has some more words than eighty characters have room for in one line  and two spaces",
];

#[test]
fn texts_are_read_back() {
    let alerts: Vec<_> = (0..TEXTS.len())
        .map(|index| {
            let summary = serde_json::to_string(TEXTS[index]).unwrap();
            format!(
                r#"{{"name": "A{index}", "of": "value", "is": {{"above": 1.0}}, "priority": "P1", "summary": {summary}}}"#
            )
        })
        .collect();
    let catalogue = read(&format!(
        r#"{{"tickmetrics_catalogue": 1, "service": "feed", "families": [
            {{"name": "level", "kind": "gauge", "from_start": true, "alerts": [{}]}}]}}"#,
        alerts.join(",")
    ));
    let outputs = Generator::new().outputs(&[catalogue]).unwrap();
    let script = "import json, sys, yaml\n\
                  rules = yaml.safe_load(sys.stdin.buffer)['groups'][0]['rules']\n\
                  print(json.dumps([rule['annotations']['summary'] for rule in rules]))";
    let Some(json) = python("yaml", "PyYAML==6.0.4", &["-c", script], &outputs[0].text) else {
        return;
    };
    let read: Vec<String> = serde_json::from_slice(&json).unwrap();
    assert_eq!(read, TEXTS);
}
