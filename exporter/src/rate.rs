//! A rate of events, and the bucket of tokens that enforces it.

use hyper::header::HeaderValue;
use std::time::{Duration, Instant};

/// The value of the header `Retry-After`: in whole seconds (RFC 9110, 10.2.3), rounded up, at least
/// one.
pub(crate) fn retry_after(wait: Duration) -> HeaderValue {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    seconds.max(1).into()
}

/// This many at once, and one more each interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) burst: u32,
    pub(crate) interval: Duration,
}

impl Rate {
    /// Evenly so many a second, of which this many may come at once.
    pub(crate) fn per_second(rate: u32, burst: u32) -> Self {
        Self { burst, interval: Duration::from_secs(1) / rate.max(1) }
    }
}

/// Token bucket, stored as the time at which it is full again: the generic cell rate algorithm
/// (ITU-T I.371, annex A). The least bucket is full first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bucket {
    full_at: Instant,
}

impl Bucket {
    pub(crate) fn full(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Takes one, or returns the time until there is one.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.max(now).checked_add(rate.interval);
        let holds = rate.interval.saturating_mul(rate.burst);
        match full_at.and_then(|full_at| full_at.duration_since(now).checked_sub(holds)) {
            Some(wait) if wait > Duration::ZERO => Err(wait),
            // Longer than a clock can represent, so it never ends.
            None if full_at.is_none() => Err(rate.interval),
            _ => {
                self.full_at = full_at.unwrap_or(now);
                Ok(())
            }
        }
    }

    /// Puts one back.
    #[cfg(feature = "web-config")]
    pub(crate) fn put_back(&mut self, rate: Rate) {
        self.full_at = self.full_at.checked_sub(rate.interval).unwrap_or(self.full_at);
    }

    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn nobody_comes_back_too_early() {
        for (nanoseconds, seconds) in
            [(0, "1"), (1, "1"), (999_999_999, "1"), (1_000_000_000, "1"), (1_000_000_001, "2")]
        {
            assert_eq!(retry_after(Duration::from_nanos(nanoseconds)), seconds);
        }
    }

    #[test]
    fn a_burst_and_then_one_each_interval() {
        let rate = Rate { burst: 3, interval: SECOND };
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        for _ in 0..3 {
            assert_eq!(bucket.take(rate, start), Ok(()));
        }
        assert_eq!(bucket.take(rate, start), Err(SECOND));
        assert_eq!(bucket.take(rate, start + SECOND / 4), Err(SECOND * 3 / 4));
        assert_eq!(bucket.take(rate, start + SECOND), Ok(()));
        assert_eq!(bucket.take(rate, start + SECOND), Err(SECOND));
        assert!(!bucket.is_full(start + 3 * SECOND) && bucket.is_full(start + 4 * SECOND));
    }

    #[test]
    #[cfg(feature = "web-config")]
    fn one_that_is_put_back_can_be_taken() {
        let rate = Rate { burst: 3, interval: SECOND };
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        while bucket.take(rate, start) == Ok(()) {}
        bucket.put_back(rate);
        assert_eq!(bucket.take(rate, start), Ok(()));
        assert_eq!(bucket.take(rate, start), Err(SECOND));
    }

    #[test]
    fn an_interval_beyond_the_clock_is_refused() {
        let rate = Rate { burst: 2, interval: Duration::MAX };
        let now = Instant::now();
        assert_eq!(Bucket::full(now).take(rate, now), Err(Duration::MAX));
    }

    proptest! {
        /// Compared with the other view: tokens, counted in nanoseconds.
        #[test]
        fn as_a_bucket_of_tokens(
            burst in 1u32..5,
            interval in 1u64..1_000,
            waits in proptest::collection::vec(0u64..1_500, 1..200),
        ) {
            let rate = Rate { burst, interval: Duration::from_nanos(interval) };
            let mut now = Instant::now();
            let mut bucket = Bucket::full(now);
            let (most, mut tokens) = (u64::from(burst) * interval, u64::from(burst) * interval);
            for wait in waits {
                now += Duration::from_nanos(wait);
                tokens = (tokens + wait).min(most);
                let taken = bucket.take(rate, now);
                if tokens >= interval {
                    tokens -= interval;
                    prop_assert_eq!(taken, Ok(()));
                } else {
                    prop_assert_eq!(taken, Err(Duration::from_nanos(interval - tokens)));
                }
            }
        }
    }
}
