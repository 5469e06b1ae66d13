//! Findings as commands of GitHub's workflows, which become annotations of a change.

use super::{Finding, Severity};
use std::borrow::Cow;
use std::fmt::Write as _;

/// The findings as workflow commands, one line each: GitHub shows them beside the lines of a change.
///
/// A part of several lines has no columns, as GitHub refuses these.
///
/// ```
/// use std::sync::Arc;
/// use tickmetrics_rules::report::{Check, Finding, to_github};
/// use tickmetrics_rules::{Place, Source};
///
/// const CHECK: Check = Check { id: "unknown-metric", about: "A metric that nobody has." };
/// let source = Arc::new(Source::new("a,b.yml", "expr: rate(order_total[5m])\n"));
/// let finding = Finding::error(&CHECK, &source, Place::new(11, 22), "no metric: \"order_total\"")
///     .instead("100 % sure");
/// assert_eq!(to_github(&[finding]), "::error file=a%2Cb.yml,line=1,endLine=1,col=12,endColumn=23,\
/// title=unknown-metric::no metric: \"order_total\"%0Ahelp: 100 %25 sure\n");
/// ```
pub fn to_github(findings: &[Finding]) -> String {
    let mut all = String::new();
    for finding in super::in_order(findings) {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let (start, end) = (finding.start(), finding.end());
        let file = property(finding.source.name());
        // Writing to a string can't fail.
        let _ = write!(all, "::{command} file={file},line={},endLine={}", start.line, end.line);
        if start.line == end.line {
            let _ = write!(all, ",col={},endColumn={}", start.column, end.column);
        }
        let _ = write!(all, ",title={}::", property(finding.check.id));
        all += &data(&finding.explained("note: ", "help: "));
        all.push('\n');
    }
    all
}

/// The message of a command, escaped as GitHub's toolkit does.
fn data(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '\r', '\n']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A"))
}

/// A property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
