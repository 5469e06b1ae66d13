//! Families of processes that are not served: each is reported once, and a few are named in metrics.

use std::collections::HashSet;
use tickmetrics::__text::report;
use tickmetrics::ConflictReason;

/// The most families left out that the response names, and that are reported for each process.
const MOST_NAMED: usize = 100;

/// The reason why a family of one process is not in the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Reason {
    /// An earlier process has the name with another type.
    Type,
    /// An earlier process has the name with another unit.
    Unit,
    /// A family of another name is exposed under one of its names: a counter `wait_count` and a
    /// histogram `wait`.
    Name,
    /// It has a label of its own with the name of the label that distinguishes processes, or of one
    /// that the family adds to its series.
    Label,
    /// No label distinguishes its series from those of an earlier process.
    Series,
    /// It exceeds its process's share of the response.
    Length,
}

/// The families that a response lacks, and the reported ones.
#[derive(Default)]
pub(super) struct LeftOut {
    /// By process.
    reported: HashSet<(String, String, Reason)>,
    /// The most of them.
    most_reported: usize,
    count: usize,
    named: Vec<(String, String, Reason)>,
}

impl LeftOut {
    /// Begins a response with this many processes.
    pub(super) fn begin(&mut self, processes: usize) {
        self.most_reported = MOST_NAMED * processes;
        self.count = 0;
        self.named.clear();
    }

    /// Adds a family of a process, if there is a reason to leave it out.
    pub(super) fn extend(&mut self, process: &str, family: &str, reason: Option<Reason>) {
        let Some(reason) = reason else { return };
        let one = (process.to_owned(), family.to_owned(), reason);
        self.count += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push(one.clone());
        }
        if !self.reported.contains(&one) && self.reported.len() < self.most_reported {
            report(format_args!("{family} of {process} is left out: {}", reason.text()));
            self.reported.insert(one);
        }
    }

    /// Makes the reports about a process news again.
    pub(super) fn forget(&mut self, process: &str) {
        self.reported.retain(|(of, ..)| of != process);
    }

    /// The number of families left out.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Process, name and reason of each, up to the limit.
    pub(super) fn named(&self) -> &[(String, String, Reason)] {
        &self.named
    }
}

impl Reason {
    fn text(self) -> &'static str {
        match self {
            Self::Type => "another process has that name with another type",
            Self::Unit => "another process has that name with another unit",
            Self::Name => "a family of another name is exposed under one of its names",
            Self::Label => "it has that label itself; choose another with --label",
            Self::Series => "another process has the same series",
            Self::Length => "the response would be too long; raise --max-memory",
        }
    }

    /// The value of the label `reason`.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Unit => "unit",
            Self::Name => "name",
            Self::Label => "label",
            Self::Series => "series",
            Self::Length => "length",
        }
    }
}

impl From<ConflictReason> for Reason {
    fn from(reason: ConflictReason) -> Self {
        match reason {
            ConflictReason::Kind => Self::Type,
            ConflictReason::Unit => Self::Unit,
            ConflictReason::Label => Self::Label,
            ConflictReason::Name => Self::Name,
            // And those that are not known yet.
            _ => Self::Series,
        }
    }
}
