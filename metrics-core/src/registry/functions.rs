//! Functions that are called for values at each snapshot.
//!
//! A function is the program's own code: it may panic, block, use its registry, or drop its own
//! guard. So no lock is held while one runs or is dropped.

use crate::snapshot::{Answers, Snapshot};
use crate::sync::{Arc, AtomicU64, Mutex, Relaxed, lock, process_wide, thread_local};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A registered function.
pub(super) struct Function {
    /// Calls it, and stores the result for snapshots.
    pub(super) ask: Box<dyn Fn() + Send + Sync>,
    /// `None` if the result is stored in a cell.
    pub(super) answers: Option<Arc<Mutex<Answers>>>,
}

/// The functions of a registry by their numbers, which rise.
#[derive(Default)]
pub(super) struct Functions(pub(super) Mutex<BTreeMap<u64, Arc<Function>>>);

/// The functions that a snapshot called.
pub(super) struct Asked(Vec<(u64, Arc<Function>)>);

impl Functions {
    pub(super) fn add(&self, function: Function) -> u64 {
        process_wide! {
            static NEXT: AtomicU64 = AtomicU64::new(0);
        }
        // Relaxed: the numbers only have to differ.
        let number = NEXT.fetch_add(1, Relaxed);
        lock(&self.0).insert(number, Arc::new(function));
        number
    }

    /// Calls all functions for their values. A function that takes a snapshot of its own registry
    /// is not called again meanwhile: the nested snapshot shows the last values.
    pub(super) fn ask(&self, registry: u64) -> Asked {
        thread_local! {
            /// The registries whose functions this thread is calling.
            static ASKING: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
        }
        let enter = |asking: &RefCell<Vec<u64>>| {
            let mut asking = asking.borrow_mut();
            let first = !asking.contains(&registry);
            asking.extend(first.then_some(registry));
            first
        };
        let all = lock(&self.0).iter().map(|(&number, it)| (number, Arc::clone(it))).collect();
        let asked = Asked(all);
        // An error means that the thread is ending, and the answer is unknown.
        if ASKING.try_with(enter).unwrap_or(false) {
            asked.0.iter().for_each(|(_, function)| (function.ask)());
            let _ = ASKING.try_with(|asking| asking.borrow_mut().pop());
        }
        asked
    }

    /// Adds the results of the functions that are still registered. This comes after the reading of
    /// the registry's other metrics: a function that exists now had its name then.
    pub(super) fn add_answers(&self, Asked(asked): Asked, snapshot: &mut Snapshot) {
        if asked.is_empty() {
            return;
        }
        let functions = lock(&self.0);
        let is_registered = |(number, _): &(u64, _)| functions.contains_key(number);
        let (registered, removed): (Vec<_>, Vec<_>) = asked.into_iter().partition(is_registered);
        drop(functions);
        snapshot.add_answers(registered.iter().filter_map(|(_, it)| it.answers.as_deref()));
        [registered, removed].into_iter().flatten().for_each(discard);
    }
}

/// The result of a call; `None` if it panics.
pub(super) fn call<T>(function: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(function)).map_err(discard).ok()
}

/// Drops a value of the program's. The payload of a panic is kept for ever.
pub(super) fn discard<T>(it: T) {
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(it)));
    dropped.unwrap_or_else(std::mem::forget);
}
