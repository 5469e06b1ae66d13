//! `OpenMetrics` 1.0.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use super::progress::Progress;
use super::text::{Format, Names, push_name, write};
use super::unit::ends_in_unit;
use crate::names::Distinct;
use tickmetrics::{Escaping, Snapshot};

/// Appends a snapshot in the `OpenMetrics` text format 1.0.0, which ends with `# EOF`: one
/// snapshot is one exposition.
///
/// It has the content of [`text`](super::text), with a `# UNIT` line if a unit was declared and the
/// name ends in it, and with the histograms'
/// [exemplars](tickmetrics::HistogramSnapshot::exemplars). Every series has the same name as in the
/// other formats. A counter's family has the counter's name without `_total`. The type of a counter
/// whose name does not end in `_total` is `unknown`, since `OpenMetrics` has no such counters. It
/// is also `unknown` if the name of the family, or of its start time, would be that of another
/// family's samples.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let wait: Counter = registry
///     .register(&Description::new("wait_seconds_total", "Time waited.").unit("seconds"))?;
/// wait.add(1_500_000_000); // nanoseconds
///
/// let mut out = String::new();
/// tickmetrics_exporter::encode::openmetrics(&registry.snapshot(), &mut out);
/// let lines = [
///     "# HELP wait_seconds Time waited.",
///     "# TYPE wait_seconds counter",
///     "# UNIT wait_seconds seconds",
///     "wait_seconds_total 1.5",
///     "# EOF",
/// ];
/// assert!(out.lines().eq(lines));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn openmetrics(snapshot: &Snapshot, out: &mut String) {
    let escaping = Escaping::default();
    let distinct = Distinct::new(snapshot, escaping);
    let is_exposed = |name: &str| distinct.contains(name);
    let format = OpenMetrics { is_exposed: &is_exposed, escaping, created: false };
    for family in distinct.families() {
        write(&format, family.into(), &mut Progress::default(), out, usize::MAX);
    }
    out.push_str(END);
}

/// The text after the last family.
pub(super) const END: &str = "# EOF\n";

pub(crate) struct OpenMetrics<'a> {
    /// Whether the exposition has series of a name.
    pub(super) is_exposed: &'a dyn Fn(&str) -> bool,
    pub(super) escaping: Escaping,
    /// Whether the start of series is exposed.
    pub(super) created: bool,
}

impl Format for OpenMetrics<'_> {
    const QUOTES: bool = true;
    const EXEMPLARS: bool = true;

    fn escaping(&self) -> Escaping {
        self.escaping
    }

    fn counter<'a>(&self, name: &'a str) -> Names<'a> {
        let unknown = Names { family: name, kind: "unknown", suffix: "" };
        let family = name.strip_suffix("_total").filter(|family| !family.is_empty());
        let Some(family) = family else { return unknown };
        let is_exposed = |of: &str, suffix: &str| (self.is_exposed)(&format!("{of}{suffix}"));
        // A family must not have the name of another's samples: `a_total_total` and
        // `a_created_total`, beside `a_total`.
        let of_total = family.ends_with("_total");
        let of_created =
            family.strip_suffix("_created").is_some_and(|other| is_exposed(other, "_total"));
        if is_exposed(family, "") || is_exposed(family, "_created") || of_total || of_created {
            return unknown;
        }
        Names { family, kind: "counter", suffix: "_total" }
    }

    fn has_created(&self, names: &Names<'_>) -> bool {
        self.created && matches!(names.kind, "counter" | "histogram")
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
