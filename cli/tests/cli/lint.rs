//! Rule files that are checked against a catalogue.

use crate::support::{Folder, run, text};
use serde_json::Value;
use std::fs;

const CATALOGUE: &str = r#"{"tickmetrics_catalogue": 1, "families": [
    {"name": "orders_total", "kind": "counter", "from_start": true}
]}"#;

const RULES: &str = "groups:
- name: orders
  rules:
  - alert: Orders
    expr: rate(order_total[5m]) > 1
";

#[test]
fn findings_are_printed_in_each_format_and_set_the_status() {
    let folder = Folder::new("lint");
    let (catalogue, rules) = (folder.file("feed.json"), folder.file("rules.yml"));
    fs::write(&catalogue, CATALOGUE).unwrap();
    fs::write(&rules, RULES).unwrap();
    let lint = |format: &str| {
        let output = run(&["lint", text(&rules), "-c", text(&catalogue), "--format", format]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, shown) = lint("text");
    assert_eq!(status, Some(1));
    assert!(
        shown.contains("error[unknown-metric]: no catalogue has the metric order_total"),
        "{shown}"
    );
    assert!(shown.contains("rules.yml:5:16") && shown.contains("write orders_total"), "{shown}");
    let json: Value = serde_json::from_str(&lint("json").1).unwrap();
    assert!(json.to_string().contains("unknown-metric"), "{json}");
    let sarif: Value = serde_json::from_str(&lint("sarif").1).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "unknown-metric");
    assert!(lint("github").1.starts_with("::error "));

    // The metric is in no rule, which is a note about the catalogue.
    let output = run(&["lint", text(&rules), "-c", text(&catalogue), "--unused"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("note[unused-metric]: orders_total is in no rule"), "{shown}");
    assert!(shown.contains("feed.json:2:14"), "{shown}");

    fs::write(&rules, RULES.replace("order_", "orders_")).unwrap();
    assert_eq!(lint("text"), (Some(0), String::new()));
    let output = run(&["lint", text(&rules), "-c", text(&catalogue), "--unused"]);
    assert!(output.stdout.is_empty(), "{output:?}");
}

#[test]
fn what_cant_be_read_is_trouble() {
    let folder = Folder::new("lint-wrong");
    let (catalogue, rules) = (folder.file("feed.json"), folder.file("rules.yml"));
    fs::write(&catalogue, CATALOGUE).unwrap();
    fs::write(&rules, "groups: [").unwrap();
    for arguments in [
        ["lint", text(&rules), "-c", text(&catalogue)],
        ["lint", "/none.yml", "-c", text(&catalogue)],
        ["lint", text(&rules), "-c", "/none.json"],
    ] {
        assert_eq!(run(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}
