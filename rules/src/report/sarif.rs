//! Findings as SARIF 2.1.0, which code hosts and editors read.

use super::{Check, Finding, Severity};
use crate::file::is_unreadable;
use crate::place::{Place, Source};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The schema's name in the standard.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The findings as a SARIF log of one run, sorted as in the text. `checks` are those that ran; those of
/// the findings are added.
///
/// Columns are Unicode characters, which the log declares.
pub fn to_sarif(findings: &[Finding], checks: &[Check]) -> String {
    let ran = checks.iter().chain(findings.iter().map(|finding| finding.check));
    let rules: BTreeMap<&str, &str> = ran.map(|check| (check.id, check.about)).collect();
    let names: Vec<&str> = rules.keys().copied().collect();
    let results: Vec<Value> =
        super::in_order(findings).iter().map(|finding| result(finding, &names)).collect();
    let rule = |(id, about): (&&str, &&str)| json!({"id": id, "shortDescription": {"text": about}});
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "tickmetrics",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": !findings.iter().any(is_unreadable),
            }],
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn result(finding: &Finding, names: &[&str]) -> Value {
    let source = &*finding.source;
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let mut result = json!({
        "ruleId": finding.check.id,
        "ruleIndex": names.binary_search(&finding.check.id).unwrap_or_default(),
        "level": level,
        "message": {"text": finding.explained("", "Instead: ")},
        "locations": [location(source, finding.place, Some(finding.excerpt()))],
    });
    let also = finding.also.iter().enumerate().map(|(id, (place, remark))| {
        let mut location = location(source, *place, None);
        location["id"] = id.into();
        location["message"] = json!({"text": remark});
        location
    });
    if !finding.also.is_empty() {
        result["relatedLocations"] = also.collect();
    }
    result
}

fn location(source: &Source, place: Place, excerpt: Option<&str>) -> Value {
    let (start, end) = (source.position(place.start), source.position(place.end));
    let mut location = json!({"physicalLocation": {
        "artifactLocation": {"uri": uri(source.name())},
        "region": {
            "startLine": start.line,
            "startColumn": start.column,
            "endLine": end.line,
            "endColumn": end.column,
        },
    }});
    if let Some(excerpt) = excerpt {
        let context = json!({"startLine": start.line, "snippet": {"text": excerpt}});
        location["physicalLocation"]["contextRegion"] = context;
    }
    location
}

/// The name of a file as the reference of a URI: what has a meaning there is escaped.
fn uri(name: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
