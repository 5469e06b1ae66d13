//! The values of interned labels, and which of them are retired.

use super::values::LabelValues;
use crate::directory::{OTHER, OVERFLOW, SetPlace};
use crate::labels::Interner;
use crate::segment::Part;
use crate::sync::{Arc, Relaxed};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The values of the interned labels of some metrics, by the number of their set.
#[derive(Default)]
pub(super) struct Interned {
    sets: HashMap<u64, Set>,
}

struct Set {
    /// The first is `other`, or the label set for all that did not fit.
    values: Arc<LabelValues>,
    /// A bit for each value that is retired. Empty if none is.
    retired: Vec<u64>,
    from: From,
}

/// What has the values.
enum From {
    /// An interner of this process.
    Interner(&'static Interner),
    /// A segment: values come one by one, and these shared cells have the bits.
    Cells(u32),
}

impl Interned {
    /// Adds the set of an interner, unless it is there.
    pub(super) fn add_interner(&mut self, set: u64, interner: &'static Interner) {
        if let Entry::Vacant(vacant) = self.sets.entry(set) {
            vacant.insert(Set::new(From::Interner(interner), interner.other()));
        }
    }

    /// Adds an empty set of a directory.
    pub(super) fn add_set(&mut self, SetPlace { number, retired, has_sets }: SetPlace) {
        let other = if has_sets { OVERFLOW } else { OTHER };
        self.sets.insert(number, Set::new(From::Cells(retired), other));
    }

    /// Adds a value of a directory.
    pub(super) fn push(&mut self, set: u64, value: &str) {
        if let Some(set) = self.sets.get_mut(&set) {
            Arc::make_mut(&mut set.values).push(value);
        }
    }

    /// Takes over what was interned and retired since the last time. `shared` are the segment's
    /// shared cells.
    pub(super) fn refresh(&mut self, shared: Part<'_>) {
        for Set { values, retired, from } in self.sets.values_mut() {
            retired.clear();
            match from {
                From::Interner(interner) => {
                    let new = interner.values_from(values.len());
                    new.for_each(|value| Arc::make_mut(values).push(value));
                    retired.extend(interner.retired());
                }
                // Without a value besides `other`, no bit is set.
                From::Cells(_) if values.len() <= 1 => {}
                From::Cells(first) => {
                    let first = *first as usize;
                    let bits = first..first + values.len().div_ceil(64);
                    let bits = shared.get(bits).unwrap_or_default();
                    retired.extend(bits.iter().map(|word| word.load(Relaxed)));
                }
            }
            // `other` stays, whatever a file has.
            retired.first_mut().into_iter().for_each(|word| *word &= !1);
            if retired.iter().all(|&word| word == 0) {
                retired.clear();
            }
        }
    }

    /// The values of a set; none if it is unknown.
    pub(super) fn values(&self, set: u64) -> Arc<LabelValues> {
        self.sets.get(&set).map(|set| Arc::clone(&set.values)).unwrap_or_default()
    }

    /// The bits of the retired values of a set; empty if none is retired.
    pub(super) fn retired(&self, set: u64) -> &[u64] {
        self.sets.get(&set).map_or(&[], |set| &set.retired)
    }
}

impl Set {
    fn new(from: From, other: &str) -> Self {
        let values = Arc::new(LabelValues::from_iter([other]));
        Self { values, retired: Vec::new(), from }
    }
}
