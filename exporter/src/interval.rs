//! The last interval: the values since an earlier scrape.

use std::collections::VecDeque;
use std::time::{Duration, Instant};
use tickmetrics::{Family, Snapshot};

/// Earlier snapshots, for values of an interval.
///
/// A scrape is compared with the latest one before it that is at least `length` ago. So a client
/// that scrapes less often sees the values since its last scrape, and several clients do not cut
/// each other's intervals short.
pub(crate) struct Intervals {
    length: Duration,
    /// Snapshots of all registries; the oldest first. At most three: they are half of the length
    /// apart, and only one of the older ones is kept.
    earlier: VecDeque<(Instant, Vec<Snapshot>)>,
}

impl Intervals {
    pub(crate) fn new(length: Duration) -> Self {
        Self { length, earlier: VecDeque::new() }
    }

    /// The values of the interval that ends `now`, with these snapshots, in each registry. Until
    /// one is long enough, intervals begin with the registry.
    pub(crate) fn end(&mut self, now: Instant, values: &[Snapshot]) -> Vec<Snapshot> {
        let values: Vec<_> =
            values.iter().map(|snapshot| snapshot.only(is_over_interval)).collect();
        if values.iter().all(Snapshot::is_empty) {
            return values;
        }
        let age = |&(then, _): &(Instant, _)| now.saturating_duration_since(then);
        while self.earlier.get(1).is_some_and(|second| age(second) >= self.length) {
            self.earlier.pop_front();
        }
        let before = self.earlier.front().filter(|first| age(first) >= self.length);
        let before = before.map_or(&[][..], |(_, before)| before);
        let differences = values.iter().enumerate().map(|(at, now)| match before.get(at) {
            Some(before) => now.since(before),
            None => now.clone(),
        });
        let differences = differences.collect();
        if self.earlier.back().is_none_or(|last| age(last) >= self.length / 2) {
            self.earlier.push_back((now, values));
        }
        differences
    }
}

fn is_over_interval(family: Family<'_>) -> bool {
    family.has_extremes() || family.quantiles().next().is_some()
}

#[cfg(test)]
mod tests {
    use super::Intervals;
    use std::time::{Duration, Instant};
    use tickmetrics::prelude::*;

    /// Makes a scrape at each of these seconds, and one record before each: returns the number of
    /// records in each interval.
    fn counts(length: u64, seconds: &[u64]) -> Vec<u64> {
        let registry = Registry::new();
        let description = Description::new("wait", "Wait.").extremes();
        let wait: Histogram = registry.register(&description).unwrap();
        let start = Instant::now();
        let mut intervals = Intervals::new(Duration::from_secs(length));
        let mut count = |&second: &u64| {
            wait.record(second);
            let now = start + Duration::from_secs(second);
            let interval = intervals.end(now, &[registry.snapshot()]);
            assert!(intervals.earlier.len() <= 4, "{}", intervals.earlier.len());
            let wait = interval[0].histogram("wait", &[]).unwrap();
            assert_eq!(wait.max(), Some(second as f64));
            wait.count()
        };
        seconds.iter().map(&mut count).collect()
    }

    #[test]
    fn an_interval_is_since_the_scrape_before() {
        assert_eq!(counts(10, &[1, 16, 31, 46, 61]), [1, 1, 1, 1, 1]);
        assert_eq!(counts(0, &[1, 2, 2, 3]), [1, 1, 1, 1]);
    }

    #[test]
    fn it_is_long_enough_however_many_scrape() {
        // Two clients, 15 s each.
        let counts_of_two = counts(10, &[0, 8, 15, 23, 30, 38, 45, 53]);
        assert_eq!(counts_of_two, [1, 2, 2, 2, 2, 2, 2, 2]);
        // One scrape each second: from the tenth on, the interval is at least 10 s, and less than
        // 15.
        let seconds: Vec<u64> = (1..60).collect();
        for (second, count) in (1..).zip(counts(10, &seconds)) {
            assert!(if second <= 10 { count == second } else { (10..15).contains(&count) });
        }
    }

    #[test]
    fn snapshots_are_kept_for_intervals_only() {
        let registry = Registry::new();
        registry.register::<Histogram>(&Description::new("wait", "Wait.")).unwrap();
        let mut intervals = Intervals::new(Duration::ZERO);
        let interval = intervals.end(Instant::now(), &[registry.snapshot()]);
        assert!(interval[0].is_empty() && intervals.earlier.is_empty());
    }
}
