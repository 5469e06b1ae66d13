//! Files that users write: Prometheus rules and Grafana dashboards.
//!
//! Each value knows where it was written, so that a finding can underline a part of it.

pub mod rules;
mod waiver;
mod yaml;

pub use rules::RuleFile;
pub use waiver::Waiver;

use crate::report::{Check, Finding};

/// A file can't be read at all. A run with such a finding ends with status 2.
pub const UNREADABLE: Check =
    Check { id: "unreadable", about: "A file, or a document of it, can't be read." };
/// A key that Prometheus does not know.
pub const UNKNOWN_KEY: Check =
    Check { id: "unknown-key", about: "A key that Prometheus refuses, or that only others read." };
/// A key that is there twice.
pub const DUPLICATE_KEY: Check =
    Check { id: "duplicate-key", about: "A key that is there twice in one mapping." };
/// A field that is missing or has a value that is refused.
pub const WRONG_FIELD: Check =
    Check { id: "wrong-field", about: "A field that is missing, or whose value is refused." };
/// A document of a file that is not read.
pub const UNREAD_DOCUMENT: Check = Check {
    id: "unread-document",
    about: "A document behind the first one of a rule file, which Prometheus does not read.",
};
/// A waiver that is written wrong.
pub const WRONG_WAIVER: Check =
    Check { id: "wrong-waiver", about: "A waiver without a check or without a reason." };

/// The checks of this module. None of them can be waived where the file can't be read.
pub const CHECKS: &[Check] =
    &[UNREADABLE, UNKNOWN_KEY, DUPLICATE_KEY, WRONG_FIELD, UNREAD_DOCUMENT, WRONG_WAIVER];

/// The most findings that reading a file gives.
const MOST_FINDINGS: usize = 1000;

/// Whether reading gave a finding that the file can't be read.
pub fn is_unreadable(finding: &Finding) -> bool {
    finding.check.id == UNREADABLE.id
}
