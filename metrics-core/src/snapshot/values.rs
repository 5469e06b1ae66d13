//! The values of labels, and the series exposed for them.

use std::ops::Range;
use std::slice;

/// Strings or runs of bytes, one after the other in one piece of memory.
#[derive(Clone, Debug)]
pub(super) struct Pieces<J> {
    joined: J,
    /// The beginning of each in `joined`, and the end of the last one.
    edges: Vec<u32>,
}

/// A buffer of joined pieces.
pub(super) trait Joined: Default {
    type Piece: ?Sized;

    fn len(&self) -> usize;

    fn append(&mut self, other: &Self);

    /// A part; empty where there is none.
    fn piece(&self, range: Range<usize>) -> &Self::Piece;
}

/// The values of a label, by number.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelValues(Pieces<String>);

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

impl Joined for String {
    type Piece = str;

    fn len(&self) -> usize {
        self.len()
    }

    fn append(&mut self, other: &Self) {
        self.push_str(other);
    }

    #[inline]
    fn piece(&self, range: Range<usize>) -> &str {
        self.get(range).unwrap_or_default()
    }
}

impl Joined for Vec<u8> {
    type Piece = [u8];

    fn len(&self) -> usize {
        self.len()
    }

    fn append(&mut self, other: &Self) {
        self.extend_from_slice(other);
    }

    #[inline]
    fn piece(&self, range: Range<usize>) -> &[u8] {
        self.get(range).unwrap_or_default()
    }
}

impl<J: Joined> Default for Pieces<J> {
    fn default() -> Self {
        Self { joined: J::default(), edges: vec![0] }
    }
}

impl<J: Joined> Pieces<J> {
    pub(super) fn len(&self) -> usize {
        self.edges.len() - 1
    }

    /// Adds the piece that `write` appends.
    pub(super) fn push(&mut self, write: impl FnOnce(&mut J)) {
        write(&mut self.joined);
        // Values come from the directory, whose words are numbered by u32.
        self.edges.push(u32::try_from(self.joined.len()).unwrap_or(u32::MAX));
    }

    /// The piece with a number; empty if there is none.
    #[inline]
    pub(super) fn get(&self, at: usize) -> &J::Piece {
        let range = match self.edges.get(at..at + 2) {
            Some(&[start, end]) => start as usize..end as usize,
            _ => 0..0,
        };
        self.joined.piece(range)
    }
}

impl LabelValues {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn push(&mut self, value: &str) {
        self.0.push(|joined| joined.push_str(value));
    }

    /// The value with a number; empty if there is none.
    pub(super) fn get(&self, number: usize) -> &str {
        self.0.get(number)
    }

    /// The bytes of the longest one.
    pub(super) fn longest(&self) -> usize {
        (0..self.len()).map(|number| self.get(number).len()).max().unwrap_or(0)
    }

    pub(super) fn number(&self, value: &str) -> Option<usize> {
        (0..self.len()).find(|&number| self.get(number) == value)
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
