//! The processor's time stamp counter.

#[inline]
#[cfg(target_arch = "x86_64")]
pub(super) fn read() -> u64 {
    // SAFETY: every x86-64 processor has the instruction, and Linux permits it unless the
    // program itself disabled it (`PR_SET_TSC`).
    unsafe { std::arch::x86_64::_rdtsc() }
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn read() -> u64 {
    0
}

/// Whether `quanta` reads this counter: its reading lies between two of the counter.
#[cfg(target_arch = "x86_64")]
pub(super) fn is_read_by(clock: &quanta::Clock) -> bool {
    (0..3).all(|_| {
        let before = read();
        let between = clock.raw();
        (before..=read()).contains(&between)
    })
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn is_read_by(_: &quanta::Clock) -> bool {
    false
}
