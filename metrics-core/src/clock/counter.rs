//! The processor's time stamp counter.

pub(super) use processor::{is_read_by, read};

#[cfg(target_arch = "x86_64")]
mod processor {
    /// The time stamp counter.
    #[inline]
    pub(in crate::clock) fn read() -> u64 {
        // SAFETY: every x86-64 processor has the instruction, and Linux lets programs use it that did
        // not themselves ask otherwise (`PR_SET_TSC`).
        unsafe { std::arch::x86_64::_rdtsc() }
    }

    /// Whether this is the clock that `quanta` chose: its reading lies between two of the counter.
    pub(in crate::clock) fn is_read_by(clock: &quanta::Clock) -> bool {
        (0..3).all(|_| {
            let before = read();
            let between = clock.raw();
            (before..=read()).contains(&between)
        })
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod processor {
    pub(in crate::clock) fn read() -> u64 {
        0
    }

    pub(in crate::clock) fn is_read_by(_: &quanta::Clock) -> bool {
        false
    }
}
