//! A timed function, and the metrics that it registers.

use super::path::name;
use crate::handles::{Counter, Histogram};
use crate::labels::Labels;
use crate::registry::{Description, register_or_sink};

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
    /// Whether the hook is asked for exemplars of its duration.
    pub exemplars: bool,
}

impl Function {
    fn describe(&self, what: &str, help: &str) -> Description {
        let function = name(self.function, self.module, self.is_method, (self.path)());
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

    pub(super) fn calls<L: Labels>(&self) -> Counter<L> {
        register_or_sink(&self.describe("calls_total", "Calls of the function that ended."))
    }

    pub(super) fn duration<L: Labels>(&self) -> Histogram<L> {
        let description =
            self.describe("duration_seconds", "Time from call to end.").unit("seconds");
        register_or_sink(&if self.exemplars { description.exemplars() } else { description })
    }
}
