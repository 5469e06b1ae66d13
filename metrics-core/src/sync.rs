//! The one source of atomics, cells, locks and thread-locals, so that the model checker can replace
//! them with its own (`--cfg tickmetrics_loom`, see `model`).
//!
//! Two things stay the standard library's: `Arc`, which here only shares constant values, and the
//! thread-local that the macros put into user code (`timed::due`'s countdown).

#[cfg(tickmetrics_loom)]
pub(crate) use checked::{Made, OnceLock};
#[cfg(tickmetrics_loom)]
pub(crate) use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, fence},
};
#[cfg(not(tickmetrics_loom))]
pub(crate) use std::{
    sync::{
        Mutex, MutexGuard, OnceLock,
        atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, fence},
    },
    thread_local,
};

pub(crate) use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
pub(crate) use std::sync::{Arc, PoisonError};

/// Locks, even after a panic of the last holder: a panic leaves no state behind a lock of this
/// crate half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Declares a static of atomics or locks. The model checker makes it at its first use, anew for
/// each interleaving.
#[cfg(not(tickmetrics_loom))]
macro_rules! process_wide {
    ($(#[$about:meta])* static $name:ident: $type:ty = $value:expr;) => {
        $(#[$about])*
        static $name: $type = $value;
    };
}
#[cfg(tickmetrics_loom)]
macro_rules! process_wide {
    ($(#[$about:meta])* static $name:ident: $type:ty = $value:expr;) => {
        loom::lazy_static! {
            $(#[$about])*
            static ref $name: $type = $value;
        }
    };
}
pub(crate) use process_wide;

/// The part of the standard library's `thread_local!` that this crate uses.
#[cfg(tickmetrics_loom)]
macro_rules! checked_thread_local {
    ($(#[$about:meta])* static $name:ident: $type:ty = const $value:block;) => {
        loom::thread_local! {
            $(#[$about])*
            static $name: $type = $value;
        }
    };
}
#[cfg(tickmetrics_loom)]
pub(crate) use checked_thread_local as thread_local;

/// Declares a `const` function that makes atomics or locks. For the model checker the function is a
/// plain one, since it can't make them before a model runs.
macro_rules! const_fn {
    ($(#[$about:meta])* $vis:vis const fn $($rest:tt)*) => {
        #[cfg(not(tickmetrics_loom))]
        $(#[$about])*
        $vis const fn $($rest)*
        #[cfg(tickmetrics_loom)]
        $(#[$about])*
        $vis fn $($rest)*
    };
}
pub(crate) use const_fn;

#[cfg(tickmetrics_loom)]
mod checked {
    use super::{Acquire, AtomicBool, Mutex, Relaxed, Release, lock};
    use loom::cell::UnsafeCell;
    use std::fmt;

    /// A cell with the promises of the standard library's `OnceLock`, on the model checker's cell,
    /// so that a read without a happens-before is an error.
    pub(crate) struct OnceLock<T> {
        is_set: AtomicBool,
        setting: Mutex<()>,
        value: UnsafeCell<Option<T>>,
    }

    // SAFETY: the value is written under the lock while `is_set` is false, and only read afterwards.
    unsafe impl<T: Send + Sync> Sync for OnceLock<T> {}

    impl<T> OnceLock<T> {
        pub(crate) fn new() -> Self {
            Self {
                is_set: AtomicBool::new(false),
                setting: Mutex::new(()),
                value: UnsafeCell::new(None),
            }
        }

        pub(crate) fn get(&self) -> Option<&T> {
            if !self.is_set.load(Acquire) {
                return None;
            }
            // SAFETY: nobody writes to the value after `is_set`, whose Release this has acquired.
            self.value.with(|value| unsafe { &*value }).as_ref()
        }

        pub(crate) fn set(&self, value: T) -> Result<(), T> {
            let mut value = Some(value);
            self.get_or_init(|| value.take().unwrap());
            value.map_or(Ok(()), Err)
        }

        pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
            if let Some(value) = self.get() {
                return value;
            }
            let setting = lock(&self.setting);
            if !self.is_set.load(Relaxed) {
                let new = Some(make());
                // SAFETY: under the lock, and no reader comes before `is_set`.
                self.value.with_mut(|value| unsafe { *value = new });
                self.is_set.store(true, Release);
            }
            drop(setting);
            self.get().unwrap()
        }
    }

    /// Written once, when it is made. A read that does not happen after the write is an error.
    pub(crate) struct Made(UnsafeCell<()>);

    // SAFETY: it is empty.
    unsafe impl Sync for Made {}

    impl Made {
        pub(crate) fn new() -> Self {
            let made = Self(UnsafeCell::new(()));
            made.0.with_mut(|_| ());
            made
        }

        pub(crate) fn check(&self) {
            self.0.with(|_| ());
        }
    }

    impl<T> Default for OnceLock<T> {
        fn default() -> Self {
            Self::new()
        }
    }

    impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_tuple("OnceLock").field(&self.get()).finish()
        }
    }
}
