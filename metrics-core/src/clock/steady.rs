//! Whether the time stamp counter can be trusted, by the system's clocks.
//!
//! The processor's report of an invariant counter does not cover three cases: cores whose counters
//! differ, firmware that writes to counters, and hypervisors. The kernel compares the counters of
//! cores as these start, and later, if it has a reason to, with another clock. It removes an
//! unsteady counter from its list of clock sources. This can happen days after the boot.
//!
//! A counter can also run at another rate than the measured one: if the system's clock was being
//! adjusted during the measurement, or if a virtual machine moved to another host. The clock that
//! the system never adjusts shows the difference, unless the kernel derives that clock from the
//! same counter.

use super::counter;
#[cfg(target_arch = "x86_64")]
use std::fs;

/// The time between two checks of the counter, in nanoseconds.
const PAUSE: u64 = 1_000_000_000;
/// A rate that differs by more than one part in this many is a changed rate. Adjusting the system's
/// clock by frequency alone, as is usual, makes a difference of at most one in 2,000 (`MAXFREQ` in
/// Linux' `timex.h`).
const TOLERANCE: u64 = 1000;
/// The most nanoseconds between two readings of the system's clock, before and after one of the
/// counter, for all to count as one moment: one in 10^5 of a pause.
const MOMENT: u64 = 10_000;

/// Whether the kernel accepts the counter as a source of time: it lists `tsc`, or `tsc-early` in
/// the first seconds. Without an answer from the kernel, the processor's report decides.
#[cfg(target_arch = "x86_64")]
pub(super) fn is_trusted() -> bool {
    const LIST: &str = "/sys/devices/system/clocksource/clocksource0/available_clocksource";
    let list = fs::read_to_string(LIST);
    list.map_or(true, |list| list.split_whitespace().any(|name| name.starts_with("tsc")))
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn is_trusted() -> bool {
    true
}

/// Nanoseconds of the system's clock that never goes back.
pub(super) fn monotonic() -> u64 {
    nanos_of(libc::CLOCK_MONOTONIC)
}

fn nanos_of(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `time` only. It can't fail for a clock that every Linux has.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    let whole = u64::try_from(time.tv_sec).unwrap_or(0).wrapping_mul(1_000_000_000);
    whole.wrapping_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// The system's clock, in ticks of the counter that it replaced: a timing that began with the
/// counter ends with this clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// The counter's reading at this time, and the number of nanoseconds in 2^32 of its ticks.
    ticks: u64,
    nanos: u64,
    scale: u64,
}

impl Line {
    /// A clock from the start: a tick is a nanosecond.
    pub(super) const NANOS: Self = Self { ticks: 0, nanos: 0, scale: 1 << 32 };

    /// A clock that replaces the counter from now on.
    pub(super) fn instead_of_counter(scale: u64) -> Self {
        Self { ticks: counter::read(), nanos: monotonic(), scale: scale.max(1) }
    }

    pub(super) fn ticks(self) -> u64 {
        self.ticks_at(monotonic())
    }

    #[expect(clippy::cast_possible_truncation, reason = "584 years of nanoseconds")]
    fn ticks_at(self, nanos: u64) -> u64 {
        let since = u128::from(nanos.saturating_sub(self.nanos)) << 32;
        self.ticks.wrapping_add((since / u128::from(self.scale)) as u64)
    }

    #[expect(clippy::cast_possible_truncation, reason = "584 years of nanoseconds")]
    pub(super) fn nanos(self, start: u64, end: u64) -> u64 {
        ((u128::from(end.saturating_sub(start)) * u128::from(self.scale)) >> 32) as u64
    }
}

/// The result of a check of the counter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing new, or nothing certain yet.
    Nothing,
    /// The kernel no longer trusts the counter.
    Unsteady,
    /// The counter has another rate: nanoseconds in 2^32 ticks.
    Rate(u64),
}

/// Simultaneous readings of the counter, and of the clock that the system never adjusts.
#[derive(Clone, Copy, Debug)]
struct Moment {
    ticks: u64,
    nanos: u64,
}

impl Moment {
    /// `None` if the thread was interrupted each time.
    fn now() -> Option<Self> {
        (0..3).find_map(|_| {
            let nanos = nanos_of(libc::CLOCK_MONOTONIC_RAW);
            let ticks = counter::read();
            let after = nanos_of(libc::CLOCK_MONOTONIC_RAW);
            (after.saturating_sub(nanos) < MOMENT).then_some(Self { ticks, nanos })
        })
    }
}

/// The state of the checks, from one snapshot to another.
#[derive(Debug)]
pub(super) struct Watch {
    last: Option<Moment>,
    /// The rate that the last check found, if it differed from the rate in use.
    other_rate: Option<u64>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { last: Moment::now(), other_rate: None }
    }

    /// Checks the counter, if the last check was a while ago. `scale` is the rate in use.
    pub(super) fn look(&mut self, scale: u64) -> Found {
        let Some(now) = Moment::now() else { return Found::Nothing };
        if self.last.is_some_and(|last| now.nanos.saturating_sub(last.nanos) < PAUSE) {
            return Found::Nothing;
        }
        if !is_trusted() {
            return Found::Unsteady;
        }
        self.compare(now, scale).map_or(Found::Nothing, Found::Rate)
    }

    /// The rate since the last check, if it differs from the rate in use and agrees with the rate
    /// before that check. A machine that was halted or moved in between shows a wrong rate once.
    fn compare(&mut self, now: Moment, scale: u64) -> Option<u64> {
        let last = self.last.replace(now)?;
        let ticks = now.ticks.checked_sub(last.ticks).filter(|&ticks| ticks > 0);
        let nanos = u128::from(now.nanos.saturating_sub(last.nanos)) << 32;
        let rate = ticks.and_then(|ticks| u64::try_from(nanos / u128::from(ticks)).ok());
        let differs = |a: u64, b: u64| a.abs_diff(b) > b / TOLERANCE;
        let before = self.other_rate.take();
        let rate = rate.filter(|&rate| rate > 0 && differs(rate, scale))?;
        if before.is_some_and(|before| !differs(rate, before)) {
            return Some(rate);
        }
        self.other_rate = Some(rate);
        None
    }
}

#[cfg(all(test, not(tickmetrics_loom)))]
mod tests {
    use super::{Line, Moment, Watch};

    /// 2^32 ticks at 2 GHz.
    const SCALE: u64 = 1 << 31;

    /// Makes a check after each pair of nanoseconds and ticks, and returns the rates found.
    fn looks<const N: usize>(steps: [(u64, u64); N]) -> [Option<u64>; N] {
        let mut at = Moment { ticks: 1 << 50, nanos: 1 << 49 };
        let mut watch = Watch { last: Some(at), other_rate: None };
        steps.map(|(nanos, ticks)| {
            at = Moment { ticks: at.ticks.wrapping_add(ticks), nanos: at.nanos + nanos };
            watch.compare(at, SCALE)
        })
    }

    #[test]
    fn another_rate_is_one_that_stays() {
        let second = 1_000_000_000;
        let (usual, slower) = ((second, 2 * second), (second, second));
        assert_eq!(looks([usual; 4]), [None; 4]);
        // The system's clock was adjusted while the rate was measured.
        assert_eq!(looks([(second, 2 * second + 1_000_000); 4]), [None; 4]);
        // A machine that moved: at half the frequency, each tick takes twice the time.
        assert_eq!(looks([usual, slower, slower]), [None, None, Some(2 * SCALE)]);
        // A machine that was halted, with or without its counter, once.
        assert_eq!(looks([usual, (60 * second, second), usual, (second, 90 * second)]), [None; 4]);
        assert_eq!(looks([slower, usual, slower, usual]), [None; 4]);
        assert_eq!(looks([slower, (second, 3 * second), slower]), [None; 3]);
        // A counter that restarted, or stands still.
        assert_eq!(looks([slower, (second, (1_u64 << 45).wrapping_neg()), slower]), [None; 3]);
        assert_eq!(looks([(second, 0); 3]), [None; 3]);
    }

    #[test]
    fn the_clock_that_replaces_the_counter_continues_it() {
        let line = Line { ticks: 6_000_000_000, nanos: 5, scale: SCALE };
        assert_eq!(line.ticks_at(5), 6_000_000_000);
        let end = line.ticks_at(5 + 1_000_000_007);
        assert_eq!(line.nanos(6_000_000_000, end), 1_000_000_007);
        // A timing that began a second before.
        assert_eq!(line.nanos(4_000_000_000, end), 2_000_000_007);
        assert_eq!(line.nanos(end, end - 1), 0);
        assert_eq!((Line::NANOS.ticks_at(77), Line::NANOS.nanos(7, 77)), (77, 70));
    }
}
