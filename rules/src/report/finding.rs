//! A finding: what is wrong, where, why, and what to write instead.

use crate::place::{Place, Position, Source};
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The bytes of a line that an excerpt has before the part, and half of those from there on.
const AROUND: usize = 100;

/// A check: its name and what it is about. A waiver names a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Check {
    /// The name, such as `unknown-key`: lower-case letters, digits and hyphens.
    pub id: &'static str,
    /// What the check finds, in a sentence.
    pub about: &'static str,
}

/// How bad a finding is. Sorted from the least to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something to know. It does not fail a run.
    Note,
    /// Most likely not what was meant.
    Warning,
    /// Wrong: it is refused, or never does what it is for.
    Error,
}

impl Severity {
    /// The name: `note`, `warning` or `error`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a check found.
///
/// ```
/// use std::sync::Arc;
/// use tickmetrics_rules::report::{Check, Finding, TextReport};
/// use tickmetrics_rules::{Place, Source};
///
/// const UNKNOWN_METRIC: Check = Check { id: "unknown-metric", about: "A metric that nobody has." };
///
/// let source = Arc::new(Source::new("a.yml", "expr: rate(order_total[5m])\n"));
/// let finding = Finding::error(&UNKNOWN_METRIC, &source, Place::new(11, 22), "there is no metric \"order_total\"")
///     .instead("did you mean \"orders_total\"?");
/// let text = TextReport::new().of(&[finding]);
/// assert_eq!(text, "\
/// error[unknown-metric]: there is no metric \"order_total\"
///  --> a.yml:1:12
///   |
/// 1 | expr: rate(order_total[5m])
///   |            ^^^^^^^^^^^
///   |
///   = help: did you mean \"orders_total\"?
/// ");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The check that found it.
    pub check: &'static Check,
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub source: Arc<Source>,
    /// The part of the file that is wrong.
    pub place: Place,
    /// What is to be read at the place, if that helps.
    pub label: Option<String>,
    /// Other parts of the same file that it is about, each with a remark.
    pub also: Vec<(Place, String)>,
    /// What is wrong, and why.
    pub message: String,
    /// Further explanations, a sentence each.
    pub notes: Vec<String>,
    /// What to write instead.
    pub instead: Option<String>,
}

impl Finding {
    /// A finding of a severity.
    pub fn new(
        severity: Severity,
        check: &'static Check,
        source: &Arc<Source>,
        place: Place,
        message: impl Into<String>,
    ) -> Self {
        Self {
            check,
            severity,
            source: Arc::clone(source),
            place,
            label: None,
            also: Vec::new(),
            message: message.into(),
            notes: Vec::new(),
            instead: None,
        }
    }

    /// An error.
    pub fn error(
        check: &'static Check,
        source: &Arc<Source>,
        place: Place,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Error, check, source, place, message)
    }

    /// A warning.
    pub fn warning(
        check: &'static Check,
        source: &Arc<Source>,
        place: Place,
        message: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, check, source, place, message)
    }

    /// With a remark at the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With another part of the file, and a remark there.
    #[must_use]
    pub fn also(mut self, place: Place, remark: impl Into<String>) -> Self {
        self.also.push((place, remark.into()));
        self
    }

    /// With a further explanation.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// With what to write instead.
    #[must_use]
    pub fn instead(mut self, instead: impl Into<String>) -> Self {
        self.instead = Some(instead.into());
        self
    }

    /// Where the part begins.
    pub fn start(&self) -> Position {
        self.source.position(self.place.start)
    }

    /// Where the part ends: behind its last character.
    pub fn end(&self) -> Position {
        self.source.position(self.place.end)
    }

    /// The first line of the part. Of a long line, it is what is around the part.
    pub fn excerpt(&self) -> &str {
        let line = self.source.line_place(self.source.line_of(self.place.start));
        let text = self.source.text();
        let mut start = line.start.max(self.place.start.min(line.end).saturating_sub(AROUND));
        let mut end = line.end.min(self.place.start.max(line.start) + 2 * AROUND);
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        while !text.is_char_boundary(end) {
            end += 1;
        }
        self.source.part(Place::new(start, end))
    }

    /// The message, the notes and what to write instead, a line each.
    pub(super) fn explained(&self, note: &str, instead: &str) -> String {
        let mut lines = vec![self.message.clone()];
        lines.extend(self.notes.iter().map(|text| format!("{note}{text}")));
        lines.extend(self.instead.iter().map(|text| format!("{instead}{text}")));
        lines.join("\n")
    }

    /// The order in which findings are shown: by file, then by place, the worst first.
    pub fn order(&self, other: &Self) -> Ordering {
        (self.source.name().cmp(other.source.name()))
            .then(self.place.cmp(&other.place))
            .then(other.severity.cmp(&self.severity))
            .then(self.check.id.cmp(other.check.id))
            .then_with(|| self.message.cmp(&other.message))
    }
}

/// Sorts findings as they are shown, and removes those that are there twice.
pub fn sort(findings: &mut Vec<Finding>) {
    findings.sort_by(Finding::order);
    findings.dedup();
}
