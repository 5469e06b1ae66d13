//! The expansion of `#[timed]`. Only the macro uses it, through `__private`.

#[cfg_attr(feature = "off", path = "off/timed.rs")]
mod calls;
mod path;

pub use calls::{Call, Counted, OutcomeCall, Timed, due};
pub use path::path_of;

use crate::handles::{Counter, Histogram};
use crate::labels::{Label, Labels, Values};
use crate::registry::{Description, register_or_sink};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned anything but `Err`.
    Ok,
    /// It returned `Err`.
    Err,
    /// It panicked.
    Panic,
    /// Its future was dropped before completion.
    Cancelled,
}

impl Label for Outcome {
    const NAME: &'static str = "outcome";
    const COUNT: usize = 4;

    fn values() -> Values {
        Values::Fixed(&["ok", "err", "panic", "cancelled"])
    }

    #[inline]
    fn index(self) -> usize {
        self as usize
    }
}

/// A timed function: the names and labels of its metrics.
#[derive(Debug)]
pub struct Function {
    /// `function`, or the given `name`.
    pub base: &'static str,
    /// `module_path!()`.
    pub module: &'static str,
    /// Its identifier.
    pub function: &'static str,
    /// Whether the signature has a `self` or a `Self`.
    pub is_method: bool,
    /// Returns the name of a closure in the static that holds this.
    pub path: fn() -> &'static str,
    /// Constant labels given by the attribute.
    pub labels: &'static [(&'static str, &'static str)],
}

impl Function {
    fn describe(&self, what: &str, help: &str) -> Description {
        let function = path::name(self.function, self.module, self.is_method, (self.path)());
        // Functions with and without an outcome, or a label of their own, share these names.
        let description = Description::new(format!("{}_{what}", self.base), help)
            .mixed()
            .constant("module", self.module)
            .constant("function", function);
        // In one order, so that two functions of one name agree.
        let mut labels = self.labels.to_vec();
        labels.sort_unstable();
        labels.into_iter().fold(description, |to, (name, value)| to.constant(name, value))
    }

    fn calls<L: Labels>(&self) -> Counter<L> {
        register_or_sink(&self.describe("calls_total", "Calls of the function that ended."))
    }

    fn duration<L: Labels>(&self) -> Histogram<L> {
        let description = self.describe("duration_seconds", "Time from call to end.");
        register_or_sink(&description.unit("seconds"))
    }
}

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
