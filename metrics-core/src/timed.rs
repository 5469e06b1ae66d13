//! The expansion of `#[timed]`. Only the macro uses it, through `__private`.
//!
//! path, outcome → function → calls

#[cfg_attr(feature = "off", path = "off/timed.rs")]
mod calls;
mod function;
mod outcome;
mod path;

pub use calls::{Call, Counted, OutcomeCall, Timed, due};
pub use function::Function;
pub use outcome::Outcome;
pub use path::path_of;

/// A function's result, which reports whether it is an error: `Result` by its own method, any other
/// type by [`NoResult`].
#[derive(Debug)]
pub struct Ended<'a, T>(pub &'a T);

impl<T, E> Ended<'_, Result<T, E>> {
    /// Whether it is `Err`.
    #[inline]
    pub fn is_err(&self) -> bool {
        self.0.is_err()
    }
}

/// A type other than `Result`, which is never an error.
pub trait NoResult {
    /// False.
    #[inline]
    fn is_err(&self) -> bool {
        false
    }
}

impl<T> NoResult for Ended<'_, T> {}

/// Calls a function body. As an argument of this function, a closure is an `FnOnce`, so its result
/// may borrow from its captures.
#[inline(always)]
#[expect(clippy::inline_always, reason = "it stands for no call at all")]
pub fn call<R>(body: impl FnOnce() -> R) -> R {
    body()
}
