//! `OpenMetrics` 1.0.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use super::family::FamilyType;
use super::lines::{Dialect, Names, push_name};
use super::negotiate::Format;
use super::unit::ends_in_unit;
use super::{append, render_into};
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
    append(out, |out| render_into(snapshot, Format::OpenMetrics.into(), out));
}

/// The text after the last family.
pub(super) const END: &[u8] = b"# EOF\n";

pub(crate) struct OpenMetrics<'a> {
    /// Whether the exposition has series of a name.
    pub(super) is_exposed: &'a dyn Fn(&str) -> bool,
    pub(super) escaping: Escaping,
    /// Whether the start of series is exposed.
    pub(super) created: bool,
}

impl Dialect for OpenMetrics<'_> {
    const QUOTES: bool = true;
    const EXEMPLARS: bool = true;

    fn escaping(&self) -> Escaping {
        self.escaping
    }

    fn names<'n>(&self, name: &'n str, family_type: FamilyType) -> Names<'n> {
        if family_type != FamilyType::Counter {
            return Names { family: name, family_type: family_type.name(), suffix: "" };
        }
        let unknown = Names { family: name, family_type: "unknown", suffix: "" };
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
        Names { family, family_type: "counter", suffix: "_total" }
    }

    fn has_created(&self, names: &Names<'_>) -> bool {
        self.created && matches!(names.family_type, "counter" | "histogram")
    }

    fn push_unit(&self, out: &mut Vec<u8>, family: &str, unit: &str) {
        if ends_in_unit(family, unit) {
            out.extend_from_slice(b"# UNIT ");
            push_name(out, family);
            for part in [" ", unit, "\n"] {
                out.extend_from_slice(part.as_bytes());
            }
        }
    }
}
