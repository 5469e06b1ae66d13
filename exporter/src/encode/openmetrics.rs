//! `OpenMetrics` 1.0.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use super::exposition::Progress;
use super::text::{Format, Names, push_name, write};
use crate::names::Distinct;
use metrics_core::{Escaping, Snapshot};

/// Appends a snapshot in the `OpenMetrics` text format 1.0.0, which ends with `# EOF`: one
/// snapshot is one exposition.
///
/// It holds what [`text`](super::text) holds, with a `# UNIT` line where a unit was declared and
/// the name ends in it, and with the histograms' [exemplars](metrics_core::HistogramSnapshot::exemplars).
/// A counter's family is called what the counter is, without `_total`. Where
/// that name, or the one for its creation time, is another family's or could be another one's sample,
/// `OpenMetrics` can't tell them apart: such a counter keeps its whole name, and its type is
/// `unknown`.
/// A histogram `a` beside something called `a_created` is written as it is, since neither can have
/// another name: Prometheus takes it, a strict parser may not.
///
/// ```
/// use metrics_core::prelude::*;
///
/// let registry = Registry::new();
/// let wait: Counter = registry
///     .register(&Description::new("wait_seconds_total", "Time waited.").unit("seconds"))?;
/// wait.add(1_500_000_000); // nanoseconds
///
/// let mut out = String::new();
/// exporter::encode::openmetrics(&registry.snapshot(), &mut out);
/// let lines = [
///     "# HELP wait_seconds Time waited.",
///     "# TYPE wait_seconds counter",
///     "# UNIT wait_seconds seconds",
///     "wait_seconds_total 1.5",
///     "# EOF",
/// ];
/// assert!(out.lines().eq(lines));
/// # Ok::<(), metrics_core::RegisterError>(())
/// ```
pub fn openmetrics(snapshot: &Snapshot, out: &mut String) {
    let escaping = Escaping::default();
    let distinct = Distinct::new(snapshot, escaping);
    let is_exposed = |name: &str| distinct.contains(name);
    let format = OpenMetrics { is_exposed: &is_exposed, escaping, created: false };
    for family in distinct.families() {
        write(&format, &[family.into()], &mut Progress::default(), out, usize::MAX);
    }
    out.push_str(END);
}

/// What follows the last family.
pub(super) const END: &str = "# EOF\n";

/// Whether a family may say that it has this unit. None is the empty one.
pub(super) fn ends_in_unit(family: &str, unit: &str) -> bool {
    let before = family.strip_suffix(unit).filter(|_| !unit.is_empty());
    before.is_some_and(|before| before.ends_with('_'))
}

pub(crate) struct OpenMetrics<'a> {
    /// Whether the exposition has series of a name.
    pub(super) is_exposed: &'a dyn Fn(&str) -> bool,
    pub(super) escaping: Escaping,
    /// Whether it is told since when series count.
    pub(super) created: bool,
}

impl Format for OpenMetrics<'_> {
    const QUOTES: bool = true;
    const EXEMPLARS: bool = true;

    fn escaping(&self) -> Escaping {
        self.escaping
    }

    fn counter<'a>(&self, name: &'a str) -> Names<'a> {
        let without = name.strip_suffix("_total").filter(|family| !family.is_empty());
        let family = without.unwrap_or(name);
        let taken = |suffix: &str| (self.is_exposed)(&format!("{family}{suffix}"));
        let other = if family == name { "_total" } else { "" };
        // `a_total_total` would be of a family that is called what the samples of `a` are.
        let of_samples = family != name && family.ends_with("_total");
        if taken(other) || taken("_created") || of_samples {
            return Names { family: name, kind: "unknown", suffix: "" };
        }
        Names { family, kind: "counter", suffix: "_total" }
    }

    fn has_created(&self, names: &Names<'_>) -> bool {
        self.created
            && matches!(names.kind, "counter" | "histogram")
            && !(self.is_exposed)(&format!("{}_created", names.family))
    }

    fn push_unit(&self, out: &mut String, family: &str, unit: &str) {
        if ends_in_unit(family, unit) {
            out.push_str("# UNIT ");
            push_name(out, family);
            for part in [" ", unit, "\n"] {
                out.push_str(part);
            }
        }
    }
}
