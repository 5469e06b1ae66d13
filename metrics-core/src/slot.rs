//! The thread-local pointer to the first cell of a thread's own shard; null where it has none.
//!
//! Every record reads it, so that it must cost one load wherever it is inlined. `thread_local!`
//! keeps that promise in a program's own crate only: in a library's code the compiler must allow
//! for a shared object that is loaded later, and asks for the thread-local's address first. Hence,
//! where the platform is known, a thread-local of our own with the model "local exec", section 4.3.3
//! of Drepper's "ELF Handling For Thread-Local Storage": its place is a constant of the program.
//!
//! A shared object has no such place, so that a linker refuses to make one. The symbol's name is
//! what its message says, and the way out: with the feature `loadable` the thread-local is the
//! compiler's, which any object may have.
//!
//! Several copies of this crate can be in one process: of several versions, sources, features or
//! profiles, in one program or in objects that it loads. Each has cells of its own, and must never
//! find another's. So the symbol carries the name that the compiler gave to a static of this build,
//! which no other build has, and is hidden from other objects.

pub(crate) use place::{get, set};

#[cfg(all(
    target_arch = "x86_64",
    target_pointer_width = "64",
    target_os = "linux",
    target_env = "gnu",
    not(any(feature = "loadable", tickmetrics_loom, miri))
))]
mod place {
    use crate::sync::AtomicU64;
    use std::arch::{asm, global_asm};

    /// Its mangled name is in the thread-local's.
    static BUILD: () = ();

    /// The thread-local's symbol, where `{build}` is that of `BUILD`.
    macro_rules! symbol {
        () => {
            "in_a_shared_library_tickmetrics_needs_its_feature_loadable.{build}"
        };
    }

    global_asm!(
        ".pushsection .tbss.tickmetrics, \"awT\", @nobits",
        concat!(".globl ", symbol!()),
        concat!(".hidden ", symbol!()),
        concat!(".type ", symbol!(), ", @object"),
        concat!(".size ", symbol!(), ", 8"),
        ".balign 8",
        concat!(symbol!(), ":"),
        ".zero 8",
        ".popsection",
        build = sym BUILD,
    );

    /// One load.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the hot path is these few instructions")]
    pub(crate) fn get() -> *const AtomicU64 {
        let cells;
        // SAFETY: the symbol is that of a thread-local of eight bytes, which is defined above and
        // written by `set` only: the code reads it and changes nothing. `pure`: until memory is
        // written, it holds the same.
        unsafe {
            asm!(
                concat!("mov {0}, qword ptr fs:[", symbol!(), "@tpoff]"),
                out(reg) cells,
                build = sym BUILD,
                options(pure, readonly, nostack, preserves_flags),
            );
        }
        cells
    }

    /// # Safety
    /// They are null, or the first cell of a shard that the calling thread claimed. It sets null
    /// before it releases that.
    pub(crate) unsafe fn set(cells: *const AtomicU64) {
        // SAFETY: as in `get`; nothing but this thread-local is written.
        unsafe {
            asm!(
                concat!("mov qword ptr fs:[", symbol!(), "@tpoff], {0}"),
                in(reg) cells,
                build = sym BUILD,
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
    not(any(feature = "loadable", tickmetrics_loom, miri))
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

    /// # Safety
    /// As above: records write to what this is.
    pub(crate) unsafe fn set(cells: *const AtomicU64) {
        let _ = CELLS.try_with(|own| own.set(cells));
    }
}
