use crate::directory;
use crate::layout::header;
use crate::segment::{self, Exhausted, Segment};
use crate::sync::{
    Acquire, AtomicBool, AtomicU64, Mutex, OnceLock, Relaxed, Release, const_fn, lock,
};

/// A value of an interned label: a small number that stands for a string.
///
/// Only an [`Interner`] makes one. The default is `other`, the value that stands for all that did
/// not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelId(u32);

impl LabelId {
    /// The value that stands for every string beyond the label's capacity.
    pub const OTHER: Self = Self(0);

    /// The position among the label's values; 0 is `other`.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The values of one interned label: strings that are given a number once and keep it.
///
/// `#[derive(Label)]` makes one for each type and adds `intern` and `as_str` to the type, so that
/// user code seldom names it. Looking up a known value takes no lock and allocates nothing.
#[derive(Debug)]
pub struct Interner {
    capacity: u32,
    /// What it is called in every run of the program; empty where that is not known.
    name: &'static str,
    table: OnceLock<Table>,
    /// Set once a value did not fit, so that the next ones take no lock.
    full: AtomicBool,
    /// How many values are interned, and the number of the label's values in the directory once a
    /// metric uses them.
    growth: Mutex<Growth>,
}

#[derive(Debug)]
struct Growth {
    count: u32,
    set: Option<u64>,
    /// Whether the values of an earlier run were looked for.
    resumed: bool,
    /// Room for the next strings: an allocation for each would take more than most of them do.
    room: &'static mut [u8],
}

#[derive(Debug)]
struct Table {
    /// Open addressing, at most half full: the upper half of a slot is the hash's, the lower half
    /// the value's number, and 0 an empty slot. Slots are only ever filled.
    slots: Box<[AtomicU64]>,
    /// The strings by number, less one.
    values: Box<[OnceLock<&'static str>]>,
}

/// What a look-up without the lock found.
enum Found {
    Known(LabelId),
    /// Not there; it would go into this slot.
    Vacant(usize),
}

impl Interner {
    /// What values beyond the capacity become.
    pub const OTHER: &'static str = "other";
    /// The largest capacity: 2^24 values.
    pub const MAX_CAPACITY: usize = 1 << 24;

    const_fn! {
        /// An interner for at most `capacity` values, not counting `other`; capped at
        /// [`Interner::MAX_CAPACITY`].
        #[expect(clippy::cast_possible_truncation, reason = "capped just before")]
        pub const fn new(capacity: usize) -> Self {
            let max = Self::MAX_CAPACITY;
            let capacity = if capacity < max { capacity } else { max };
            Self {
                capacity: capacity as u32,
                name: "",
                table: OnceLock::new(),
                full: AtomicBool::new(false),
                growth: Mutex::new(Growth { count: 0, set: None, resumed: false, room: &mut [] }),
            }
        }
    }

    /// Names the interner, so that its values keep their numbers from one run of the program to the
    /// next in a segment that is [resumed](crate::SegmentBuilder::resume). Each interner of a program
    /// has a name of its own, which stays the same. `#[derive(Label)]` gives it the path of the type.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// How many values fit, not counting `other`.
    pub fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// The number of a value, which is given one if it is new. A value that does not fit any more
    /// (the capacity or the segment's directory is used up) is `other`, and counted as saturated.
    #[inline]
    pub fn intern(&self, value: &str) -> LabelId {
        let hash = hash(value);
        match self.table().find(hash, value) {
            Found::Known(id) => id,
            Found::Vacant(_) => self.insert(hash, value),
        }
    }

    /// The string that a number stands for; `other` for one that this interner did not give.
    pub fn resolve(&self, id: LabelId) -> &str {
        let value = id.index().checked_sub(1).and_then(|at| self.table().values.get(at)?.get());
        value.map_or(Self::OTHER, |value| value)
    }

    #[inline]
    fn table(&self) -> &Table {
        match self.table.get() {
            Some(table) => table,
            None => self.make_table(),
        }
    }

    #[cold]
    fn make_table(&self) -> &Table {
        self.table.get_or_init(|| {
            let slots = (self.capacity() * 2).next_power_of_two().max(2);
            Table {
                slots: (0..slots).map(|_| AtomicU64::new(0)).collect(),
                values: (0..self.capacity()).map(|_| OnceLock::new()).collect(),
            }
        })
    }

    #[cold]
    fn insert(&self, hash: u32, value: &str) -> LabelId {
        if value == Self::OTHER {
            return LabelId::OTHER;
        }
        // Relaxed: whoever misses it finds out under the lock.
        if self.full.load(Relaxed) {
            return Self::saturated();
        }
        let mut growth = lock(&self.growth);
        // The models have no earlier run.
        #[cfg(not(tickmetrics_loom))]
        if let Some(segment) = Segment::current()
            && self.resume(&mut growth, segment).is_err()
        {
            return Self::saturated();
        }
        // Another thread may have been first, or an earlier run.
        let vacant = match self.table().find(hash, value) {
            Found::Known(id) => return id,
            Found::Vacant(slot) => slot,
        };
        let published =
            growth.count < self.capacity && growth.set.is_none_or(|set| publish(set, value));
        if !published {
            self.full.store(true, Relaxed);
            return Self::saturated();
        }
        self.add(&mut growth, vacant, hash, value)
    }

    /// Gives the next number to a value that goes into this slot.
    fn add(&self, growth: &mut Growth, vacant: usize, hash: u32, value: &str) -> LabelId {
        let table = self.table();
        // The cell is empty: numbers are given once, under the lock.
        let _ = table.values[growth.count as usize].set(growth.keep(value));
        growth.count += 1;
        let id = LabelId(growth.count);
        // Release pairs with the Acquire in `find`: who sees the number sees its string.
        table.slots[vacant].store(u64::from(hash) << 32 | u64::from(id.0), Release);
        id
    }

    /// Takes up the values of an earlier run of the program, where the segment has some and those
    /// interned in this run so far begin in the same way.
    fn resume(&self, growth: &mut Growth, segment: &Segment) -> Result<(), Exhausted> {
        if std::mem::replace(&mut growth.resumed, true) {
            return Ok(());
        }
        let mut registration = segment.registration();
        let Some(old) = registration.kept().take_set(self.name) else { return Ok(()) };
        if old.capacity != self.capacity {
            // Each metric with this label is laid out otherwise, and says so.
            return Ok(());
        }
        let own: Vec<_> = (1..=growth.count).map(|id| self.resolve(LabelId(id))).collect();
        if let Some((own, old)) = own.iter().zip(&old.values).find(|(own, old)| own != old) {
            segment::warn(&format!(
                "the values of {} have other numbers than in the earlier run: {own:?} has that of \
                 {old:?}, and metrics with this label start from zero; intern values after \
                 Segment::builder().install(), which takes up the earlier ones",
                self.name
            ));
            return Ok(());
        }
        for value in own.iter().skip(old.values.len()) {
            directory::append_value(&registration, old.set, value)?;
        }
        for value in old.values.iter().skip(own.len()) {
            let hash = hash(value);
            // A value is there once, and `resume::Old` has seen to it that there are not too many.
            if let Found::Vacant(slot) = self.table().find(hash, value) {
                self.add(growth, slot, hash, value);
            }
        }
        growth.set = Some(old.set);
        Ok(())
    }

    fn saturated() -> LabelId {
        if let Some(segment) = Segment::current() {
            segment.count(header::SATURATED_LABELS);
        }
        LabelId::OTHER
    }

    /// The number of this label's values in the segment's directory. The first call writes there
    /// what is interned so far; from then on each new value follows.
    pub(crate) fn publish_all(&'static self, segment: &Segment) -> Result<u64, Exhausted> {
        let mut growth = lock(&self.growth);
        if let Some(set) = growth.set {
            return Ok(set);
        }
        self.resume(&mut growth, segment)?;
        if let Some(set) = growth.set {
            return Ok(set);
        }
        let registration = segment.registration();
        let set = directory::append_value_set(&registration, self.name)?;
        for number in 1..=growth.count {
            let id = LabelId(number);
            directory::append_value(&registration, set, self.resolve(id))?;
        }
        growth.set = Some(set);
        Ok(set)
    }
}

impl Growth {
    /// Bytes that are allocated at a time, once a label has many values.
    const CHUNK: usize = 4096;

    /// A copy that is never freed: interners are statics.
    fn keep(&mut self, value: &str) -> &'static str {
        if self.room.len() < value.len() {
            let bytes = (self.count as usize * value.len()).min(Self::CHUNK).max(value.len());
            self.room = Vec::leak(vec![0; bytes]);
        }
        let room = std::mem::take(&mut self.room);
        let (kept, rest) = room.split_at_mut(value.len());
        kept.copy_from_slice(value.as_bytes());
        self.room = rest;
        // It is a copy of a `str`.
        std::str::from_utf8(kept).unwrap_or_default()
    }
}

/// Writes a new value to the segment's directory.
fn publish(set: u64, value: &str) -> bool {
    Segment::current()
        .is_some_and(|segment| directory::append_value(&segment.registration(), set, value).is_ok())
}

impl Table {
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the halves of a slot")]
    fn find(&self, hash: u32, value: &str) -> Found {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            // Acquire pairs with the Release in `add`.
            let slot = self.slots[at].load(Acquire);
            if slot == 0 {
                return Found::Vacant(at);
            }
            let number = slot as u32;
            // Without its string the value would be looked up again under the lock: right, but slow.
            #[cfg(tickmetrics_loom)]
            assert!(
                self.values[number as usize - 1].get().is_some(),
                "a number was seen before its string"
            );
            if (slot >> 32) as u32 == hash
                && self.values[number as usize - 1].get().is_some_and(|known| *known == value)
            {
                return Found::Known(LabelId(number));
            }
            at = (at + 1) & mask;
        }
    }
}

/// Eight bytes at a time, multiply and fold. It need not resist an attacker: a crowded table makes
/// `intern` slower, and its size is bounded by the capacity.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the upper half is folded in before")]
fn hash(value: &str) -> u32 {
    // The fractional part of the golden ratio, which spreads neighbours far apart (Knuth, The Art
    // of Computer Programming, vol. 3, 6.4).
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let product = u128::from(hash ^ word) * u128::from(GOLDEN);
        (product >> 64) as u64 ^ product as u64
    };
    let mut hash = mix(GOLDEN, value.len() as u64);
    let mut chunks = value.as_bytes().chunks_exact(8);
    for chunk in &mut chunks {
        hash = mix(hash, u64::from_le_bytes(chunk.try_into().unwrap_or_default()));
    }
    let rest = chunks.remainder().iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
    hash = mix(hash, rest);
    (hash >> 32) as u32 ^ hash as u32
}
