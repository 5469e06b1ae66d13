//! Locks.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks data that a panic never leaves half changed, even after a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
