//! Ids of traces and spans.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

thread_local! {
    /// Keys of 128 bits from the system's source, and the ids made with them.
    static MADE: (RandomState, Cell<u64>) = (RandomState::new(), Cell::new(0));
}

/// A random number other than 0. `now` tells the threads of a process and of its forked child apart, who
/// have the same keys.
pub(crate) fn id(now: Instant) -> u64 {
    let made = MADE.try_with(|(keys, made)| {
        let count = made.get().wrapping_add(1);
        made.set(count);
        keys.hash_one((count, now))
    });
    // The thread ends, and its keys are gone.
    made.unwrap_or_else(|_| RandomState::new().hash_one(now)).max(1)
}

/// The same of twice as many bits.
pub(crate) fn trace_id(now: Instant) -> u128 {
    u128::from(id(now)) << 64 | u128::from(id(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_differ() {
        let now = Instant::now();
        let make = move || (0..10_000).map(|_| trace_id(now)).collect::<Vec<_>>();
        let other = std::thread::spawn(make).join().unwrap();
        let all: HashSet<_> = make().into_iter().chain(other).collect();
        assert_eq!(all.len(), 20_000);
        let ones: u32 = all.iter().map(|id| id.count_ones()).sum();
        assert!((1_270_000..1_290_000).contains(&ones), "{ones} of 2,560,000 bits are set");
    }
}
