use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks what no panic leaves half changed, so that what one left behind is read as it is.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
