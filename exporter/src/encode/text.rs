//! Text format 0.0.4 (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use super::family::FamilyType;
use super::lines::{Dialect, Names};
use super::negotiate::Format;
use super::{append, render_into};
use tickmetrics::{Escaping, Snapshot};

/// Appends a snapshot in Prometheus' text format 0.0.4.
///
/// Each family is a `# HELP` and a `# TYPE` line, and then its series. Histograms become cumulative
/// buckets, whose last one, `+Inf`, equals `_count`. Values that a histogram could not measure
/// follow as counters, which are exposed only if they count anything:
///
/// - `<name>_saturated_total`: values above the declared maximum. They are in the count, the sum
///   and the bucket `+Inf`.
/// - `<name>_negative_total`: negative values. They are in nothing else.
///
/// Numbers are in the exported unit, in the shortest form that parses to the same number. Names are
/// in ASCII: `_` replaces each character that is invalid in this format. If several families get
/// one name, all but one are left out. Apart from the growth of `out`, only some names are
/// allocated: keep it for the next snapshot.
///
/// ```
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let orders: Counter<bool> =
///     registry.register(&Description::new("orders_total", "Orders, by whether they filled."))?;
/// orders.with(true).add(3);
///
/// let mut out = String::new();
/// tickmetrics_exporter::encode::text(&registry.snapshot(), &mut out);
/// let lines = [
///     "# HELP orders_total Orders, by whether they filled.",
///     "# TYPE orders_total counter",
///     r#"orders_total{flag="false"} 0"#,
///     r#"orders_total{flag="true"} 3"#,
/// ];
/// assert!(out.lines().eq(lines));
/// # Ok::<(), tickmetrics::RegisterError>(())
/// ```
pub fn text(snapshot: &Snapshot, out: &mut String) {
    append(out, |out| render_into(snapshot, Format::Text.into(), out));
}

/// Prometheus' own text formats.
pub(super) struct Text {
    pub(super) escaping: Escaping,
}

impl Dialect for Text {
    const QUOTES: bool = false;
    const EXEMPLARS: bool = false;

    fn escaping(&self) -> Escaping {
        self.escaping
    }

    fn names<'n>(&self, name: &'n str, family_type: FamilyType) -> Names<'n> {
        Names { family: name, family_type: family_type.name(), suffix: "" }
    }

    fn has_created(&self, _: &Names<'_>) -> bool {
        false
    }

    fn push_unit(&self, _: &mut Vec<u8>, _: &str, _: &str) {}
}
