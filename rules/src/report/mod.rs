//! What checks find, and how it is shown.
//!
//! | for | output |
//! |---|---|
//! | people | [`TextReport`], and a [`summary`] |
//! | programs | [`to_json`] |
//! | code hosts and editors | [`to_sarif`] |
//! | GitHub's workflows | [`to_github`] |
//!
//! A run ends with the [status](exit_status) of its findings.

mod escape;
mod finding;
mod github;
mod json;
mod sarif;
#[cfg(test)]
mod tests;
mod text;

pub use finding::{Check, Finding, Severity, sort};
pub use github::to_github;
pub use json::to_json;
pub use sarif::to_sarif;
pub use text::{TextReport, summary};

use crate::file::is_unreadable;

/// The exit status of a run with these findings: 0 if there are none but notes, 1 if there are
/// warnings or errors, 2 if something could not be read.
pub fn exit_status(findings: &[Finding]) -> u8 {
    if findings.iter().any(is_unreadable) {
        2
    } else {
        u8::from(findings.iter().any(|finding| finding.severity > Severity::Note))
    }
}

/// The findings as they are shown: sorted, and each once.
fn in_order(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by(|a, b| a.order(b));
    sorted.dedup();
    sorted
}
