//! A table that is only added to: a hit takes no lock.
//!
//! A value lies in the first free slot after that of its hash, and stays there. So whoever looks for it
//! passes the same slots in the same order, and two threads that add the same value meet at the same slot:
//! one of them sets it, and the other finds it there.

use std::iter::repeat_with;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

pub(crate) struct Slots<T> {
    /// A power of two, at least twice as many as values: a look-up ends at a free one.
    slots: Box<[OnceLock<T>]>,
    /// Values that may still be added.
    left: AtomicUsize,
}

impl<T> Slots<T> {
    /// Room for so many values.
    pub(crate) fn new(values: usize) -> Self {
        let slots = values.max(1).saturating_mul(2).next_power_of_two();
        Self { slots: repeat_with(OnceLock::new).take(slots).collect(), left: values.into() }
    }

    /// The value of this hash for which `is` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u64, is: impl Fn(&T) -> bool) -> Option<&T> {
        self.probe(hash).map_while(OnceLock::get).find(|value| is(value))
    }

    /// The same, or the value that `make` adds. `None` if there is no room for it, or if other threads
    /// are adding the last values that there is room for.
    pub(crate) fn find_or_add(
        &self,
        hash: u64,
        is: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> Option<&T> {
        if let Some(value) = self.find(hash, &is) {
            return Some(value);
        }
        // Relaxed: only the number counts. The slot itself publishes the value.
        let less = |left: usize| left.checked_sub(1);
        self.left.fetch_update(Relaxed, Relaxed, less).ok()?;
        let mut value = make();
        for slot in self.probe(hash) {
            let Err(back) = slot.set(value) else { return slot.get() };
            if let Some(known) = slot.get()
                && is(known)
            {
                self.left.fetch_add(1, Relaxed);
                return Some(known);
            }
            value = back;
        }
        None
    }

    fn probe(&self, hash: u64) -> impl Iterator<Item = &OnceLock<T>> {
        let mask = self.slots.len() - 1;
        #[expect(clippy::cast_possible_truncation, reason = "the low bits are the slot")]
        let start = hash as usize & mask;
        (0..=mask).filter_map(move |passed| self.slots.get(start.wrapping_add(passed) & mask))
    }
}

/// A hash of a few instructions. It need not withstand an attack: a look-up passes at most as many slots
/// as values were added, and a stranger adds none.
#[inline]
pub(crate) fn hash(seed: u64, text: &str) -> u64 {
    // The multiplier of FxHash, which Firefox and rustc use.
    const FACTOR: u64 = 0x517c_c1b7_2722_0a95;
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(FACTOR);
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let hash = words.iter().fold(seed, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    let last = rest.iter().fold(1, |word, &byte| word << 8 | u64::from(byte));
    // The high bits depend on all others, and slots are chosen by the low ones.
    mix(hash, last).rotate_left(20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn threads_that_add_the_same_values_get_the_same_ones() {
        // Room for what all threads may be adding at once.
        let slots: Slots<Box<u64>> = Slots::new(103);
        let add = || -> Vec<_> {
            let value = |at: u64| slots.find_or_add(at % 7, |value| **value == at, || at.into());
            (0..100).map(|at| std::ptr::from_ref(value(at).unwrap()).addr()).collect()
        };
        let found: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(add)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.windows(2).all(|two| two[0] == two[1]));
        for at in 0..100 {
            assert_eq!(slots.find(at % 7, |value| **value == at), Some(&at.into()));
        }
        let full = (100..200).find(|&at| slots.find_or_add(3, |_| false, || at.into()).is_none());
        assert_eq!(full, Some(103));
    }

    #[test]
    fn a_full_table_finds_what_it_has() {
        let slots = Slots::new(0);
        assert!(slots.find_or_add(1, |_| true, || 1).is_none());
        let slots = Slots::new(1);
        assert_eq!(slots.find_or_add(1, |&value| value == 1, || 1), Some(&1));
        assert_eq!(slots.find_or_add(1, |&value| value == 2, || 2), None);
        assert_eq!(slots.find_or_add(1, |&value| value == 1, || 3), Some(&1));
    }

    #[test]
    fn hashes_differ_by_each_byte() {
        let texts = ["", "a", "\0", "\0\0", "/a", "/b", "/orders/{id}", "/orders/{ie}", "12345678"];
        let mut hashes: Vec<_> = texts.iter().flat_map(|it| [hash(0, it), hash(1, it)]).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 2 * texts.len());
    }
}
