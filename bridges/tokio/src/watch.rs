//! The names of what is watched, and the guards that end it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most bytes of a label's value.
const MAX_NAME_BYTES: usize = 1024;

/// What is watched, by name.
#[derive(Debug)]
pub(crate) struct Watched<T>(Mutex<BTreeMap<String, T>>);

impl<T> Default for Watched<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Watched<T> {
    /// The map stays whole, whatever panicked.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Watched<T> {
    /// All of it now, sorted by name.
    pub(crate) fn all(&self) -> Vec<(String, T)> {
        let all = self.lock();
        all.iter().map(|(name, one)| (name.clone(), one.clone())).collect()
    }
}

/// Watches one more.
pub(crate) fn watch<T: Send + 'static>(
    watched: &Arc<Watched<T>>,
    name: String,
    one: T,
) -> Result<Watch, WatchError> {
    if name.len() > MAX_NAME_BYTES {
        return Err(WatchError::TooLong);
    }
    match watched.lock().entry(name.clone()) {
        Entry::Occupied(_) => return Err(WatchError::Taken(name)),
        Entry::Vacant(vacant) => vacant.insert(one),
    };
    let watched = Arc::clone(watched);
    let end = move || {
        // The last handle of a runtime drops what it has. That code may come here, so the lock is
        // released before.
        let removed = watched.lock().remove(&name);
        drop(removed);
    };
    Ok(Watch { end: Some(Box::new(end)) })
}

/// Exposes a runtime or a monitor's tasks until it is dropped.
#[must_use = "when it is dropped, the metrics are gone: keep it, or call `forget`"]
pub struct Watch {
    end: Option<Box<dyn FnOnce() + Send>>,
}

impl Watch {
    /// Keeps the metrics as long as the [`Tokio`](crate::Tokio).
    pub fn forget(mut self) {
        self.end = None;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end();
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// The reason why something can't be watched under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchError {
    /// Another one has the name.
    Taken(String),
    /// The name has more than 1,024 bytes.
    TooLong,
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(name) => {
                write!(
                    f,
                    "{name:?} is watched already: choose another name, or drop its guard first"
                )
            }
            Self::TooLong => {
                f.write_str("the name has more than 1,024 bytes: choose a shorter one")
            }
        }
    }
}

impl std::error::Error for WatchError {}
