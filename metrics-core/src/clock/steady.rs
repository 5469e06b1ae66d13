//! Whether the time stamp counter can be trusted, and the system's clocks that tell.
//!
//! The processor's word for it (an invariant counter) says nothing of whether the counters of all cores
//! agree, whether the firmware writes to them, and what a hypervisor makes of them. The kernel compares
//! them while cores start, and with another clock from then on where it has a reason to, and no longer
//! lists a counter as a clock source that it found unsteady. It can find out days after the boot.
//!
//! A counter can also run at another rate than the one that was measured: where the system's clock was
//! being adjusted while that was done, or where a virtual machine moved to another host. The system's
//! clock that is never adjusted shows it, unless the kernel takes that from the same counter, too.

use super::counter;
#[cfg(target_arch = "x86_64")]
use std::fs;

/// How often the counter is looked at, in nanoseconds.
const PAUSE: u64 = 1_000_000_000;
/// A rate that is off by more than one part in so many is another one. Adjusting the system's clock
/// by frequency alone, as is usual, makes a difference of at most one in 2,000 (`MAXFREQ` in Linux'
/// `timex.h`).
const TOLERANCE: u64 = 1000;
/// How far apart the system's clock may be before and after the counter is read, for both to be of one
/// moment: one in 10^5 of a pause.
const MOMENT: u64 = 10_000;

/// Whether the kernel would take the time from the counter: it lists `tsc`, or `tsc-early` in the first
/// seconds. Where it can't be asked, the processor's word has to do.
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

/// The system's clock, in ticks of the counter whose place it took: a timing that began with the one
/// ends with the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// What the counter read at this time, and how many nanoseconds 2^32 of its ticks are.
    ticks: u64,
    nanos: u64,
    scale: u64,
}

impl Line {
    /// From the beginning: a tick is a nanosecond.
    pub(super) const NANOS: Self = Self { ticks: 0, nanos: 0, scale: 1 << 32 };

    /// From now on.
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

/// What a look at the counter found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing new, or nothing certain yet.
    Nothing,
    /// The kernel does not trust it any more.
    Unsteady,
    /// It has another rate: 2^32 ticks are so many nanoseconds.
    Rate(u64),
}

/// A reading of the counter, and of the system's clock that is never adjusted.
#[derive(Clone, Copy, Debug)]
struct Moment {
    ticks: u64,
    nanos: u64,
}

impl Moment {
    /// `None` where the thread was interrupted each time.
    fn now() -> Option<Self> {
        (0..3).find_map(|_| {
            let nanos = nanos_of(libc::CLOCK_MONOTONIC_RAW);
            let ticks = counter::read();
            let after = nanos_of(libc::CLOCK_MONOTONIC_RAW);
            (after.saturating_sub(nanos) < MOMENT).then_some(Self { ticks, nanos })
        })
    }
}

/// Looks after the counter, from one snapshot to another.
#[derive(Debug)]
pub(super) struct Watch {
    last: Option<Moment>,
    /// The rate that was found the last time, where it was another than the one that is used.
    other_rate: Option<u64>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { last: Moment::now(), other_rate: None }
    }

    /// Looks, if the last look was a while ago. `scale` is the rate that is used.
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

    /// The rate since the last look, if it is another than the one that is used and was the same
    /// before that look: a machine that was halted or moved in between shows any rate, once.
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

    /// Looks after so many nanoseconds and ticks each, and the rates that were found.
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
        // As the system's clock was adjusted while the rate was measured.
        assert_eq!(looks([(second, 2 * second + 1_000_000); 4]), [None; 4]);
        // A machine that moved: half the frequency is twice the time for each tick.
        assert_eq!(looks([usual, slower, slower]), [None, None, Some(2 * SCALE)]);
        // One that was halted, with or without its counter, once.
        assert_eq!(looks([usual, (60 * second, second), usual, (second, 90 * second)]), [None; 4]);
        assert_eq!(looks([slower, usual, slower, usual]), [None; 4]);
        assert_eq!(looks([slower, (second, 3 * second), slower]), [None; 3]);
        // A counter that began anew, or stands still.
        assert_eq!(looks([slower, (second, (1_u64 << 45).wrapping_neg()), slower]), [None; 3]);
        assert_eq!(looks([(second, 0); 3]), [None; 3]);
    }

    #[test]
    fn what_takes_the_counters_place_goes_on_from_it() {
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
