//! The part of an interner that readers use without a lock.
//!
//! A table has room for some number of values. A full table is replaced by one with twice the room,
//! with the same values and one more. The earlier tables stay, since a reader may still be in one.
//! All tables of an interner together take less than twice the last one. That grows with the
//! present values and not with the capacity: 16 bytes for each value that there is room for, and
//! the string.
//!
//! A retired value keeps its number, its string and its slot. One bit in the slot makes it the slot
//! of a value with another hash, so that a look-up passes it by without a further instruction.

use super::id::LabelId;
use super::key::{Key, Sought};
use crate::directory;
use crate::memory::{PublishedText, Text};
use crate::sync::{Acquire, AtomicU32, AtomicU64, Relaxed, Release, fence};

/// Room in the first table of an interner.
const FIRST_ROOM: usize = if cfg!(tickmetrics_loom) { 1 } else { 16 };

pub(super) struct Table {
    key: Key,
    /// Whether the values are label sets.
    has_sets: bool,
    /// Open addressing, at most half full. The number of slots is a power of two. A slot is filled
    /// once and never emptied. It is 0, or the number of a value in the lower bits and the upper
    /// bits of the value's hash above, one of which is [flipped](RETIRED) if the value is retired.
    slots: Box<[AtomicU32]>,
    /// By number. There is no value at 0, which stands for `other`.
    values: Box<[PublishedText]>,
    /// A bit for each value, by number: whether it is retired.
    retired: Box<[AtomicU64]>,
    /// The table that this one replaced: so a search for leaks finds all tables.
    _earlier: Option<&'static Self>,
}

/// The bits of a slot that hold a number: enough for `Interner::MAX_CAPACITY`.
const NUMBER: u32 = (1 << 25) - 1;
/// The bit of a slot that is flipped if the value is retired. It has no part in a slot's position:
/// the largest table has as many slots as there are numbers.
const RETIRED: u32 = NUMBER + 1;

/// A value of a table.
#[derive(Clone, Copy)]
pub(super) struct Found {
    pub(super) id: LabelId,
    pub(super) is_retired: bool,
}

impl Table {
    /// A table with the values of an earlier one, and room for at least one more.
    pub(super) fn after(earlier: Option<&'static Self>, capacity: usize, has_sets: bool) -> Self {
        let room = earlier.map_or(FIRST_ROOM, |earlier| earlier.room() * 2).min(capacity);
        let slots = (room * 2).next_power_of_two().max(2);
        let key = earlier.map_or_else(Key::random, |earlier| earlier.key);
        let table = Self {
            key,
            has_sets,
            slots: (0..slots).map(|_| AtomicU32::new(0)).collect(),
            values: (0..=room).map(|_| PublishedText::new()).collect(),
            retired: (0..=room / BITS).map(|_| AtomicU64::new(0)).collect(),
            _earlier: earlier,
        };
        if let Some(earlier) = earlier {
            for (number, value) in (0..).zip(&earlier.values) {
                let id = LabelId(number);
                value.get().into_iter().for_each(|text| table.add(id, text));
                if earlier.is_retired(id) {
                    table.retire(id);
                }
            }
        }
        table
    }

    /// The number of values that fit.
    pub(super) fn room(&self) -> usize {
        self.values.len() - 1
    }

    /// The string with a number.
    pub(super) fn get(&self, id: LabelId) -> Option<&'static str> {
        Some(self.text(id)?.as_str())
    }

    #[inline]
    fn text(&self, id: LabelId) -> Option<Text> {
        self.values.get(id.index())?.get()
    }

    /// The number of a string, if this table has it.
    #[inline]
    pub(super) fn find(&self, sought: impl Sought) -> Option<LabelId> {
        let hash = sought.hash(self.key);
        let mut at = hash as usize;
        let id = self.alike(hash, &mut at)?;
        if sought.is(self.text(id)?.as_str()) { Some(id) } else { self.find_further(sought) }
    }

    /// Continues `find` behind a different value whose hash has the same upper bits. It hashes
    /// again, so that `find` need not keep the hash.
    #[cold]
    fn find_further(&self, sought: impl Sought) -> Option<LabelId> {
        let hash = sought.hash(self.key);
        let mut at = hash as usize;
        loop {
            let id = self.alike(hash, &mut at)?;
            if sought.is(self.text(id)?.as_str()) {
                return Some(id);
            }
        }
    }

    /// The next number in the slots from `at` on whose value has such a hash, if there is one.
    #[inline]
    fn alike(&self, hash: u32, at: &mut usize) -> Option<LabelId> {
        let mask = self.slots.len().checked_sub(1)?;
        // There is an empty slot, which ends the loop.
        loop {
            // Acquire pairs with the Release in `revive`: whoever finds a value that was retired
            // finds its series shown.
            let slot = self.slots.get(*at & mask)?.load(Acquire);
            *at += 1;
            if slot == 0 {
                return None;
            }
            if slot ^ hash <= NUMBER {
                return Some(LabelId(slot & NUMBER));
            }
        }
    }

    /// A string's value, retired or not, if this table has it.
    #[cold]
    pub(super) fn find_any(&self, text: &str) -> Option<Found> {
        let hash = self.hash(text);
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = hash as usize;
        // There is an empty slot, which ends the loop.
        loop {
            // Acquire: as in `alike`.
            let slot = self.slots.get(at & mask)?.load(Acquire);
            let id = LabelId(slot & NUMBER);
            if slot == 0 {
                return None;
            }
            if (slot ^ hash) & !RETIRED <= NUMBER && self.text(id)?.as_str() == text {
                return Some(Found { id, is_retired: (slot ^ hash) & RETIRED != 0 });
            }
            at += 1;
        }
    }

    /// Adds a new value, under the interner's lock, if there is room.
    pub(super) fn add(&self, id: LabelId, text: Text) {
        let Some(value) = self.values.get(id.index()) else { return };
        value.publish(text);
        let hash = self.hash(text.as_str());
        if let Some(slot) = self.first_slot(hash, 0) {
            // Relaxed: a number whose string is not visible yet is looked up again under the lock.
            slot.store(hash & !NUMBER | id.0, Relaxed);
        }
    }

    /// Whether a value is retired.
    pub(super) fn is_retired(&self, id: LabelId) -> bool {
        let word = self.retired.get(id.index() / BITS);
        word.is_some_and(|word| word.load(Relaxed) & bit(id) != 0)
    }

    /// The bits of retired values, by number.
    pub(super) fn retired(&self) -> impl Iterator<Item = u64> {
        let mut words = self.retired.iter();
        std::iter::from_fn(move || {
            let word = words.next().map(|word| word.load(Relaxed));
            // Acquire pairs with the Release in `retire`: whoever finds a value's series hidden
            // finds its slot changed, and brings them back by interning the value.
            fence(Acquire);
            word
        })
    }

    /// Retires a value, under the interner's lock.
    pub(super) fn retire(&self, id: LabelId) {
        if let (Some(slot), Some(word)) = (self.slot(id), self.retired.get(id.index() / BITS)) {
            slot.fetch_xor(RETIRED, Relaxed);
            // Release pairs with the Acquire in `retired`.
            word.fetch_or(bit(id), Release);
        }
    }

    /// Brings a retired value back, under the interner's lock.
    pub(super) fn revive(&self, id: LabelId) {
        if let (Some(slot), Some(word)) = (self.slot(id), self.retired.get(id.index() / BITS)) {
            word.fetch_and(!bit(id), Relaxed);
            // Release pairs with the Acquire in `alike`. It comes after the series are shown again.
            slot.fetch_xor(RETIRED, Release);
        }
    }

    fn hash(&self, text: &str) -> u32 {
        if self.has_sets { self.key.hash_set(directory::pairs(text)) } else { self.key.hash(text) }
    }

    /// The slot of a value.
    fn slot(&self, id: LabelId) -> Option<&AtomicU32> {
        let hash = self.hash(self.get(id)?);
        self.first_slot(hash, id.0)
    }

    /// The first slot for a hash that has this number; 0 is that of an empty one.
    fn first_slot(&self, hash: u32, number: u32) -> Option<&AtomicU32> {
        let mask = self.slots.len().checked_sub(1)?;
        let places = (hash as usize..).take(self.slots.len());
        let mut slots = places.map(|at| &self.slots[at & mask]);
        slots.find(|slot| slot.load(Relaxed) & NUMBER == number)
    }
}

/// The values of a word of bits.
pub(super) const BITS: usize = u64::BITS as usize;

/// A value's bit in its word.
pub(super) fn bit(id: LabelId) -> u64 {
    1 << (id.index() % BITS)
}

#[cfg(all(test, not(tickmetrics_loom)))]
mod tests {
    use super::{Key, Table};
    use crate::labels::LabelId;
    use crate::memory::{Text, Texts};
    use crate::sync::Relaxed;

    /// A known key, for which an attacker can find collisions.
    const KNOWN: Key = Key { seed: 0x9e37_79b9_7f4a_7c15, multiplier: 0x9e37_79b9_7f4a_7c15 };

    fn longest_run(table: &Table) -> usize {
        let runs = table.slots.split(|slot| slot.load(Relaxed) == 0);
        runs.map(<[_]>::len).max().unwrap_or(0)
    }

    fn text(value: &str) -> Text {
        Texts::new().keep(value)
    }

    fn table_of(values: impl Iterator<Item = String>, room: usize) -> Table {
        let mut table = Table::after(None, usize::MAX, false);
        while table.room() < room {
            table = Table::after(Some(Box::leak(Box::new(table))), usize::MAX, false);
        }
        for (number, value) in (1..).zip(values) {
            table.add(LabelId(number), text(&value));
        }
        table
    }

    #[test]
    fn values_that_collide_under_one_key_do_not_under_another() {
        // All in one of 512 places under the known key.
        let colliding = || {
            let values = (0..).map(|at| format!("S{at}"));
            values.filter(|value| KNOWN.hash(value) & 0x1ff == 7).take(256)
        };
        let mut table = table_of(colliding(), 256);
        assert!(longest_run(&table) < 64, "{}", longest_run(&table));
        table = Table { key: KNOWN, ..table_of(std::iter::empty(), 256) };
        for (number, value) in (1..).zip(colliding()) {
            table.add(LabelId(number), text(&value));
        }
        assert_eq!(longest_run(&table), 256, "they collide under the known one");
    }

    #[test]
    fn usual_names_are_spread() {
        for _ in 0..20 {
            let names = (0..4096).map(|at| format!("venue-{at}.example.com"));
            let table = table_of(names, 4096);
            assert!(longest_run(&table) < 200, "{}", longest_run(&table));
            for at in 0..4096 {
                let id = table.find(&*format!("venue-{at}.example.com"));
                assert_eq!(id.map(LabelId::index), Some(at + 1));
            }
            assert!(table.find("venue-4096.example.com").is_none());
        }
    }
}
