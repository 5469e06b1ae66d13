//! The handles of all keys, which all threads share.

use metrics::Key;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Parts with a lock each, so that threads rarely wait for each other.
const SHARDS: usize = 16;

/// The handle of each key.
pub(crate) struct Series<V> {
    shards: [Mutex<HashMap<Key, V>>; SHARDS],
}

impl<V> Default for Series<V> {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl<V: Copy> Series<V> {
    pub(crate) fn get(&self, key: &Key) -> Option<V> {
        self.shard(key)?.get(key).copied()
    }

    /// Keeps the handle of a key; returns whether it is new.
    pub(crate) fn keep(&self, key: &Key, handle: V) -> bool {
        self.shard(key).is_some_and(|mut shard| shard.insert(key.to_retained(), handle).is_none())
    }

    /// Holds all locks.
    #[cfg(test)]
    pub(crate) fn hold(&self) -> Vec<MutexGuard<'_, HashMap<Key, V>>> {
        self.shards.iter().map(|shard| shard.lock().unwrap()).collect()
    }

    /// The shard of a key. There is one for each remainder.
    #[expect(clippy::cast_possible_truncation, reason = "less than SHARDS")]
    fn shard(&self, key: &Key) -> Option<MutexGuard<'_, HashMap<Key, V>>> {
        let shard = self.shards.get(key.get_hash() as usize % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
