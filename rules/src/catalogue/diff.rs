//! The differences between two catalogues of a service.

use super::{Catalogue, Family, Label, Values};
use std::fmt;

/// A difference between two catalogues.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// The family: its present name, or the one it had if it is gone.
    pub family: String,
    /// What changed.
    pub change: Change,
}

/// A change of a family.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// The family is new.
    Added,
    /// The family is gone.
    Removed,
    /// It has another name. A family is taken for renamed if another one with the same kind, unit
    /// and labels, and the same help text or a similar name, is gone.
    Renamed {
        /// The name that it had.
        from: String,
    },
    /// Something of it is another. Rules and dashboards that refer to it may be wrong.
    Changed {
        /// The property, such as `kind` or `unit`.
        what: &'static str,
        /// As it was.
        from: String,
        /// As it is.
        to: String,
    },
    /// Something of it is less: a label, a value, a bucket edge. Rules and dashboards that refer to
    /// it find nothing.
    Less {
        /// The part that is gone, such as `label side` or `bucket edge 0.1`.
        what: String,
    },
    /// Something of it is more.
    More {
        /// The part that is new.
        what: String,
    },
}

impl Change {
    /// Whether rules and dashboards for the old catalogue may not work any more.
    pub fn is_breaking(&self) -> bool {
        match self {
            Self::Added | Self::More { .. } => false,
            Self::Changed { what, .. } => *what != "help",
            Self::Removed | Self::Renamed { .. } | Self::Less { .. } => true,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = &self.family;
        match &self.change {
            Change::Added => write!(f, "{family}: new"),
            Change::Removed => write!(f, "{family}: removed"),
            Change::Renamed { from } => write!(f, "{family}: renamed, was {from}"),
            Change::Changed { what, from, to } => {
                write!(f, "{family}: {what} changed from {from:?} to {to:?}")
            }
            Change::Less { what } => write!(f, "{family}: {what} is gone"),
            Change::More { what } => write!(f, "{family}: {what} is new"),
        }
    }
}

impl Catalogue {
    /// The differences to an older catalogue, sorted by family.
    ///
    /// ```
    /// use tickmetrics_rules::{Catalogue, Family, Kind};
    ///
    /// let mut wait = Family::new("wait_seconds", Kind::Histogram);
    /// wait.buckets = vec![0.1, 1.0];
    /// let old = Catalogue::new([wait.clone()]);
    /// wait.buckets.remove(0);
    /// let new = Catalogue::new([wait, Family::new("ticks_total", Kind::Counter)]);
    /// let differences = new.since(&old);
    /// let texts: Vec<_> = differences.iter().map(ToString::to_string).collect();
    /// assert_eq!(texts, ["ticks_total: new", "wait_seconds: bucket edge 0.1 is gone"]);
    /// assert!(!differences[0].change.is_breaking() && differences[1].change.is_breaking());
    /// ```
    #[must_use]
    pub fn since(&self, old: &Self) -> Vec<Difference> {
        let mut gone: Vec<&Family> =
            old.families().iter().filter(|it| self.family(&it.name).is_none()).collect();
        let mut all = Vec::new();
        let mut push = |family: &str, change| {
            all.push(Difference { family: family.to_owned(), change });
        };
        for family in self.families() {
            if let Some(before) = old.family(&family.name) {
                of_family(before, family, |change| push(&family.name, change));
                continue;
            }
            let Some(at) = gone.iter().position(|old| is_renamed(old, family)) else {
                push(&family.name, Change::Added);
                continue;
            };
            let before = gone.remove(at);
            push(&family.name, Change::Renamed { from: before.name.clone() });
            of_family(before, family, |change| push(&family.name, change));
        }
        gone.iter().for_each(|family| push(&family.name, Change::Removed));
        all.sort_by(|a, b| a.family.cmp(&b.family));
        all
    }
}

/// Names that are at least so similar may be one renamed.
const SIMILAR: f64 = 0.8;

fn is_renamed(old: &Family, new: &Family) -> bool {
    let names = |family: &Family| -> Vec<String> {
        family.labels.iter().map(|label| label.name.clone()).collect()
    };
    let same_help = !old.help.is_empty() && old.help == new.help;
    (old.kind, names(old)) == (new.kind, names(new))
        && (same_help || strsim::normalized_levenshtein(&old.name, &new.name) >= SIMILAR)
}

fn of_family(old: &Family, new: &Family, mut push: impl FnMut(Change)) {
    let texts = [
        ("kind", old.kind.name(), new.kind.name()),
        ("unit", &*old.unit, &*new.unit),
        ("help", &*old.help, &*new.help),
    ];
    for (what, from, to) in texts {
        if from != to {
            push(Change::Changed { what, from: from.to_owned(), to: to.to_owned() });
        }
    }
    for label in &old.labels {
        match new.label(&label.name) {
            Some(now) => of_label(label, now, &mut push),
            None => push(Change::Less { what: format!("label {}", label.name) }),
        }
    }
    for label in new.labels.iter().filter(|label| old.label(&label.name).is_none()) {
        push(Change::More { what: format!("label {}", label.name) });
    }
    of_numbers("bucket edge", &old.buckets, &new.buckets, &mut push);
    of_numbers("quantile", &old.quantiles, &new.quantiles, &mut push);
    if old.native != new.native {
        let what = |schema: i8| format!("native schema {schema}");
        match (old.native, new.native) {
            (Some(from), to) if to.is_none_or(|to| to < from) => {
                push(Change::Less { what: what(from) });
            }
            (_, Some(to)) => push(Change::More { what: what(to) }),
            _ => {}
        }
    }
    let flags = [
        ("labels known at run time", old.dynamic.is_some(), new.dynamic.is_some()),
        ("the extremes", old.extremes, new.extremes),
        ("the count of values outside", old.outside, new.outside),
        ("that all series exist from the start", old.from_start, new.from_start),
    ];
    for (what, before, now) in flags {
        let what = what.to_owned();
        match (before, now) {
            (true, false) => push(Change::Less { what }),
            (false, true) => push(Change::More { what }),
            _ => {}
        }
    }
    if let (Some(before), Some(now)) = (old.max, new.max)
        && before != now
    {
        let what = format!("the range from {} to {}", before.min(now), before.max(now));
        push(if now < before { Change::Less { what } } else { Change::More { what } });
    }
}

fn of_numbers(name: &str, old: &[f64], new: &[f64], push: &mut impl FnMut(Change)) {
    for number in old.iter().filter(|number| !new.contains(number)) {
        push(Change::Less { what: format!("{name} {number}") });
    }
    for number in new.iter().filter(|number| !old.contains(number)) {
        push(Change::More { what: format!("{name} {number}") });
    }
}

fn of_label(old: &Label, new: &Label, push: &mut impl FnMut(Change)) {
    let name = &old.name;
    if let (Values::Interned(before), Values::Interned(now)) = (&old.values, &new.values)
        && before != now
    {
        let what = format!("room for {} more values of label {name}", before.abs_diff(*now));
        push(if now < before { Change::Less { what } } else { Change::More { what } });
    }
    let (before, now) = (old.values.known(), new.values.known());
    // A value that was not seen this time, or is interned now, can still come.
    if new.values.is_complete() {
        for value in before.iter().filter(|value| !now.contains(value)) {
            push(Change::Less { what: format!("value {value:?} of label {name}") });
        }
        if !old.values.is_complete() {
            push(Change::Less { what: format!("any other value of label {name}") });
        }
    }
    if old.values.is_complete() {
        for value in now.iter().filter(|value| !before.contains(value)) {
            push(Change::More { what: format!("value {value:?} of label {name}") });
        }
        if !new.values.is_complete() {
            push(Change::More { what: format!("any other value of label {name}") });
        }
    }
    if old.optional != new.optional {
        let what = format!("that all series have label {name}");
        push(if new.optional { Change::Less { what } } else { Change::More { what } });
    }
}
