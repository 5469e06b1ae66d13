//! The clock for timings: the processor's time stamp counter if it is steady, the operating
//! system's monotonic clock elsewhere. `quanta` queries the processor and calibrates the counter.
//! `steady` queries the kernel, at the start and from time to time. The work for each timing is
//! done here, so that it can be inlined.

mod counter;
mod steady;

use crate::sync::{
    Acquire, AtomicBool, AtomicU64, Mutex, MutexGuard, OnceLock, Relaxed, Release, fence, lock,
    process_wide, thread_local,
};
use quanta::Clock;
use std::cell::RefCell;
use std::time::SystemTime;
use steady::{Found, Line, Watch};

process_wide! {
    static CLOCK: OnceLock<Source> = OnceLock::new();
}

process_wide! {
    /// The clock that replaced the counter, once the kernel no longer trusted it.
    static SUCCESSOR: OnceLock<Source> = OnceLock::new();
}

process_wide! {
    /// Held by the thread that calibrates or checks the clock, and around a fork: a child could not
    /// wait for that thread.
    static CALIBRATING: Mutex<Option<Watch>> = Mutex::new(None);
}

process_wide! {
    /// Nanoseconds in 2^32 ticks of the time stamp counter, rounded: an error of less than one in
    /// 2^28 for a counter of 0.5 to 8 GHz. 0 until the clock is calibrated, if it is not (or no
    /// longer) that counter, and once a mock clock was used. On 0 the slow path picks the clock.
    // Relaxed but for `leave_counter`: the value says nothing about other memory, and both paths
    // read the same clock, or one that continues it.
    static NANOS_IN_2_32_TICKS: AtomicU64 = AtomicU64::new(0);
}

process_wide! {
    /// Whether any thread ever used a mock clock. Until then no timing checks for one.
    static MOCKS_EXIST: AtomicBool = AtomicBool::new(false);
}

thread_local! {
    static MOCK: RefCell<Option<Source>> = const { RefCell::new(None) };
}

/// The source of ticks.
#[derive(Debug)]
enum Source {
    /// The counter, if the processor has an invariant one, else the system's clock; or a mock.
    Quanta(Clock),
    /// The system's clock, if the kernel does not trust the counter.
    System(Line),
}

impl Source {
    fn ticks(&self) -> u64 {
        match self {
            Self::Quanta(clock) => clock.raw(),
            Self::System(line) => line.ticks(),
        }
    }

    fn nanos(&self, start: u64, end: u64) -> u64 {
        match self {
            Self::Quanta(clock) => clock.delta_as_nanos(start, end),
            Self::System(line) => line.nanos(start, end),
        }
    }
}

/// Calibrates the clock, which takes up to 200 ms, unless it is calibrated already.
pub(crate) fn calibrate() {
    clock();
}

/// Nanoseconds in 2^32 raw ticks, or 0 if that is not known (yet).
pub(crate) fn scale() -> u64 {
    NANOS_IN_2_32_TICKS.load(Relaxed)
}

/// While this exists, no other thread calibrates or checks the clock.
pub(crate) struct Calibrating {
    _watch: MutexGuard<'static, Option<Watch>>,
}

pub(crate) fn calibrating() -> Calibrating {
    Calibrating { _watch: lock(&CALIBRATING) }
}

fn clock() -> &'static Source {
    // Acquire pairs with the Release in `leave_counter`: a thread that read its 0 finds the
    // successor.
    fence(Acquire);
    if let Some(clock) = SUCCESSOR.get().or_else(|| CLOCK.get()) {
        return clock;
    }
    let mut watch = lock(&CALIBRATING);
    CLOCK.get_or_init(|| {
        if !steady::is_trusted() {
            return Source::System(Line::NANOS);
        }
        let clock = Clock::new();
        if counter::is_read_by(&clock) {
            NANOS_IN_2_32_TICKS.store(clock.delta_as_nanos(0, 1 << 32), Relaxed);
            *watch = Some(Watch::new());
        }
        Source::Quanta(clock)
    })
}

/// Checks the counter, at most once a second. Returns a text to report once the system's clock has
/// replaced the counter, and whenever the counter's rate has changed.
pub(crate) fn look_after() -> Option<String> {
    // The models have no counter.
    if cfg!(tickmetrics_loom) {
        return None;
    }
    // Another thread that has the lock is checking or forking.
    let mut watch = CALIBRATING.try_lock().ok()?;
    let scale = scale();
    // A mock clock needs no check.
    let watch = watch.as_mut().filter(|_| scale != 0)?;
    match watch.look(scale) {
        Found::Nothing => None,
        Found::Unsteady => {
            leave_counter(scale);
            Some(
                "the kernel does not trust the processor's time stamp counter any more (dmesg has \
                 the reason): timings use the system's clock from now on; earlier ones may be wrong"
                    .into(),
            )
        }
        Found::Rate(rate) => {
            // Relaxed, see above. The exchange fails if a mock clock came in between.
            NANOS_IN_2_32_TICKS.compare_exchange(scale, rate, Relaxed, Relaxed).ok()?;
            let percent = 100.0 * (rate as f64 / scale as f64 - 1.0);
            Some(format!(
                "the tick of the processor's time stamp counter changed by {percent:+.2} %: timings \
                 use its new length from now on; earlier ones may be wrong"
            ))
        }
    }
}

/// Continues with the system's clock, in ticks of the counter.
fn leave_counter(scale: u64) {
    let _ = SUCCESSOR.set(Source::System(Line::instead_of_counter(scale)));
    // Release pairs with the Acquire in `clock`.
    NANOS_IN_2_32_TICKS.store(0, Release);
}

/// The clock's raw ticks. [`nanos`] subtracts two of them.
#[inline]
pub(crate) fn ticks() -> u64 {
    if NANOS_IN_2_32_TICKS.load(Relaxed) == 0 { ticks_slowly() } else { counter::read() }
}

/// Nanoseconds from one reading of [`ticks`] to a later one; 0 if `end` is not later, since two
/// cores' counters can differ by some ticks.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "584 years of nanoseconds")]
pub(crate) fn nanos(start: u64, end: u64) -> u64 {
    let scale = NANOS_IN_2_32_TICKS.load(Relaxed);
    if scale == 0 {
        return nanos_slowly(start, end);
    }
    ((u128::from(end.saturating_sub(start)) * u128::from(scale)) >> 32) as u64
}

/// The number of raw ticks in this many nanoseconds.
pub(crate) fn ticks_in(nanos: u64) -> u64 {
    let scale = match NANOS_IN_2_32_TICKS.load(Relaxed) {
        0 => with_clock(|clock| clock.nanos(0, 1 << 32)),
        scale => scale,
    };
    let ticks = (u128::from(nanos) << 32) / u128::from(scale.max(1));
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// The time of day: nanoseconds since the epoch, or 0 for a clock that is set to an earlier time.
pub(crate) fn nanos_since_epoch() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

// Without a closure, whose captures would be spilled to the stack before the branch.
#[cold]
#[inline(never)]
fn ticks_slowly() -> u64 {
    with_clock(Source::ticks)
}

#[cold]
#[inline(never)]
fn nanos_slowly(start: u64, end: u64) -> u64 {
    with_clock(|clock| clock.nanos(start, end))
}

fn with_clock<R>(read: impl Fn(&Source) -> R) -> R {
    // Relaxed: a mock only concerns the thread that set this itself.
    if !MOCKS_EXIST.load(Relaxed) {
        return read(clock());
    }
    let mocked = MOCK.try_with(|mock| mock.borrow().as_ref().map(&read)).ok().flatten();
    mocked.unwrap_or_else(|| read(clock()))
}

/// A clock that moves only by [`advance`](MockClock::advance). See [`with_mock_clock`].
#[cfg(feature = "test-util")]
#[derive(Debug)]
pub struct MockClock {
    mock: std::sync::Arc<quanta::Mock>,
}

#[cfg(feature = "test-util")]
impl MockClock {
    /// Moves the clock forward.
    pub fn advance(&self, by: std::time::Duration) {
        self.mock.increment(by);
    }
}

/// Runs `test` with a clock that moves only by [`MockClock::advance`]. The clock applies to the
/// calling thread, and to timings that begin and end within `test`.
///
/// ```
/// use tickmetrics::prelude::*;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = Registry::new();
/// let wait: Histogram = registry.register(&Description::new("wait", "Waited."))?;
/// tickmetrics::with_mock_clock(|clock| {
///     let timer = wait.start();
///     clock.advance(Duration::from_micros(3));
///     drop(timer);
/// });
/// assert_eq!(registry.snapshot().histogram("wait", &[]).unwrap().max(), Some(3000.0));
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "test-util")]
pub fn with_mock_clock<R>(test: impl FnOnce(&MockClock) -> R) -> R {
    /// Restores the thread's former clock, after a panic too.
    struct Restore(Option<Source>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let _ = MOCK.try_with(|mock| mock.replace(self.0.take()));
        }
    }
    let (mocked, mock) = Clock::mock();
    // Calibrated first, so that nothing sets the scale again.
    calibrate();
    MOCKS_EXIST.store(true, Relaxed);
    NANOS_IN_2_32_TICKS.store(0, Relaxed);
    // In a destructor that runs after this thread-local's, the clock continues.
    let _restore =
        Restore(MOCK.try_with(|mock| mock.replace(Some(Source::Quanta(mocked)))).ok().flatten());
    test(&MockClock { mock })
}
