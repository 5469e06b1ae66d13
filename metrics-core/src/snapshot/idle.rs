//! Series without a change for some time: see [`Description::idle`](crate::Description::idle).

use super::read::Data;
use super::values::Indices;
use crate::clock;
use std::time::Duration;

/// The last change of each series of a metric.
#[derive(Debug)]
pub(super) struct Idle {
    after: Duration,
    /// By the number of the series.
    seen: Vec<Option<Seen>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    value: u64,
    /// The first reading of the clock with this value.
    since: u64,
}

impl Idle {
    pub(super) fn new(after: Duration) -> Self {
        Self { after, seen: Vec::new() }
    }

    /// The series that are idle now, by number, of those with these values.
    pub(super) fn look(&mut self, series: &Indices, data: &Data) -> Vec<u32> {
        let after = u64::try_from(self.after.as_nanos()).unwrap_or(u64::MAX);
        let now = clock::ticks();
        let mut idle = Vec::new();
        for (at, number) in series.iter().enumerate() {
            let index = number as usize;
            if self.seen.len() <= index {
                self.seen.resize(index + 1, None);
            }
            let Some(seen) = self.seen.get_mut(index) else { continue };
            let value = data.mark(at);
            match seen {
                Some(seen) if seen.value == value => {
                    if clock::nanos(seen.since, now) >= after {
                        idle.push(number);
                    }
                }
                _ => *seen = Some(Seen { value, since: now }),
            }
        }
        idle
    }
}
