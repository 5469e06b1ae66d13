use super::id::LabelId;
use super::key::Sought;
use super::table::{BITS, Found, Table, bit};
use crate::directory::{self, MAX_VALUE_BYTES, MIN_VALUE_WORDS, OVERFLOW, SetPlace};
use crate::layout::header;
use crate::memory::{Leaked, Published, Texts};
use crate::names::beginning;
use crate::report::report;
use crate::segment::{Exhausted, Full, Registration, Segment, directory_full, lay_out_values};
use crate::sync::{AtomicBool, Mutex, Relaxed, const_fn, lock};

/// The values of one interned label: each string gets a number once and keeps it.
///
/// `#[derive(Label)]` makes one for each type and adds `intern` and `as_str` to the type, so user
/// code seldom names it. A look-up of a known value takes no lock and allocates nothing. The memory
/// grows with the values.
///
/// Peers can add only a bounded number of new values: at most `capacity`, none longer than
/// [`MAX_BYTES`](Interner::MAX_BYTES). In the segment's directory each label has a budget, so that
/// no label uses up the room of others. The first metric that uses the label sets the budget: room
/// for `capacity` values of the greatest length, but at most half of the free part of
/// [`directory_bytes`](crate::SegmentBuilder::directory_bytes), less the budgets of other labels.
///
/// # Retired values
/// A delisted symbol need not be exposed for ever: [`retire`](Interner::retire) hides the series of
/// its value, in every metric with this label, until the value is interned again.
///
/// - **Nothing is forgotten.** The series keep their counts. When they return, they have what they
///   had and all that was recorded meanwhile, and never less.
/// - **A kept handle counts on**, and so does a kept label: neither is checked at a record. Neither
///   brings the series back, as [`declare`](crate::Counter::declare) does not. Only
///   [`intern`](Interner::intern) does.
/// - **Hidden series are in no exposition and no iteration** over a [`Snapshot`](crate::Snapshot),
///   also where a program reads the segment's file. Sums have them: that of a handle with labels
///   ([`Snapshot::get`](crate::Snapshot::get)) never falls. Look-ups by labels or by the handle of
///   one series find them. A query's sum over exposed series lacks them, as those of any series that
///   ended; sums of rates are right.
/// - **No room is freed.** The value keeps its number, since a copy of it may be kept anywhere, and
///   must not count for another value. So retired values count towards the capacity.
/// - **A later run** that [resumes](crate::SegmentBuilder::resume) takes over what is retired.
#[derive(Debug)]
pub struct Interner {
    capacity: u32,
    /// The same name in every run of the program; empty if unknown.
    name: &'static str,
    /// Whether the values are the label sets of a dynamic family.
    has_sets: bool,
    table: Published<Table>,
    /// Set once no further value can ever fit, so that later values take no lock.
    full: AtomicBool,
    growth: Mutex<Growth>,
}

#[derive(Debug)]
struct Growth {
    /// The number of interned values.
    count: u32,
    /// The label's values in the directory, once a metric uses them.
    set: Option<Set>,
    /// Whether the values of an earlier run were looked up.
    resumed: bool,
    texts: Texts,
}

#[derive(Debug)]
struct Set {
    /// The label's place in the segment.
    place: SetPlace,
    /// How many values the directory has, counted from the first. It has all of them, unless the
    /// system had no memory for one: that one is tried again.
    published: u32,
    /// The words of the directory that further values may take. Label sets have none of their own.
    budget: usize,
}

// `Interner::OTHER` is written out for its documentation.
const _: () = assert!(matches!(directory::OTHER.as_bytes(), b"other"));

impl Interner {
    /// The value in place of those beyond the capacity.
    pub const OTHER: &'static str = "other";
    /// The largest capacity: 2^24 values.
    pub const MAX_CAPACITY: usize = 1 << 24;
    /// The most bytes of a value. A longer one is cut at a character's boundary, with
    /// [`CUT`](Interner::CUT) at its end.
    pub const MAX_BYTES: usize = MAX_VALUE_BYTES;
    /// The end of each cut value, which distinguishes it from a short one.
    pub const CUT: &'static str = "…";

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
                has_sets: false,
                table: Published::new(),
                full: AtomicBool::new(false),
                growth: Mutex::new(Growth {
                    count: 0,
                    set: None,
                    resumed: false,
                    texts: Texts::new(),
                }),
            }
        }
    }

    /// Names the interner, so that its values keep their numbers from one run of the program to the
    /// next in a segment that is [resumed](crate::SegmentBuilder::resume). Each interner of a
    /// program needs a name of its own, the same in every run. `#[derive(Label)]` uses the path of
    /// the type.
    #[must_use]
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }

    /// One for the label sets of a dynamic family.
    pub(super) fn of_sets(capacity: usize, name: &'static str) -> Self {
        Self { has_sets: true, ..Self::new(capacity).named(name) }
    }

    /// The value of number 0.
    pub(crate) fn other(&self) -> &'static str {
        if self.has_sets { OVERFLOW } else { Self::OTHER }
    }

    /// How many values fit, not counting `other`.
    pub fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// The number of a value; a new value gets one, and the series of a retired one return. A value
    /// that does not fit becomes `other`, and
    /// is counted as saturated. That happens if the capacity or the label's budget in the segment's
    /// directory is used up, or if the file system of the segment's file has no memory for it now.
    ///
    /// A value of more than [`MAX_BYTES`](Interner::MAX_BYTES) is cut, and counted as cut. Two
    /// values that are the same up to the cut become one.
    #[inline]
    pub fn intern(&self, value: &str) -> LabelId {
        if value.len() > Self::MAX_BYTES {
            return self.intern_cut(value);
        }
        match self.find(value) {
            Some(id) => id,
            None => self.insert(value),
        }
    }

    /// The number of a value that is known and not retired.
    #[inline]
    pub(super) fn find(&self, sought: impl Sought) -> Option<LabelId> {
        self.table.get().and_then(|table| table.find(sought))
    }

    /// Hides the series of a value until it is interned again: see
    /// [above](Interner#retired-values). Returns whether that changes anything: `false` for a value
    /// that is unknown or retired already, and for `other`, which stays.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// #[derive(Clone, Copy, Label)]
    /// #[label(capacity = 64)]
    /// struct Symbol(LabelId);
    ///
    /// let registry = Registry::new();
    /// let fills: Counter<Symbol> = registry.register(&Description::new("fills_total", "Fills."))?;
    /// let kept = fills.with(Symbol::intern("AAPL"));
    /// kept.inc();
    /// assert!(Symbol::retire("AAPL"));
    /// kept.inc();
    /// let snapshot = registry.snapshot();
    /// assert_eq!(snapshot.family("fills_total").unwrap().series_count(), 0);
    /// assert_eq!(snapshot.get(&fills), Some(2));
    ///
    /// fills.with(Symbol::intern("AAPL")).inc();
    /// let snapshot = registry.snapshot();
    /// assert_eq!(snapshot.family("fills_total").unwrap().series_count(), 1);
    /// assert_eq!(snapshot.counter("fills_total", &[("symbol", "AAPL")]), Some(3));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    ///
    /// This takes the lock that new values take. A thread that interns the value at the same moment
    /// comes before or after: if after, the series stay.
    pub fn retire(&self, value: &str) -> bool {
        let mut cut = [0; Self::MAX_BYTES];
        let value = if value.len() > Self::MAX_BYTES { Self::cut(value, &mut cut) } else { value };
        let mut growth = lock(&self.growth);
        if let Some(segment) = Segment::current() {
            self.resume(&mut growth, segment);
        }
        let Some(table) = self.table.get() else { return false };
        match table.find_any(value) {
            Some(Found { id, is_retired: false }) => {
                table.retire(id);
                growth.mark(id, true);
                true
            }
            _ => false,
        }
    }

    /// The string of a number; `other` for a number of another interner.
    pub fn resolve(&self, id: LabelId) -> &str {
        self.table.get().and_then(|table| table.get(id)).unwrap_or(Self::OTHER)
    }

    /// The present values from a number on, in the order of their numbers.
    pub(crate) fn values_from(&self, number: usize) -> impl Iterator<Item = &'static str> {
        let table = self.table.get();
        let value = move |number| table?.get(LabelId(u32::try_from(number).ok()?));
        (number..).map_while(value)
    }

    /// The bits of retired values, by number; fewer where no value is retired.
    pub(crate) fn retired(&self) -> impl Iterator<Item = u64> {
        self.table.get().into_iter().flat_map(|table| table.retired())
    }

    #[cold]
    fn intern_cut(&self, value: &str) -> LabelId {
        if let Some(segment) = Segment::current() {
            segment.count(header::CUT_LABELS);
        }
        self.intern(Self::cut(value, &mut [0; Self::MAX_BYTES]))
    }

    /// The value in place of one that is too long.
    fn cut<'a>(value: &str, room: &'a mut [u8; Self::MAX_BYTES]) -> &'a str {
        let end = beginning(value, Self::MAX_BYTES - Self::CUT.len()).len();
        let cut = &mut room[..end + Self::CUT.len()];
        cut[..end].copy_from_slice(&value.as_bytes()[..end]);
        cut[end..].copy_from_slice(Self::CUT.as_bytes());
        // The bytes are two whole `str`s.
        std::str::from_utf8(cut).unwrap_or(Self::OTHER)
    }

    #[cold]
    fn insert(&self, value: &str) -> LabelId {
        if value == self.other() {
            return LabelId::OTHER;
        }
        if self.has_no_room_for(value) {
            return Self::saturated();
        }
        let mut growth = lock(&self.growth);
        if let Some(segment) = Segment::current() {
            self.resume(&mut growth, segment);
        }
        // Another thread may have been first, or an earlier run. Or the value is retired.
        if let Some(Found { id, is_retired }) = self.find_any(value) {
            if is_retired {
                self.revive(&growth, id);
            }
            return id;
        }
        if growth.count >= self.capacity {
            self.full.store(true, Relaxed);
            return Self::saturated();
        }
        if let Some(segment) = Segment::current()
            && let Err(exhausted) = self.publish(&mut growth, &segment.registration(), Some(value))
        {
            // A shorter value may still fit, and the system may have memory again for the next one.
            // So the label is full only if the shortest value finds no room.
            if exhausted.refused.is_none() && exhausted.left < MIN_VALUE_WORDS {
                self.full.store(true, Relaxed);
            }
            return Self::saturated();
        }
        self.add(&mut growth, value)
    }

    /// Whether a value is unknown, and no further one can ever fit.
    pub(super) fn has_no_room_for(&self, value: &str) -> bool {
        // Relaxed: a thread that misses the flag finds out under the lock. A retired value is in a
        // full table, and one that another thread brings back meanwhile is, too.
        self.full.load(Relaxed) && self.find_any(value).is_none()
    }

    fn find_any(&self, value: &str) -> Option<Found> {
        self.table.get()?.find_any(value)
    }

    /// Brings the series of a retired value back. The table comes last: a thread that finds the
    /// value there takes no lock.
    fn revive(&self, growth: &Growth, id: LabelId) {
        growth.mark(id, false);
        self.table.get().into_iter().for_each(|table| table.revive(id));
    }

    fn is_retired(&self, id: LabelId) -> bool {
        self.table.get().is_some_and(|table| table.is_retired(id))
    }

    /// Gives a new value the next number.
    fn add(&self, growth: &mut Growth, value: &str) -> LabelId {
        let id = LabelId(growth.count + 1);
        let text = growth.texts.keep(value);
        match self.table.get() {
            Some(table) if id.index() <= table.room() => table.add(id, text),
            full => {
                let larger = Table::after(full.map(|full| &**full), self.capacity(), self.has_sets);
                larger.add(id, text);
                self.table.publish(Leaked::new(larger));
            }
        }
        growth.count = id.0;
        id
    }

    /// Writes the values that the directory lacks, and then a new one, if a metric uses the label.
    fn publish(
        &self,
        growth: &mut Growth,
        to: &Registration<'_>,
        new: Option<&str>,
    ) -> Result<(), Exhausted> {
        let Growth { count, set: Some(set), .. } = growth else { return Ok(()) };
        while set.published < *count {
            set.append(to, self.resolve(LabelId(set.published + 1)))?;
        }
        new.map_or(Ok(()), |value| set.append(to, value))
    }

    /// Takes over the values of an earlier run, if the segment has some and this run's values so
    /// far begin in the same way.
    fn resume(&self, growth: &mut Growth, segment: &Segment) {
        // The models have no earlier run.
        if cfg!(tickmetrics_loom) || std::mem::replace(&mut growth.resumed, true) {
            return;
        }
        let mut registration = segment.registration();
        let Some(old) = registration.resumed().take_set(self.name) else { return };
        if old.capacity != self.capacity {
            // Each metric with this label is laid out differently, and reports so.
            return;
        }
        let own: Vec<_> = (1..=growth.count).map(|id| self.resolve(LabelId(id))).collect();
        if let Some((own, old)) = own.iter().zip(&old.values).find(|(own, old)| own != old) {
            report(format_args!(
                "the values of {} have other numbers than in the earlier run: {own:?} has that of \
                 {old:?}, and metrics with this label start from zero; intern values after \
                 Segment::builder().install(), which takes up the earlier ones",
                self.name
            ));
            return;
        }
        // `directory::Check` made sure that no value is there twice, and that there are not too
        // many.
        let published = u32::try_from(old.values.len()).unwrap_or(self.capacity);
        let own = own.len();
        for value in old.values.iter().skip(own) {
            self.add(growth, value);
        }
        let budget = self.budget(&registration, published);
        growth.set = Some(Set { place: old.set, published, budget });
        // What this run interned so far is retired if this run did so.
        for id in (1..=u32::try_from(own).unwrap_or(u32::MAX)).map(LabelId) {
            growth.mark(id, self.is_retired(id));
        }
        let later = old.retired.into_iter().map(LabelId).filter(|id| id.index() > own);
        later.for_each(|id| self.table.get().into_iter().for_each(|table| table.retire(id)));
    }

    /// The words of the directory for further values than those of an earlier run.
    fn budget(&self, registration: &Registration<'_>, earlier: u32) -> usize {
        if self.has_sets {
            registration.promise_label_sets(earlier as usize);
            0
        } else {
            registration.promise_values(self.capacity.saturating_sub(earlier) as usize)
        }
    }

    pub(super) fn saturated() -> LabelId {
        if let Some(segment) = Segment::current() {
            segment.count(header::SATURATED_LABELS);
        }
        LabelId::OTHER
    }

    /// The number of this label's values in the segment's directory. The first call writes the
    /// values interned so far; later values follow as they come.
    pub(crate) fn publish_all(&'static self, segment: &Segment) -> Result<u64, Full> {
        let mut growth = lock(&self.growth);
        self.resume(&mut growth, segment);
        let registration = segment.registration();
        let number = if let Some(set) = &growth.set {
            set.place.number
        } else {
            let place = lay_out_values(&registration, self.name, self.capacity, self.has_sets)?;
            let budget = self.budget(&registration, 0);
            growth.set = Some(Set { place, published: 0, budget });
            let known = (1..=growth.count).map(LabelId);
            known.filter(|&id| self.is_retired(id)).for_each(|id| growth.mark(id, true));
            place.number
        };
        self.publish(&mut growth, &registration, None).map_err(directory_full)?;
        Ok(number)
    }
}

impl Growth {
    /// Records for readers of the segment whether a value is retired.
    fn mark(&self, id: LabelId, is_retired: bool) {
        let (Some(set), Some(segment)) = (&self.set, Segment::current()) else { return };
        let word = set.place.retired as usize + id.index() / BITS;
        let Some(word) = segment.shared().get(word) else { return };
        // Relaxed: readers in this process look at the table.
        if is_retired {
            word.fetch_or(bit(id), Relaxed);
        } else {
            word.fetch_and(!bit(id), Relaxed);
        }
    }
}

impl Set {
    /// Writes the next value to the directory.
    fn append(&mut self, to: &Registration<'_>, value: &str) -> Result<(), Exhausted> {
        if self.place.has_sets {
            to.append_label_set(self.place.number, value)?;
        } else {
            to.append_value(self.place.number, value, &mut self.budget)?;
        }
        self.published += 1;
        Ok(())
    }
}
