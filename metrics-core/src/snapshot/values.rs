//! The values of labels, and the series exposed for them.

use std::ops::Range;
use std::slice;

/// The values of a label, by number, in one piece of memory.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelValues {
    joined: String,
    /// The end of each in `joined`.
    ends: Vec<u32>,
}

/// Numbers of series, rising. Exposed series mostly have exposed neighbours, so a few runs hold
/// many.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Indices {
    runs: Vec<Run>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Run {
    /// The first number, and its position among all.
    pub(super) first: u32,
    at: u32,
    /// One more than the last number.
    pub(super) end: u32,
}

impl LabelValues {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn push(&mut self, value: &str) {
        self.joined.push_str(value);
        // Values come from the directory, whose words are numbered by u32.
        self.ends.push(u32::try_from(self.joined.len()).unwrap_or(u32::MAX));
    }

    /// The value with a number; empty if there is none.
    pub(super) fn get(&self, number: usize) -> &str {
        let start = number.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = start.map_or(0, |&start| start as usize);
        let end = self.ends.get(number).map_or(start, |&end| end as usize);
        self.joined.get(start..end).unwrap_or_default()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.len()).map(|number| self.get(number))
    }

    pub(super) fn number(&self, value: &str) -> Option<usize> {
        self.iter().position(|known| known == value)
    }
}

impl<'a> FromIterator<&'a str> for LabelValues {
    fn from_iter<I: IntoIterator<Item = &'a str>>(values: I) -> Self {
        let mut all = Self::default();
        values.into_iter().for_each(|value| all.push(value));
        all
    }
}

impl Indices {
    pub(super) fn clear(&mut self) {
        self.runs.clear();
    }

    /// Adds the numbers of a range, all above the present ones.
    #[inline]
    pub(super) fn push(&mut self, Range { start, end }: Range<u32>) {
        match self.runs.last_mut() {
            Some(run) if run.end == start => run.end = end,
            last => {
                let at = last.map_or(0, |run| run.at + (run.end - run.first));
                self.runs.push(Run { first: start, at, end });
            }
        }
    }

    /// The position of a number.
    pub(super) fn position(&self, index: u32) -> Option<usize> {
        let run = self.runs.partition_point(|run| run.end <= index);
        let run = self.runs.get(run).filter(|run| run.first <= index)?;
        Some((run.at + (index - run.first)) as usize)
    }

    pub(super) fn len(&self) -> usize {
        self.runs.last().map_or(0, |run| (run.at + (run.end - run.first)) as usize)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> {
        self.runs.iter().flat_map(|run| run.first..run.end)
    }

    /// The numbers from a position on: those up to the end of its run, and the runs after it.
    pub(super) fn runs_from(&self, position: usize) -> (slice::Iter<'_, Run>, u32, u32) {
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        let before = self.runs.partition_point(|run| run.at + (run.end - run.first) <= position);
        let mut runs = self.runs[before..].iter();
        let (first, end) =
            runs.next().map_or((0, 0), |run| (run.first + (position - run.at), run.end));
        (runs, first, end)
    }
}

#[cfg(test)]
mod tests {
    use super::{Indices, LabelValues};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn runs_hold_the_numbers_that_were_added(numbers: BTreeSet<u8>) {
            let mut indices = Indices::default();
            for &number in &numbers {
                indices.push(number.into()..u32::from(number) + 1);
            }
            prop_assert!(indices.iter().eq(numbers.iter().map(|&number| number.into())));
            prop_assert_eq!(indices.len(), numbers.len());
            for from in 0..=numbers.len() + 1 {
                let rest = numbers.iter().skip(from).map(|&number| u32::from(number));
                let (runs, first, end) = indices.runs_from(from);
                let others = runs.flat_map(|run| run.first..run.end);
                prop_assert!((first..end).chain(others).eq(rest));
            }
            for number in 0..300 {
                let position = numbers.iter().position(|&known| u32::from(known) == number);
                prop_assert_eq!(indices.position(number), position);
            }
        }

        #[test]
        fn values_are_found(texts in prop::collection::vec("[a-c]{0,4}", 0..9)) {
            let values: LabelValues = texts.iter().map(String::as_str).collect();
            for (number, text) in texts.iter().enumerate() {
                prop_assert_eq!(values.get(number), text);
                let first = texts.iter().position(|known| known == text);
                prop_assert_eq!(values.number(text), first);
            }
            prop_assert_eq!(values.get(texts.len()), "");
        }
    }
}
