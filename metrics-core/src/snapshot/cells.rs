//! The cells of one series, each as narrow as the largest allows. A scrape reads some hundred cells
//! of eight bytes for each series, and writing as many again would double the traffic of the memory
//! bus.

use crate::layout::{LINE_WORDS, MOST};
use std::mem;

/// Counts of consecutive cells.
#[derive(Clone)]
pub(super) enum Cells {
    Bytes(Vec<u8>),
    Shorts(Vec<u16>),
    Words(Vec<u32>),
    Longs(Vec<u64>),
}

/// Does the same for each of the variants.
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
    pub(super) fn sum_on_line(&self, at: usize) -> u64 {
        each_width!(self, counts => {
            let (lines, rest) = counts.as_chunks::<LINE_WORDS>();
            match lines.get(at / LINE_WORDS) {
                Some(line) => Count::sum_of_first(line, at % LINE_WORDS),
                None => Count::sum_of_first(&padded(rest), at % LINE_WORDS),
            }
        })
    }

    /// The number of counts from each position to the next one of `ends`, which rise, from `start`
    /// on. Any may be behind the last cell.
    ///
    /// The lines are summed up first: a loop from one end to the next has another length each time,
    /// which no processor predicts.
    pub(super) fn between(&self, start: usize, ends: impl Iterator<Item = usize>) -> Vec<u64> {
        each_width!(self, counts => {
            let (lines, rest) = counts.as_chunks::<LINE_WORDS>();
            let mut before = Vec::with_capacity(lines.len() + 1);
            let mut sum = 0_u64;
            before.push(sum);
            before.extend(lines.iter().map(|line| {
                sum = plus_lines(line, sum);
                sum
            }));
            let last = padded(rest);
            let up_to = |at: usize| {
                let at = at.min(counts.len());
                let line = at / LINE_WORDS;
                let part = Count::sum_of_first(lines.get(line).unwrap_or(&last), at % LINE_WORDS);
                before.get(line).map_or(0, |&before| plus(before, part))
            };
            let mut from = up_to(start);
            ends.map(|end| {
                let to = up_to(end);
                to.wrapping_sub(mem::replace(&mut from, to))
            })
            .collect()
        })
    }

    /// Takes over counts, each `load`ed from a place of `from`, and answers their sum, at most
    /// [`MOST`]. Existing memory is used again. `line` gets the number of each [line](LINE_WORDS)
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

/// The sum of counts, at most [`MOST`].
#[inline]
pub(super) fn plus(a: u64, b: u64) -> u64 {
    a.saturating_add(b).min(MOST)
}

/// A sum and that of a further line.
#[inline]
fn plus_lines<T: Count>(line: &[T; LINE_WORDS], sum: u64) -> u64 {
    T::plus(sum, T::sum(line))
}

/// A part of a line, and zeros.
fn padded<T: Count>(part: &[T]) -> [T; LINE_WORDS] {
    let mut line = [T::default(); LINE_WORDS];
    line.iter_mut().zip(part).for_each(|(padded, &count)| *padded = count);
    line
}

/// A count of some width.
trait Count: Copy + Default + Into<u64> {
    /// The sum of two sums of counts of this width: only of the widest can they be too large.
    #[inline]
    fn plus(a: u64, b: u64) -> u64 {
        a.wrapping_add(b)
    }

    /// The sum of a line.
    #[inline]
    fn sum(line: &[Self; LINE_WORDS]) -> u64 {
        Self::sum_of_first(line, LINE_WORDS)
    }

    /// The sum of the first counts of a line.
    #[inline]
    fn sum_of_first(line: &[Self; LINE_WORDS], counts: usize) -> u64 {
        line.iter().take(counts).fold(0, |sum, &count| Self::plus(sum, count.into()))
    }
}

impl Count for u16 {}
impl Count for u32 {}

impl Count for u64 {
    #[inline]
    fn plus(a: u64, b: u64) -> u64 {
        plus(a, b)
    }
}

impl Count for u8 {
    /// Pairs are added up side by side in a word, and then by a multiplication.
    #[inline]
    fn sum(line: &[Self; LINE_WORDS]) -> u64 {
        const PAIRS: u64 = 0x00ff_00ff_00ff_00ff;
        const ONES: u64 = 0x0001_0001_0001_0001;
        let word = u64::from_le_bytes(*line);
        let pairs = (word & PAIRS) + (word >> 8 & PAIRS);
        pairs.wrapping_mul(ONES) >> 48
    }

    #[inline]
    fn sum_of_first(line: &[Self; LINE_WORDS], counts: usize) -> u64 {
        let others = [0, 8, 16, 24, 32, 40, 48, 56].get(counts).map_or(0, |&bits| u64::MAX << bits);
        Self::sum(&(u64::from_le_bytes(*line) & !others).to_le_bytes())
    }
}

/// Returns the sum, and the bits that are set in any count: they are as wide as the widest.
fn fill<S, T: Count>(
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
        sum = T::plus(sum, count);
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
    use super::{Cells, plus};
    use crate::layout::LINE_WORDS;
    use proptest::prelude::*;

    /// Counts of which none has more than some number of bits, so that all widths come up.
    fn counts() -> impl Strategy<Value = Vec<u64>> {
        let count = |bits: u32| {
            (any::<u64>(), 0..=bits)
                .prop_map(|(count, bits)| count.checked_shr(64 - bits).unwrap_or(0))
        };
        (0..=64_u32).prop_flat_map(move |bits| prop::collection::vec(count(bits), 0..40))
    }

    proptest! {
        #[test]
        fn narrow_cells_hold_what_was_put_in(
            fills in prop::collection::vec(counts(), 1..4),
            start in 0..50_usize,
            ends in prop::collection::vec(0..50_usize, 0..9),
        ) {
            let mut ends: Vec<_> = ends.into_iter().map(|end| start + end).collect();
            ends.sort_unstable();
            // The same one is filled again, as at each scrape, with wider and narrower counts.
            let mut cells = Cells::new();
            for counts in fills {
                let mut lines = Vec::new();
                let sum = cells.fill(&counts, |&count| count, |at, before| {
                    // A fill that finds a count too wide begins again.
                    lines.truncate(at);
                    lines.push(before);
                });
                let before = |at: usize| counts[..at].iter().copied().fold(0, plus);
                prop_assert_eq!(sum, before(counts.len()));
                prop_assert_eq!(cells.iter().collect::<Vec<_>>(), counts.clone());
                for at in 0..counts.len() {
                    let line = lines[at / LINE_WORDS];
                    prop_assert_eq!(plus(line, cells.sum_on_line(at)), before(at));
                }
                let up_to = |at: usize| before(at.min(counts.len()));
                let from = [start].into_iter().chain(ends.iter().copied());
                let expected: Vec<u64> =
                    ends.iter().zip(from).map(|(&to, from)| up_to(to).wrapping_sub(up_to(from))).collect();
                prop_assert_eq!(cells.between(start, ends.iter().copied()), expected);
            }
        }
    }
}
