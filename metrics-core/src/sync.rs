//! The one place that the segment's atomics and its lock come from, so that the model checker can
//! put its own in their place (`--cfg tickmetrics_loom`, see `model`).

#[cfg(tickmetrics_loom)]
pub(crate) use loom::sync::{Mutex as SegmentMutex, MutexGuard as SegmentGuard, atomic::AtomicU64};
#[cfg(not(tickmetrics_loom))]
pub(crate) use std::sync::{Mutex as SegmentMutex, MutexGuard as SegmentGuard, atomic::AtomicU64};

pub(crate) use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
pub(crate) use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Locks, whatever happened to the last holder: no state behind a lock of this crate is left
/// half-changed by a panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
