//! `OpenMetrics` 1.0.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use super::family::FamilyType;
use super::lines::{Dialect, Names, push_name};
use super::unit::ends_in_unit;
use tickmetrics::Escaping;

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
    const SIGNED: bool = false;

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
