//! Events of the last minutes, counted.

use crate::sync::lock;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What is older is no warning any more.
pub(crate) const RECENT: Duration = Duration::from_secs(300);

/// Events that are this close together are counted together, so that memory is bounded.
const STEP: Duration = Duration::from_secs(1);

/// The number of events of the last minutes.
#[derive(Debug, Default)]
pub(crate) struct Recent(Mutex<VecDeque<(Instant, u64)>>);

impl Recent {
    /// Counts events that happened now.
    pub(crate) fn add(&self, count: u64, now: Instant) {
        if count == 0 {
            return;
        }
        let mut counts = lock(&self.0);
        remove_old(&mut counts, now);
        match counts.back_mut() {
            Some((time, counted)) if now.saturating_duration_since(*time) < STEP => {
                *counted = counted.saturating_add(count);
            }
            _ => counts.push_back((now, count)),
        }
    }

    /// The number of events until now.
    pub(crate) fn count(&self, now: Instant) -> u64 {
        let mut counts = lock(&self.0);
        remove_old(&mut counts, now);
        counts.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

fn remove_old(counts: &mut VecDeque<(Instant, u64)>, now: Instant) {
    while counts.front().is_some_and(|(time, _)| now.saturating_duration_since(*time) >= RECENT) {
        counts.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::{RECENT, Recent};
    use crate::sync::lock;
    use std::time::{Duration, Instant};

    #[test]
    fn events_are_forgotten_after_some_minutes() {
        let (recent, begin) = (Recent::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        recent.add(2, at(0));
        recent.add(3, at(100));
        assert_eq!(recent.count(at(100)), 5);
        assert_eq!(recent.count(at(299)), 5);
        assert_eq!(recent.count(at(300)), 3);
        assert_eq!(recent.count(at(400)), 0);
        // Whatever happens, it stays small.
        for millisecond in 0..1_000_000 {
            recent.add(1, at(500) + Duration::from_millis(millisecond));
        }
        assert!(lock(&recent.0).len() as u64 <= RECENT.as_secs() + 1);
        assert!(recent.count(at(1500)).abs_diff(300_000) <= 1_000);
    }
}
