//! The memory of a segment, and the system calls around it: zeroed words that live as long as the
//! process, or a file's.

#[cfg_attr(feature = "off", path = "off/system.rs")]
#[cfg_attr(tickmetrics_loom, path = "memory/checked.rs")]
mod system;
mod text;

pub(crate) use system::*;
pub(crate) use text::{PublishedText, Text, Texts};

use crate::sync::{Acquire, AtomicPtr, AtomicU64, Release, const_fn};
use std::fmt;
use std::ops::Deref;
use std::ptr;

/// A value that stays for ever, so references to it may be kept.
pub(crate) struct Leaked<T> {
    value: T,
    /// Lets the model checker see that the value was made before it is read.
    #[cfg(tickmetrics_loom)]
    made: crate::sync::Made,
}

impl<T> Leaked<T> {
    pub(crate) fn new(value: T) -> &'static Self {
        Box::leak(Box::new(Self {
            value,
            #[cfg(tickmetrics_loom)]
            made: crate::sync::Made::new(),
        }))
    }
}

impl<T> Deref for Leaked<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

/// A published value, which is read without a lock. Another value may replace it.
pub(crate) struct Published<T: 'static> {
    value: AtomicPtr<Leaked<T>>,
}

impl<T: Send + Sync> Published<T> {
    const_fn! {
        /// Nothing published yet.
        pub(crate) const fn new() -> Self {
            Self { value: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    /// The latest value.
    #[inline]
    pub(crate) fn get(&self) -> Option<&'static Leaked<T>> {
        // Acquire pairs with the Release in `publish`: the value is seen as it was made.
        let value = self.value.load(Acquire).cast_const();
        // SAFETY: the pointer is null, or `publish` stored a pointer to a value that lives for
        // ever.
        let value = unsafe { value.as_ref() };
        #[cfg(tickmetrics_loom)]
        value.inspect(|value| value.made.check());
        value
    }

    pub(crate) fn publish(&self, value: &'static Leaked<T>) {
        self.value.store(ptr::from_ref(value).cast_mut(), Release);
    }
}

impl<T> fmt::Debug for Published<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published").finish_non_exhaustive()
    }
}

/// Asks the processor to bring a cell into its second-level cache. This is a hint: nothing is read
/// yet. The first-level cache allows too few requests at a time to keep memory busy.
#[cfg(all(target_arch = "x86_64", not(tickmetrics_loom)))]
#[inline]
pub(crate) fn prefetch(cell: &AtomicU64) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};

    // SAFETY: a prefetch has no effect that a program could notice, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(cell).cast()) };
}

#[cfg(not(all(target_arch = "x86_64", not(tickmetrics_loom))))]
#[inline]
pub(crate) fn prefetch(_cell: &AtomicU64) {}
