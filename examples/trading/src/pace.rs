//! The times at which events are due: at the feed's own pace, or faster.

use crate::args::Speed;
use crate::feed::{Event, Feed};
use crate::path::Path;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// A longer gap in a recording is shortened to a minute: its time may be damaged.
const LONGEST_GAP: i64 = 60_000_000_000;
/// The events of one batch. More wait in the feed, as they would in a socket's buffer.
const BATCH: usize = 1024;
/// The longest sleep before a check whether to stop.
const NAP: Duration = Duration::from_millis(50);

/// Feeds the path until the feed ends or `stop` is set.
pub(crate) fn run(feed: &mut dyn Feed, path: &mut Path, speed: Speed, stop: &AtomicBool) {
    let mut schedule = Schedule::new(speed);
    let mut next = feed.next().map(|event| (schedule.due(&event), event));
    let mut queue = VecDeque::with_capacity(BATCH);
    while !stop.load(Relaxed) {
        let now = Instant::now();
        while queue.len() < BATCH
            && let Some((_, event)) = next.take_if(|(due, _)| *due <= now)
        {
            queue.push_back(event);
            next = feed.next().map(|event| (schedule.due(&event), event));
        }
        if queue.is_empty() {
            let Some((due, _)) = &next else { return };
            thread::sleep(due.saturating_duration_since(now).min(NAP));
            continue;
        }
        path.market_data.queued(i64::try_from(queue.len()).unwrap_or(0));
        for event in queue.drain(..) {
            path.on_event(&event);
            path.market_data.queued(-1);
        }
    }
}

struct Schedule {
    speed: Speed,
    /// When the last event was due, and when it was received.
    due: Instant,
    received: Option<i64>,
}

impl Schedule {
    fn new(speed: Speed) -> Self {
        Self { speed, due: Instant::now(), received: None }
    }

    /// When the event after the last one is due.
    fn due(&mut self, event: &Event) -> Instant {
        let received = event.received();
        let before = self.received.replace(received).unwrap_or(received);
        let gap = received.saturating_sub(before).clamp(0, LONGEST_GAP);
        if let Speed::Times(times) = self.speed {
            // A very low speed makes a gap that no clock can add: then it is due after the end.
            let gap = Duration::try_from_secs_f64(gap as f64 / 1e9 / times);
            let due = gap.ok().and_then(|gap| self.due.checked_add(gap));
            self.due = due.unwrap_or(self.due + Duration::from_hours(1));
        }
        self.due
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Schedule, Speed};
    use crate::feed::Disconnect;
    use std::time::Duration;

    #[test]
    fn gaps_are_divided_by_the_speed() {
        let event = |at| Event::Reconnected { at, reason: Disconnect::Timeout };
        let mut schedule = Schedule::new(Speed::Times(4.0));
        let first = schedule.due(&event(1_000));
        assert_eq!(schedule.due(&event(2_000_001_000)) - first, Duration::from_millis(500));
        // Back in time, and far ahead.
        assert_eq!(schedule.due(&event(0)) - first, Duration::from_millis(500));
        assert_eq!(schedule.due(&event(i64::MAX)) - first, Duration::from_millis(15_500));
    }
}
