//! The cells of one series, each as narrow as the largest needs it: a scrape reads some hundred
//! cells of eight bytes for each series, and writing as many again would double what goes through
//! the memory bus.

use crate::layout::LINE_WORDS;
use std::ops::Range;

/// Counts of cells that follow each other.
#[derive(Clone)]
pub(super) enum Cells {
    Bytes(Vec<u8>),
    Shorts(Vec<u16>),
    Words(Vec<u32>),
    Longs(Vec<u64>),
}

/// Calls for one of the variants what is the same for all.
macro_rules! each_width {
    ($cells:expr, $counts:ident => $answer:expr) => {
        match $cells {
            Cells::Bytes($counts) => $answer,
            Cells::Shorts($counts) => $answer,
            Cells::Words($counts) => $answer,
            Cells::Longs($counts) => $answer,
        }
    };
}

impl Cells {
    pub(super) const fn new() -> Self {
        Self::Bytes(Vec::new())
    }

    pub(super) fn len(&self) -> usize {
        each_width!(self, counts => counts.len())
    }

    /// The bits of a count.
    fn bits(&self) -> u32 {
        match self {
            Self::Bytes(_) => u8::BITS,
            Self::Shorts(_) => u16::BITS,
            Self::Words(_) => u32::BITS,
            Self::Longs(_) => u64::BITS,
        }
    }

    /// The count at a position; 0 outside.
    #[expect(clippy::useless_conversion, reason = "of one of the widths")]
    pub(super) fn get(&self, at: usize) -> u64 {
        each_width!(self, counts => counts.get(at).map_or(0, |&count| count.into()))
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = u64> {
        (0..self.len()).map(|at| self.get(at))
    }

    /// The sum of the counts before a position that lie on its [line](LINE_WORDS).
    #[inline]
    #[expect(clippy::useless_conversion, reason = "of one of the widths")]
    pub(super) fn sum_on_line(&self, at: usize) -> u64 {
        each_width!(self, counts => {
            let line = counts.get(at / LINE_WORDS * LINE_WORDS..at).unwrap_or_default();
            line.iter().fold(0, |sum, &count| sum.wrapping_add(count.into()))
        })
    }

    /// The sum of the counts in a range of positions, of which any may be outside.
    #[inline]
    #[expect(clippy::useless_conversion, reason = "of one of the widths")]
    pub(super) fn sum(&self, range: Range<usize>) -> u64 {
        let end = range.end.min(self.len());
        each_width!(self, counts => {
            let counts = counts.get(range.start..end).unwrap_or_default();
            counts.iter().fold(0, |sum, &count| sum.wrapping_add(count.into()))
        })
    }

    /// Takes over counts, each `load`ed from a place of `from`, and answers their sum, modulo 2^64.
    /// Memory that is there is used again. `line` is told the number of each [line](LINE_WORDS)
    /// before it is loaded, and the sum up to there.
    ///
    /// All is done again if a count is too large for the present width.
    #[expect(clippy::cast_possible_truncation, reason = "checked after")]
    pub(super) fn fill<S>(
        &mut self,
        from: &[S],
        load: impl Fn(&S) -> u64,
        mut line: impl FnMut(usize, u64),
    ) -> u64 {
        loop {
            let (sum, bits) = match self {
                Self::Bytes(into) => fill(into, from, &load, &mut line, |count| count as u8),
                Self::Shorts(into) => fill(into, from, &load, &mut line, |count| count as u16),
                Self::Words(into) => fill(into, from, &load, &mut line, |count| count as u32),
                Self::Longs(into) => fill(into, from, &load, &mut line, |count| count),
            };
            let needed = u64::BITS - bits.leading_zeros();
            if needed <= self.bits() {
                return sum;
            }
            *self = match needed {
                0..=16 => Self::Shorts(Vec::new()),
                17..=32 => Self::Words(Vec::new()),
                _ => Self::Longs(Vec::new()),
            };
        }
    }
}

/// Answers the sum, and the bits that are set in any count: they are as wide as the widest.
fn fill<S, T: Copy + Default>(
    into: &mut Vec<T>,
    from: &[S],
    load: &impl Fn(&S) -> u64,
    line: &mut impl FnMut(usize, u64),
    narrow: impl Fn(u64) -> T,
) -> (u64, u64) {
    let (mut sum, mut bits) = (0_u64, 0);
    into.resize(from.len(), T::default());
    let mut take = |into: &mut T, from: &S| {
        let count = load(from);
        sum = sum.wrapping_add(count);
        bits |= count;
        *into = narrow(count);
        sum
    };
    let mut before = 0;
    let (from, last_from) = from.as_chunks::<LINE_WORDS>();
    let (into, last_into) = into.as_chunks_mut::<LINE_WORDS>();
    for (at, (into, from)) in into.iter_mut().zip(from).enumerate() {
        line(at, before);
        for (into, from) in into.iter_mut().zip(from) {
            before = take(into, from);
        }
    }
    line(from.len(), before);
    for (into, from) in last_into.iter_mut().zip(last_from) {
        take(into, from);
    }
    (sum, bits)
}

#[cfg(test)]
mod tests {
    use super::Cells;
    use crate::layout::LINE_WORDS;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn narrow_cells_hold_what_was_put_in(
            fills in prop::collection::vec(prop::collection::vec((any::<u64>(), 0..64_u32), 0..40), 1..4),
        ) {
            // The same one is filled again, as at each scrape, with wider and narrower counts.
            let mut cells = Cells::new();
            for fill in fills {
                let counts: Vec<u64> = fill.iter().map(|(count, shift)| count >> shift).collect();
                let mut lines = Vec::new();
                let sum = cells.fill(&counts, |&count| count, |at, before| {
                    // A fill that finds a count too wide begins again.
                    lines.truncate(at);
                    lines.push(before);
                });
                let before = |at: usize| counts[..at].iter().copied().fold(0, u64::wrapping_add);
                prop_assert_eq!(sum, before(counts.len()));
                prop_assert_eq!(cells.iter().collect::<Vec<_>>(), counts.clone());
                for at in 0..counts.len() {
                    let line = lines[at / LINE_WORDS];
                    prop_assert_eq!(line.wrapping_add(cells.sum_on_line(at)), before(at));
                }
            }
        }
    }
}
