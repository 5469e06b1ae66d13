//! What checks find, and how it is shown.
//!
//! A run ends with the [status](exit_status) of its findings.

mod escape;
mod finding;
#[cfg(test)]
mod tests;
mod text;

pub use finding::{Check, Finding, Severity, sort};
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
