//! The times of one span.

use quanta::Instant;
use std::time::Duration;

/// A span is busy while one thread or several are in it, and idle otherwise. It can be entered
/// several times by one thread, and by several threads at once, so entries are counted.
#[derive(Debug)]
pub(crate) struct Timing {
    busy: Duration,
    idle: Duration,
    /// The end of what is part of the two sums.
    since: Instant,
    /// Entries that have not ended.
    depth: usize,
}

/// The times of a span that is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) busy: Duration,
    pub(crate) idle: Duration,
}

impl Timing {
    pub(crate) fn start(now: Instant) -> Self {
        Self { busy: Duration::ZERO, idle: Duration::ZERO, since: now, depth: 0 }
    }

    pub(crate) fn enter(&mut self, now: Instant) {
        if self.depth == 0 {
            self.pass(now);
        }
        self.depth = self.depth.saturating_add(1);
    }

    pub(crate) fn exit(&mut self, now: Instant) {
        if self.depth == 1 {
            self.pass(now);
        }
        self.depth = self.depth.saturating_sub(1);
    }

    /// The end of the span. A span that somebody is still in was busy until now.
    pub(crate) fn close(mut self, now: Instant) -> Times {
        self.pass(now);
        Times { busy: self.busy, idle: self.idle }
    }

    /// Adds the time since the last change.
    fn pass(&mut self, now: Instant) {
        // Threads' clocks can differ by some ticks, so that this can be 0.
        let passed = now.saturating_duration_since(self.since);
        let sum = if self.depth == 0 { &mut self.idle } else { &mut self.busy };
        *sum = sum.saturating_add(passed);
        self.since = now;
    }
}
