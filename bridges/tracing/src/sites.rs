//! What is recorded for each callsite, found once.
//!
//! A look-up takes no lock: slots of a table are filled and never emptied. A callsite is in one of the
//! few slots from its hash on, of the first table that had one free for it. A further table is twice
//! as large.

use std::iter;
use std::sync::OnceLock;
use tracing_core::Metadata;

/// Slots of the first table, a power of two.
const SLOTS: usize = 256;
/// Slots of a table that a callsite may be in.
const PROBES: usize = 8;

/// Values by callsite.
#[derive(Debug)]
pub(crate) struct Sites<T> {
    first: Table<T>,
}

#[derive(Debug)]
struct Table<T> {
    slots: Box<[OnceLock<(usize, T)>]>,
    next: OnceLock<Box<Table<T>>>,
}

impl<T> Sites<T> {
    pub(crate) fn new() -> Self {
        Self { first: Table::new(SLOTS) }
    }

    /// The value of a callsite that [`get_or_init`](Self::get_or_init) was asked for.
    pub(crate) fn get(&self, metadata: &Metadata<'_>) -> Option<&T> {
        let address = address(metadata);
        let mut table = Some(&self.first);
        while let Some(at) = table {
            for slot in at.slots_for(address) {
                let (known, value) = slot.get()?;
                if *known == address {
                    return Some(value);
                }
            }
            table = at.next.get().map(AsRef::as_ref);
        }
        None
    }

    /// The value of a callsite, made if there is none yet.
    #[inline]
    pub(crate) fn get_or_init(
        &self,
        metadata: &'static Metadata<'static>,
        make: impl Fn() -> T,
    ) -> &T {
        let address = address(metadata);
        let mut table = &self.first;
        loop {
            for slot in table.slots_for(address) {
                let (known, value) = slot.get_or_init(|| (address, make()));
                if *known == address {
                    return value;
                }
            }
            table = table.next.get_or_init(|| Box::new(Table::new(2 * table.slots.len())));
        }
    }
}

impl<T> Table<T> {
    fn new(slots: usize) -> Self {
        let slots = iter::repeat_with(OnceLock::new).take(slots).collect();
        Self { slots, next: OnceLock::new() }
    }

    /// The slots that a callsite may be in, in order.
    #[inline]
    fn slots_for(&self, address: usize) -> impl Iterator<Item = &OnceLock<(usize, T)>> {
        // Fibonacci hashing: 2^64 divided by the golden ratio. Its upper bits are the best.
        let hash = (address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let first = usize::try_from(hash).unwrap_or_default() & (self.slots.len() - 1);
        let (before, from) = self.slots.split_at_checked(first).unwrap_or_default();
        from.iter().chain(before).take(PROBES)
    }
}

/// A callsite's data lie at one address as long as the program runs, and no other data do.
#[inline]
fn address(metadata: &Metadata<'_>) -> usize {
    std::ptr::from_ref(metadata).addr()
}
