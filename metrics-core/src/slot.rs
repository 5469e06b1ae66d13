//! The thread-local pointer to the first cell of a thread's own shard; null where it has none.
//!
//! Every record reads it, so that it must cost one load wherever it is inlined. `thread_local!`
//! keeps that promise in a program's own crate only: in a library's code the compiler must allow
//! for a shared object that is loaded later, and calls a function to find the thread-local, which
//! it often does not inline. Hence, where the platform is known, a thread-local of our own with the
//! model that needs no call: "initial exec", section 4.3.2 of Drepper's "ELF Handling For
//! Thread-Local Storage". A shared object that is loaded at run time takes the eight bytes from the
//! space that glibc keeps for this (`glibc.rtld.optional_static_tls`, 512 bytes).

pub(crate) use place::{get, set};

#[cfg(all(
    target_arch = "x86_64",
    target_pointer_width = "64",
    target_os = "linux",
    target_env = "gnu",
    not(any(tickmetrics_loom, miri))
))]
mod place {
    use crate::sync::AtomicU64;
    use std::arch::{asm, global_asm};

    /// The thread-local's symbol: one for each version of this crate in a program.
    macro_rules! symbol {
        () => {
            concat!("tickmetrics_cells_", env!("CARGO_PKG_VERSION"))
        };
    }

    global_asm!(
        ".pushsection .tbss.tickmetrics_cells, \"awT\", @nobits",
        concat!(".globl \"", symbol!(), "\""),
        concat!(".type \"", symbol!(), "\", @object"),
        concat!(".size \"", symbol!(), "\", 8"),
        ".balign 8",
        concat!("\"", symbol!(), "\":"),
        ".zero 8",
        ".popsection",
    );

    /// One load, once the linker has replaced the look-up of the offset by the offset.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the hot path is these few instructions")]
    pub(crate) fn get() -> *const AtomicU64 {
        let cells;
        // SAFETY: the symbol is that of a thread-local of eight bytes, which is defined above and
        // written by `set` only: the code reads it and changes nothing. `pure`: until memory is
        // written, it holds the same.
        unsafe {
            asm!(
                concat!("mov {0}, qword ptr [rip + \"", symbol!(), "\"@gottpoff]"),
                "mov {0}, qword ptr fs:[{0}]",
                out(reg) cells,
                options(pure, readonly, nostack, preserves_flags),
            );
        }
        cells
    }

    pub(crate) fn set(cells: *const AtomicU64) {
        // SAFETY: as in `get`; nothing but this thread-local is written.
        unsafe {
            asm!(
                concat!("mov {0}, qword ptr [rip + \"", symbol!(), "\"@gottpoff]"),
                "mov qword ptr fs:[{0}], {1}",
                out(reg) _,
                in(reg) cells,
                options(nostack, preserves_flags),
            );
        }
    }
}

#[cfg(not(all(
    target_arch = "x86_64",
    target_pointer_width = "64",
    target_os = "linux",
    target_env = "gnu",
    not(any(tickmetrics_loom, miri))
)))]
mod place {
    use crate::sync::{AtomicU64, thread_local};
    use std::cell::Cell;
    use std::ptr;

    thread_local! {
        /// `const` and without a destructor, so that reading it works at any time in a thread's
        /// life and needs no test of whether it is set up.
        static CELLS: Cell<*const AtomicU64> = const { Cell::new(ptr::null()) };
    }

    #[inline]
    pub(crate) fn get() -> *const AtomicU64 {
        // The error is the model checker's: it destroys thread-locals without a destructor, too.
        CELLS.try_with(Cell::get).unwrap_or(ptr::null())
    }

    pub(crate) fn set(cells: *const AtomicU64) {
        let _ = CELLS.try_with(|own| own.set(cells));
    }
}
