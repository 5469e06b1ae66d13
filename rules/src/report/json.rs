//! Findings as JSON, in a stable order.

use super::{Finding, exit_status};
use crate::place::{Place, Source};
use serde::Serialize;

/// The version of the format.
const VERSION: u32 = 1;

/// The names of the fields are the documented format.
#[derive(Serialize)]
struct Report<'a> {
    tickmetrics_findings: u32,
    status: u8,
    findings: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    check: &'static str,
    severity: &'static str,
    file: &'a str,
    #[serde(flatten)]
    at: At,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    instead: Option<&'a str>,
    excerpt: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also: Vec<Also<'a>>,
}

#[derive(Serialize)]
struct At {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    start: usize,
    end: usize,
}

#[derive(Serialize)]
struct Also<'a> {
    #[serde(flatten)]
    at: At,
    message: &'a str,
}

fn at(source: &Source, place: Place) -> At {
    let (start, end) = (source.position(place.start), source.position(place.end));
    At {
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        start: place.start,
        end: place.end,
    }
}

/// The findings as a JSON document, sorted as in the text.
///
/// It is an object with the fields `tickmetrics_findings` (the version of the format, 1), `status`
/// (the [exit status](exit_status)) and `findings`. A finding has
///
/// | field | what it is |
/// |---|---|
/// | `check` | the name of the check |
/// | `severity` | `error`, `warning` or `note` |
/// | `file` | the name of the file |
/// | `line`, `column` | where the part begins, from 1; a column is a Unicode character |
/// | `end_line`, `end_column` | where it ends, behind its last character |
/// | `start`, `end` | the same in bytes, from 0 |
/// | `message` | what is wrong, and why |
/// | `label`, `notes`, `instead` | a remark at the part, further explanations, and what to write instead; left out if there are none |
/// | `excerpt` | the first line of the part; of a long line what is around the part, some 300 bytes |
/// | `also` | other parts with their places and a `message`; left out if there are none |
///
/// ```
/// use tickmetrics_rules::report::to_json;
///
/// assert_eq!(to_json(&[]), "{
///   \"tickmetrics_findings\": 1,
///   \"status\": 0,
///   \"findings\": []
/// }
/// ");
/// ```
pub fn to_json(findings: &[Finding]) -> String {
    let report = Report {
        tickmetrics_findings: VERSION,
        status: exit_status(findings),
        findings: super::in_order(findings).into_iter().map(of).collect(),
    };
    // All keys are texts, so nothing can fail.
    let mut text = serde_json::to_string_pretty(&report).unwrap_or_default();
    text.push('\n');
    text
}

fn of(finding: &Finding) -> One<'_> {
    let source = &*finding.source;
    let also = finding.also.iter();
    One {
        check: finding.check.id,
        severity: finding.severity.name(),
        file: source.name(),
        at: at(source, finding.place),
        message: &finding.message,
        label: finding.label.as_deref(),
        notes: &finding.notes,
        instead: finding.instead.as_deref(),
        excerpt: finding.excerpt(),
        also: also.map(|(place, message)| Also { at: at(source, *place), message }).collect(),
    }
}
