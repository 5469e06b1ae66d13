//! A thread's own handles, in front of those that all threads share.
//!
//! The macros of `metrics` ask for a handle at every call. A hit takes no lock and touches no memory
//! of other threads: the `Arc` that is cloned is this thread's own.

use metrics::{Counter, Gauge, Histogram, Key};
use std::cell::RefCell;
use std::thread::LocalKey;

/// Handles of a thread and a kind: `SETS` × `WAYS` of them.
const SETS: usize = 64;
const WAYS: usize = 4;

/// The handles that a thread used last, of one kind.
pub(crate) struct Cache<M> {
    /// Empty before the first use.
    slots: Vec<Option<Slot<M>>>,
    /// The next way to be replaced in a full set.
    next: usize,
}

struct Slot<M> {
    /// The number of its recorder, which no other one ever has.
    recorder: u64,
    key: Key,
    handle: M,
}

/// A handle that is cached.
pub(crate) trait Cached: Clone + 'static {
    fn cache() -> &'static LocalKey<RefCell<Cache<Self>>>;
}

macro_rules! cached {
    ($($handle:ident)+) => {
        $(
            impl Cached for $handle {
                fn cache() -> &'static LocalKey<RefCell<Cache<Self>>> {
                    thread_local! {
                        static CACHE: RefCell<Cache<$handle>> = const { RefCell::new(Cache::new()) };
                    }
                    &CACHE
                }
            }
        )+
    };
}

cached!(Counter Gauge Histogram);

/// The handle of a key, if this thread used it lately.
#[inline]
pub(crate) fn find<M: Cached>(recorder: u64, key: &Key) -> Option<M> {
    M::cache().try_with(|cache| cache.try_borrow().ok()?.find(recorder, key).cloned()).ok()?
}

/// Keeps the handle of a key. A thread that ends, or that is in the middle of another call, keeps none.
pub(crate) fn keep<M: Cached>(recorder: u64, key: &Key, handle: &M) {
    let slot = Slot { recorder, key: key.clone(), handle: handle.clone() };
    let _ = M::cache().try_with(|cache| {
        // Dropped after the cache is free again.
        let _replaced = cache.try_borrow_mut().ok().and_then(|mut cache| cache.keep(slot));
    });
}

/// Forgets all handles of this thread.
pub(crate) fn forget() {
    fn forget<M: Cached>() {
        let _ = M::cache().try_with(|cache| cache.try_borrow_mut().map(|mut it| it.slots.clear()));
    }
    forget::<Counter>();
    forget::<Gauge>();
    forget::<Histogram>();
}

impl<M> Cache<M> {
    const fn new() -> Self {
        Self { slots: Vec::new(), next: 0 }
    }

    #[inline]
    fn find(&self, recorder: u64, key: &Key) -> Option<&M> {
        let first = first_of_set(key.get_hash());
        let set = self.slots.get(first..first + WAYS)?;
        let known = set.iter().flatten().find(|slot| slot.is(recorder, key))?;
        Some(&known.handle)
    }

    /// Returns what it replaces.
    fn keep(&mut self, slot: Slot<M>) -> Option<Slot<M>> {
        if self.slots.is_empty() {
            self.slots.resize_with(SETS * WAYS, || None);
        }
        let first = first_of_set(slot.key.get_hash());
        let set = self.slots.get_mut(first..first + WAYS)?;
        let free = set.iter().position(Option::is_none);
        let way = free.unwrap_or_else(|| {
            self.next = (self.next + 1) % WAYS;
            self.next
        });
        set.get_mut(way)?.replace(slot)
    }
}

impl<M> Slot<M> {
    #[inline]
    fn is(&self, recorder: u64, key: &Key) -> bool {
        self.key.get_hash() == key.get_hash()
            && self.recorder == recorder
            && (is_same(&self.key, key) || self.key == *key)
    }
}

/// Whether two keys are the same texts in memory, as those of a macro with literals are.
#[inline]
fn is_same(a: &Key, b: &Key) -> bool {
    std::ptr::eq(a.name(), b.name()) && std::ptr::eq(a.labels().as_slice(), b.labels().as_slice())
}

/// The first slot of a key's set. The hash is multiplied by 2^64 / golden ratio (Knuth, The Art of Computer
/// Programming 6.4), since its low bits alone are not well mixed.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "less than SETS")]
fn first_of_set(hash: u64) -> usize {
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - SETS.trailing_zeros())) as usize * WAYS
}

#[cfg(test)]
mod tests {
    use super::{Cache, SETS, Slot, WAYS};
    use metrics::{Key, Label};

    fn key(number: usize) -> Key {
        Key::from_parts("name", vec![Label::new("number", number.to_string())])
    }

    #[test]
    fn a_hit_is_of_the_same_key_and_recorder() {
        let mut cache = Cache::new();
        assert_eq!(cache.find(1, &key(1)), None);
        let mut keep = |recorder, number, handle| {
            cache.keep(Slot { recorder, key: key(number), handle });
        };
        keep(1, 1, "first");
        keep(2, 1, "of another recorder");
        keep(1, 2, "second");
        assert_eq!(cache.find(1, &key(1)), Some(&"first"));
        assert_eq!(cache.find(2, &key(1)), Some(&"of another recorder"));
        assert_eq!(cache.find(1, &key(2)), Some(&"second"));
        assert_eq!(cache.find(2, &key(2)), None);
        let labels = [Label::new("a", "1"), Label::new("b", "2")];
        let reversed = [Label::new("b", "2"), Label::new("a", "1")];
        cache.keep(Slot {
            recorder: 1,
            key: Key::from_parts("name", labels.to_vec()),
            handle: "both",
        });
        assert_eq!(cache.find(1, &Key::from_parts("name", reversed.to_vec())), Some(&"both"));
    }

    /// Keys spread over the sets, and what was kept last is found.
    #[test]
    fn most_of_as_many_keys_as_slots_are_kept() {
        let mut cache = Cache::new();
        for number in 0..SETS * WAYS {
            cache.keep(Slot { recorder: 1, key: key(number), handle: number });
            assert_eq!(cache.find(1, &key(number)), Some(&number));
        }
        let kept = (0..SETS * WAYS).filter(|&it| cache.find(1, &key(it)).is_some()).count();
        assert!(kept > SETS * WAYS * 2 / 3, "{kept}");
        assert_eq!(cache.slots.len(), SETS * WAYS);
    }
}
