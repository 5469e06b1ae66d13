//! Reports, read by others: `jsonschema` with the schema of SARIF, and Python's parser of JSON.

use std::sync::Arc;
use tests::programs::{python, skip};
use tickmetrics_rules::file::{CHECKS, File};
use tickmetrics_rules::report::{Finding, to_github, to_json, to_sarif};
use tickmetrics_rules::{Place, Source};

/// Findings of all severities, with characters that formats escape.
fn findings() -> Vec<Finding> {
    let rules = "groups:\n- name: ä\n  rulez: []\n  rules:\n  - alert: \"\\u00e4\"\n    expr: a\n    for: 1x\n    for: 2m\n";
    let file = File::read("a folder/b%:,\u{e9}\".yml", rules.as_bytes());
    let mut all = file.findings().to_vec();
    all.extend_from_slice(File::read("c.json", b"{\"panels\": [}").findings());
    let source = Arc::new(Source::new("/d.yml", "\u{feff}x: \u{1b}[1m 漢\r\n\r\ny\u{2028}"));
    let place = Place::new(3, source.text().len());
    all.push(
        Finding::warning(&CHECKS[1], &source, place, "a\nb % ::error::\u{0}").also(place, "c,d"),
    );
    all
}

#[test]
fn a_sarif_log_fits_its_schema() {
    // It is the file of that name in the crate `serde-sarif`, for instance.
    let Ok(schema) = std::env::var("TICKMETRICS_SARIF_SCHEMA") else {
        return skip("the schema of SARIF: TICKMETRICS_SARIF_SCHEMA does not name its file");
    };
    if !std::path::Path::new(&schema).exists() {
        return skip(&format!("the schema of SARIF: there is no {schema}"));
    }
    let script = "import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
log = json.load(sys.stdin)
validator = jsonschema.validators.validator_for(schema)
validator.check_schema(schema)
formats = validator.FORMAT_CHECKER
errors = [e.message for e in validator(schema, format_checker=formats).iter_errors(log)]
assert not errors, errors
log['runs'][0]['results'][0]['level'] = 'bad'
assert list(validator(schema).iter_errors(log))
for result in log['runs'][0]['results']:
    rule = log['runs'][0]['tool']['driver']['rules'][result['ruleIndex']]
    assert rule['id'] == result['ruleId']
print(len(log['runs'][0]['results']))";
    let findings = findings();
    let log = to_sarif(&findings, CHECKS);
    let Some(said) = python("jsonschema", "jsonschema", &["-c", script, &schema], &log) else {
        return;
    };
    assert_eq!(String::from_utf8_lossy(&said).trim(), findings.len().to_string());
}

/// The part that a finding has by its lines and columns is that which it has by its bytes, also as
/// Python counts them.
#[test]
fn places_of_a_json_report_are_those_of_the_file() {
    let script = "import json, sys
report = json.load(sys.stdin)
assert report['tickmetrics_findings'] == 1 and report['status'] == 2, report
text = sys.argv[1]
for one in report['findings']:
    if one['file'] != 'a.yml': continue
    lines = text.split('\\n')
    assert one['line'] == one['end_line']
    by_column = lines[one['line'] - 1][one['column'] - 1:one['end_column'] - 1]
    by_byte = text.encode()[one['start']:one['end']].decode()
    assert by_column == by_byte, one
    assert one['excerpt'] == lines[one['line'] - 1], one
print(len(report['findings']))";
    let text = "groups:\n- name: ä漢😀\n  rulez: [] # 😀\n  rules:\n  - {alert: 'ä', ä: b, expr: x, for: '1x'}\n";
    let mut findings = File::read("a.yml", text.as_bytes()).findings().to_vec();
    assert_eq!(findings.len(), 3);
    findings.extend_from_slice(File::read("c.json", b"{").findings());
    let report = to_json(&findings);
    let Some(said) = python("json", "python3", &["-c", script, text], &report) else { return };
    assert_eq!(String::from_utf8_lossy(&said).trim(), "4");
    findings.reverse();
    assert_eq!(to_json(&findings), report);
}

#[test]
fn each_finding_is_one_line_for_github() {
    let findings = findings();
    let lines = to_github(&findings);
    assert_eq!(lines.lines().count(), findings.len(), "{lines}");
    for line in lines.lines() {
        let (properties, message) = line[2..].split_once("::").unwrap();
        let names: Vec<&str> =
            properties.split([' ', ',']).skip(1).filter_map(|it| it.split('=').next()).collect();
        assert!(
            names.starts_with(&["file", "line", "endLine"]) || properties.contains("a folder"),
            "{line}"
        );
        assert!(!message.contains('\r') && !message.is_empty());
    }
    assert!(lines.contains("file=a folder/b%25%3A%2Cé\".yml,line="), "{lines}");
    assert!(lines.contains("::a%0Ab %25 ::error::"), "{lines}");
}
