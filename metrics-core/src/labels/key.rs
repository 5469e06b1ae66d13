//! The hash of an interner's values.

use crate::directory;

/// The key of the hash. It is drawn at random for each interner, and is in no file. So a peer whose
/// values are interned can't choose values that collide, since it knows neither of the two words.
/// Only the size of the table bounds the length of a look-up otherwise.
#[derive(Clone, Copy)]
pub(super) struct Key {
    pub(super) seed: u64,
    /// Odd, so that the lower half of a product keeps all bits of a word.
    pub(super) multiplier: u64,
}

impl Key {
    #[cfg(not(tickmetrics_loom))]
    pub(super) fn random() -> Self {
        use std::hash::{BuildHasher, Hasher, RandomState};

        // Each is SipHash under a key of its own, from the system's random numbers.
        let word = || RandomState::new().build_hasher().finish();
        Self { seed: word(), multiplier: word() | 1 }
    }

    /// The same in each interleaving.
    #[cfg(tickmetrics_loom)]
    pub(super) fn random() -> Self {
        Self { seed: 0, multiplier: 0x9e37_79b9_7f4a_7c15 }
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the upper half is folded in before")]
    pub(super) fn hash(self, value: &str) -> u32 {
        self.absorb(self.seed, value) as u32
    }

    /// The hash of a label set: of its names and values, one after the other.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the upper half is folded in before")]
    pub(super) fn hash_set<'a>(self, labels: impl Iterator<Item = (&'a str, &'a str)>) -> u32 {
        let absorb = |state, (name, value)| self.absorb(self.absorb(state, name), value);
        labels.fold(self.seed, absorb) as u32
    }

    /// Multiplies eight bytes at a time, and folds the halves of the product together.
    #[inline]
    fn absorb(self, state: u64, value: &str) -> u64 {
        #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
        let mix = |state: u64, word: u64| {
            let product = u128::from(state ^ word) * u128::from(self.multiplier);
            (product >> 64) as u64 ^ product as u64
        };
        let mut rest = value.as_bytes();
        let all = rest;
        // A word can undo the change that the length makes here. For each length there is one such
        // word, so eight values can be made to collide, and no more.
        let mut state = state ^ all.len() as u64;
        while rest.len() > 8
            && let Some((word, after)) = rest.split_first_chunk()
        {
            state = mix(state, u64::from_le_bytes(*word));
            rest = after;
        }
        // The last eight bytes, or all of fewer, some of them read twice.
        let half = |chunk: &[u8; 4]| u64::from(u32::from_le_bytes(*chunk));
        let word = match (all.last_chunk(), all.first_chunk(), all.last_chunk()) {
            (Some(word), ..) => u64::from_le_bytes(*word),
            (_, Some(first), Some(last)) => half(first) | half(last) << 32,
            _ => all.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)),
        };
        mix(state, word)
    }
}

/// What a table is asked for: a string, or the labels of a set, names rising, which need not be
/// written one after the other first.
pub(super) trait Sought: Copy {
    fn hash(self, key: Key) -> u32;
    fn is(self, text: &str) -> bool;
}

impl Sought for &str {
    #[inline]
    fn hash(self, key: Key) -> u32 {
        key.hash(self)
    }

    #[inline]
    fn is(self, text: &str) -> bool {
        self == text
    }
}

impl Sought for &[(&str, &str)] {
    #[inline]
    fn hash(self, key: Key) -> u32 {
        key.hash_set(self.iter().copied())
    }

    #[inline]
    fn is(self, text: &str) -> bool {
        directory::is_of(text, self)
    }
}

#[cfg(all(test, not(tickmetrics_loom)))]
mod tests {
    use super::Key;
    use std::collections::HashSet;

    #[test]
    fn each_interner_has_its_own_key() {
        let hashes: HashSet<u32> = (0..64).map(|_| Key::random().hash("AAPL")).collect();
        assert!(hashes.len() > 60, "{}", hashes.len());
    }

    #[test]
    fn all_bytes_and_the_length_are_hashed() {
        let key = Key::random();
        let mut hashes = HashSet::new();
        let mut count = 0;
        for length in 0..40 {
            let zeros = "\0".repeat(length);
            count += 1;
            hashes.insert(key.hash(&zeros));
            for at in 0..length {
                let mut changed = zeros.clone();
                changed.replace_range(at..=at, "x");
                count += 1;
                hashes.insert(key.hash(&changed));
            }
        }
        // One pair of some 800 collides by chance once in ten thousand runs.
        assert!(hashes.len() >= count - 2, "{} of {count}", hashes.len());
    }
}
