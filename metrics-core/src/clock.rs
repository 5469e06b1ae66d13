//! The clock that timings are taken with: the processor's time stamp counter where it is steady,
//! the operating system's monotonic clock elsewhere. `quanta` finds out which and calibrates it.

use quanta::Clock;
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

static CLOCK: OnceLock<Clock> = OnceLock::new();

/// Whether any thread ever used a mock clock. Until then no timing looks for one.
static MOCKS_EXIST: AtomicBool = AtomicBool::new(false);

thread_local! {
    static MOCK: RefCell<Option<Clock>> = const { RefCell::new(None) };
}

/// Calibrates the clock, which takes up to 200 ms, unless it is calibrated already.
pub(crate) fn calibrate() {
    CLOCK.get_or_init(Clock::new);
}

/// The clock's raw ticks. Subtract them with [`nanos`].
#[inline]
pub(crate) fn ticks() -> u64 {
    // Relaxed: a mock only concerns the thread that set this itself.
    if MOCKS_EXIST.load(Relaxed) {
        return with_clock(Clock::raw);
    }
    match CLOCK.get() {
        Some(clock) => clock.raw(),
        None => with_clock(Clock::raw),
    }
}

/// Nanoseconds from one reading of [`ticks`] to a later one; 0 where `end` is not later, as two
/// cores' counters can differ by some ticks.
#[inline]
pub(crate) fn nanos(start: u64, end: u64) -> u64 {
    if MOCKS_EXIST.load(Relaxed) {
        return with_clock(|clock| clock.delta_as_nanos(start, end));
    }
    match CLOCK.get() {
        Some(clock) => clock.delta_as_nanos(start, end),
        None => with_clock(|clock| clock.delta_as_nanos(start, end)),
    }
}

#[cold]
#[inline(never)]
fn with_clock<R>(read: impl Fn(&Clock) -> R) -> R {
    let mocked = MOCK.try_with(|mock| mock.borrow().as_ref().map(&read)).ok().flatten();
    mocked.unwrap_or_else(|| read(CLOCK.get_or_init(Clock::new)))
}

/// A clock that stands still until it is told to move. See [`with_mock_clock`].
#[derive(Debug)]
pub struct MockClock {
    mock: Arc<quanta::Mock>,
}

impl MockClock {
    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.mock.increment(by);
    }
}

/// Runs `test` with a clock that moves only when it is told to. It holds for the calling thread,
/// and for timings that begin and end within `test`.
///
/// ```
/// use metrics_core::prelude::*;
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let registry = Registry::new();
/// let wait: Histogram = registry.register(&Description::new("wait_seconds", "Waited."))?;
/// metrics_core::with_mock_clock(|clock| {
///     let timer = wait.start();
///     clock.advance(Duration::from_micros(3));
///     drop(timer);
/// });
/// assert_eq!(registry.snapshot().histogram("wait_seconds", &[]).unwrap().max(), Some(3000.0));
/// # Ok(())
/// # }
/// ```
pub fn with_mock_clock<R>(test: impl FnOnce(&MockClock) -> R) -> R {
    /// Puts the thread's former clock back, after a panic too.
    struct Restore(Option<Clock>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let _ = MOCK.try_with(|mock| mock.replace(self.0.take()));
        }
    }
    let (clock, mock) = Clock::mock();
    MOCKS_EXIST.store(true, Relaxed);
    // In a destructor that runs after this thread-local's the clock goes on.
    let _restore = Restore(MOCK.try_with(|mock| mock.replace(Some(clock))).ok().flatten());
    test(&MockClock { mock })
}
