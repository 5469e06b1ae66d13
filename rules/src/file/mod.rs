//! Files that users write: Prometheus rules and Grafana dashboards.
//!
//! Each value knows where it was written, so that a finding can underline a part of it.

mod catalogue;
pub mod dashboard;
mod json;
pub mod rules;
mod waiver;
mod yaml;

pub(crate) use catalogue::places_of_families;
pub use dashboard::{Dashboard, Lookup};
pub use rules::RuleFile;
pub use waiver::Waiver;

use crate::place::{Place, Source};
use crate::report::{Check, Finding};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

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

/// A file of either kind.
#[derive(Clone, Debug)]
pub enum File {
    /// Rules of Prometheus.
    Rules(RuleFile),
    /// A dashboard of Grafana.
    Dashboard(Dashboard),
}

impl File {
    /// Reads a file of this path, which is shown as it is given. A file that can't be opened is one of
    /// rules without any, and a finding that it is unreadable.
    pub fn open(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let name = path.to_string_lossy();
        let mut bytes = Vec::new();
        let most = yaml::MOST_BYTES.max(json::MOST_BYTES) as u64 + 1;
        match std::fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)) {
            Ok(_) => Self::read(&name, &bytes),
            Err(error) => {
                Self::refused(Source::new(name, ""), 0, &format!("this can't be read: {error}"))
            }
        }
    }

    /// Reads a file. A text that begins with a brace is a dashboard, unless it has `groups` and no
    /// panels.
    ///
    /// ```
    /// use tickmetrics_rules::file::File;
    ///
    /// assert!(matches!(File::read("a.yml", b"groups: []"), File::Rules(_)));
    /// assert!(matches!(File::read("a.json", br#"{"panels": []}"#), File::Dashboard(_)));
    /// ```
    pub fn read(name: &str, bytes: &[u8]) -> Self {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let start = error.valid_up_to();
                let source = Source::new(name, String::from_utf8_lossy(bytes));
                return Self::refused(source, start, "this is no UTF-8");
            }
        };
        let source = Source::new(name, text);
        // JSON is YAML, so rules can be written in it.
        let is_json = text.trim_start_matches('\u{feff}').trim_start().starts_with('{');
        let has_panels =
            ["\"panels\"", "\"rows\"", "\"elements\""].iter().any(|it| text.contains(it));
        if is_json && (has_panels || !text.contains("groups")) {
            Self::Dashboard(Dashboard::read(source))
        } else {
            Self::Rules(RuleFile::read(source))
        }
    }

    fn refused(source: Source, at: usize, message: &str) -> Self {
        let mut file = RuleFile::empty(Arc::new(source));
        let place = Place::new(at, at);
        file.findings.push(Finding::error(&UNREADABLE, &file.source, place, message));
        Self::Rules(file)
    }

    /// The file.
    pub fn source(&self) -> &Arc<Source> {
        match self {
            Self::Rules(file) => &file.source,
            Self::Dashboard(file) => &file.source,
        }
    }

    /// What is wrong with the file itself.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Rules(file) => &file.findings,
            Self::Dashboard(file) => &file.findings,
        }
    }

    /// The waivers.
    pub fn waivers(&self) -> &[Waiver] {
        match self {
            Self::Rules(file) => &file.waivers,
            Self::Dashboard(file) => &file.waivers,
        }
    }
}
