//! A clock that stands still: no timing is recorded.

use std::marker::PhantomData;
use std::time::Duration;

pub(crate) fn calibrate() {}

pub(crate) fn scale() -> u64 {
    0
}

pub(crate) fn look_after() -> Option<String> {
    None
}

#[inline]
pub(crate) fn ticks() -> u64 {
    0
}

#[inline]
pub(crate) fn nanos(_: u64, _: u64) -> u64 {
    0
}

#[inline]
pub(crate) fn ticks_in(_: u64) -> u64 {
    0
}

#[inline]
pub(crate) fn nanos_since_epoch() -> u64 {
    0
}

/// A clock that moves only when a test moves it. With the feature `off` nothing reads it.
#[cfg(feature = "test-util")]
#[derive(Debug)]
pub struct MockClock {
    /// Made by `with_mock_clock` only.
    made: PhantomData<()>,
}

#[cfg(feature = "test-util")]
impl MockClock {
    /// Changes nothing.
    pub fn advance(&self, _: Duration) {
        let MockClock { made: PhantomData } = self;
    }
}

/// Runs `test`. With the feature `off` no timing is taken.
#[cfg(feature = "test-util")]
pub fn with_mock_clock<R>(test: impl FnOnce(&MockClock) -> R) -> R {
    test(&MockClock { made: PhantomData })
}
