//! The label sets of a dynamic family: names and values that are known only at run time.

use super::id::LabelId;
use super::intern::Interner;
use super::{Dimension, Labels};
use crate::directory::{MAX_VALUE_BYTES, SetNames, pairs, write_set};
use crate::report::report;
use crate::sync::{AtomicBool, Mutex, Relaxed, lock, process_wide};
use std::fmt;

/// The number of a series in a dynamic family. Only [`LabelSets`] makes one, so it is less than the
/// number of the family's series.
#[derive(Clone, Copy, Debug)]
pub struct LabelSet(LabelId);

/// The number of series is the family's, and not the type's.
impl Labels for LabelSet {
    const SERIES: usize = Interner::MAX_CAPACITY + 1;

    /// None: [`Registry::register_dynamic`](crate::Registry::register_dynamic) adds the family's.
    fn dimensions() -> Vec<Dimension> {
        Vec::new()
    }

    #[inline]
    fn index(self) -> usize {
        self.0.index()
    }
}

/// The most labels that are put in order without an allocation.
const FEW: usize = 8;

process_wide! {
    /// Those of all families, which stay for ever: so a search for leaks finds them.
    static ALL: Mutex<Vec<&'static LabelSets>> = Mutex::new(Vec::new());
}

#[derive(Debug)]
pub(crate) struct LabelSets {
    pub(crate) interner: Interner,
    /// The family, for reports.
    family: String,
    names: Mutex<Names>,
    was_reported: AtomicBool,
}

#[derive(Debug)]
struct Names {
    names: SetNames,
    /// The interner's values whose names are among them.
    known: usize,
}

/// The reason why labels can't be those of a series: see [`Dynamic::try_with`](crate::Dynamic::try_with).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelSetError {
    family: String,
    label: String,
    reason: &'static str,
}

impl LabelSets {
    /// Sets for a family whose series have these names of labels in addition. They stay for ever, as the
    /// family's cells do. `identity` is the same in every run of the program.
    pub(crate) fn new(
        capacity: usize,
        identity: &'static str,
        family: &str,
        reserved: &[&str],
    ) -> &'static Self {
        let names = SetNames::reserving(reserved);
        let sets = Box::leak(Box::new(Self {
            interner: Interner::of_sets(capacity, identity),
            family: family.to_owned(),
            names: Mutex::new(Names { names, known: 0 }),
            was_reported: AtomicBool::new(false),
        }));
        lock(&ALL).push(sets);
        sets
    }

    /// The series with these labels, in any order. Labels that no series can have are reported once
    /// and count as labels that did not fit.
    #[inline]
    pub(crate) fn get(&self, labels: &[(&str, &str)]) -> LabelSet {
        self.find(labels).unwrap_or_else(|| self.get_slowly(labels))
    }

    #[cold]
    fn get_slowly(&self, labels: &[(&str, &str)]) -> LabelSet {
        self.add(labels).unwrap_or_else(|error| {
            // Relaxed: a second report does no harm.
            if !self.was_reported.swap(true, Relaxed) {
                report(format_args!("{error}; it is counted among those that did not fit"));
            }
            LabelSet(Interner::saturated())
        })
    }

    /// As [`get`](Self::get), with an error for labels that no series can have.
    #[inline]
    pub(crate) fn try_get(&self, labels: &[(&str, &str)]) -> Result<LabelSet, LabelSetError> {
        self.find(labels).map_or_else(|| self.add(labels), Ok)
    }

    /// The series of a label set that is known.
    #[inline]
    fn find(&self, labels: &[(&str, &str)]) -> Option<LabelSet> {
        let is_sorted = labels.is_sorted_by(|a, b| rises(a.0, b.0));
        let known = if is_sorted { self.interner.find(labels).map(LabelSet) } else { None };
        known.or_else(|| self.find_in_order(labels))
    }

    /// As [`find`](Self::find), of the labels that have a value, in order.
    #[inline(never)]
    fn find_in_order(&self, labels: &[(&str, &str)]) -> Option<LabelSet> {
        let mut few = [("", ""); FEW];
        let mut count = 0;
        for &label in with_values(labels) {
            *few.get_mut(count)? = label;
            count += 1;
        }
        let sorted = few.get_mut(..count)?;
        sorted.sort_unstable_by_key(|&(name, _)| name);
        self.interner.find(&*sorted).map(LabelSet)
    }

    #[cold]
    fn add(&self, labels: &[(&str, &str)]) -> Result<LabelSet, LabelSetError> {
        let sorted = sorted(labels);
        let Some(text) = text(&sorted) else {
            let label = sorted.first().map_or("", |&(name, _)| name);
            return Err(self.error(label, "the names and values of all labels have too many bytes"));
        };
        if let Some(known) = self.interner.find(&sorted[..]) {
            return Ok(LabelSet(known));
        }
        // Held until the set is interned, so that no other one is checked in between.
        let _names = if self.interner.has_no_room_for(&text) {
            None
        } else {
            let mut names = lock(&self.names);
            names.read(&self.interner);
            if let Some((label, reason)) = names.names.fault(&sorted.iter().copied()) {
                return Err(self.error(label, reason));
            }
            Some(names)
        };
        Ok(LabelSet(self.interner.intern(&text)))
    }

    fn error(&self, label: &str, reason: &'static str) -> LabelSetError {
        LabelSetError { family: self.family.clone(), label: label.to_owned(), reason }
    }

    /// See [`Dynamic::retire`](crate::Dynamic::retire).
    pub(crate) fn retire(&self, labels: &[(&str, &str)]) -> bool {
        text(&sorted(labels)).is_some_and(|text| self.interner.retire(&text))
    }
}

/// Whether a name is less than the next. Mostly the first bytes decide that.
#[inline]
fn rises(name: &str, next: &str) -> bool {
    name.as_bytes().first() < next.as_bytes().first() || name < next
}

impl Names {
    /// Adds the names of the sets that the interner has by now: also those of an earlier run.
    fn read(&mut self, interner: &Interner) {
        for text in interner.values_from(self.known + 1) {
            self.names.add(&pairs(text));
            self.known += 1;
        }
    }
}

/// A label with an empty value is the same as none
/// (<https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels>), so no set has one.
fn with_values<'a, 'l>(
    labels: &'l [(&'a str, &'a str)],
) -> impl Iterator<Item = &'l (&'a str, &'a str)> {
    labels.iter().filter(|(_, value)| !value.is_empty())
}

fn sorted<'a>(labels: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut sorted: Vec<_> = with_values(labels).copied().collect();
    sorted.sort_unstable_by_key(|&(name, _)| name);
    sorted
}

/// The text of sorted labels; `None` if they are too long.
fn text(labels: &[(&str, &str)]) -> Option<String> {
    let mut room = [0; MAX_VALUE_BYTES];
    Some(std::str::from_utf8(write_set(labels, &mut room)?).unwrap_or_default().to_owned())
}

impl LabelSetError {
    /// The name of the label.
    pub fn label(&self) -> &str {
        &self.label
    }
}

impl fmt::Display for LabelSetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { family, label, reason } = self;
        write!(f, "no series of {family:?} can have the label {label:?}: {reason}")
    }
}

impl std::error::Error for LabelSetError {}
