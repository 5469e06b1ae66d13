//! The thread-local pointer to the first cell of a thread's own shard; null if the thread has none.
//!
//! Every record reads the pointer, so it must cost one load wherever it is inlined. `thread_local!`
//! ensures that only in a program's own crate. In a library, the compiler must allow for a shared
//! object that is loaded later, and first computes the thread-local's address. So, on known
//! platforms, this module defines a thread-local with the model "local exec", section 4.3.3 of
//! Drepper's "ELF Handling For Thread-Local Storage": its position is a constant of the program.
//!
//! A shared object has no such position, so a linker refuses to make one. The linker's message
//! contains the symbol's name, which names the remedy: with the feature `loadable` the thread-local
//! is the compiler's, which any object may have.
//!
//! A process can hold several copies of this crate: of several versions, sources, features or
//! profiles, in one program or in objects that it loads. Each copy has cells of its own, and must
//! never find another's. So the symbol contains the name that the compiler gave to a static of this
//! build, which no other build has. The symbol is hidden from other objects.

pub(crate) use pointer::{get, set};

#[cfg(all(
    target_arch = "x86_64",
    target_pointer_width = "64",
    target_os = "linux",
    target_env = "gnu",
    not(any(feature = "loadable", tickmetrics_loom, miri))
))]
mod pointer {
    use crate::sync::AtomicU64;
    use std::arch::{asm, global_asm};

    /// Its mangled name is part of the thread-local's.
    static BUILD: () = ();

    /// The thread-local's symbol; `{build}` is the symbol of `BUILD`.
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

    /// Costs one load.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the hot path is these few instructions")]
    pub(crate) fn get() -> *const AtomicU64 {
        let cells;
        // SAFETY: the symbol is that of a thread-local of eight bytes, which is defined above and
        // written by `set` only. The code reads it and changes nothing. `pure`: its value stays the
        // same until memory is written.
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
    /// `cells` is null, or the first cell of a shard that the calling thread claimed. The thread
    /// sets null before it releases that shard.
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
mod pointer {
    use crate::sync::{AtomicU64, thread_local};
    use std::cell::Cell;
    use std::ptr;

    thread_local! {
        /// `const` and without a destructor, so reading works at any time in a thread's life and
        /// needs no check of whether it is set up.
        static CELLS: Cell<*const AtomicU64> = const { Cell::new(ptr::null()) };
    }

    #[inline]
    pub(crate) fn get() -> *const AtomicU64 {
        // The error occurs in the model checker, which destroys thread-locals without a destructor,
        // too.
        CELLS.try_with(Cell::get).unwrap_or(ptr::null())
    }

    /// # Safety
    /// As above: records write to these cells.
    pub(crate) unsafe fn set(cells: *const AtomicU64) {
        let _ = CELLS.try_with(|own| own.set(cells));
    }
}
