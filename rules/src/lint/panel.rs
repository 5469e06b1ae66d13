//! What is wrong with a panel besides its expressions.

use super::check::Check;
use super::facts::Facts;
use crate::file::dashboard::{Panel, Query};
use crate::place::Source;
use crate::report::Finding;
use std::sync::Arc;

/// Units of metrics, and the identifiers that Grafana has for them
/// (<https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts>).
const UNITS: [(&str, &[&str]); 5] = [
    ("seconds", &["s", "dtdurations", "dthms", "dtdhms", "clocks"]),
    ("milliseconds", &["ms", "dtdurationms", "clockms"]),
    ("microseconds", &["\u{b5}s", "\u{3bc}s"]),
    ("nanoseconds", &["ns"]),
    ("bytes", &["bytes", "decbytes"]),
];

/// A panel with the unit of something else than its query gives.
pub(super) fn unit(
    source: &Arc<Source>,
    panel: &Panel,
    query: &Query,
    facts: &Facts<'_>,
) -> Option<Finding> {
    let (shown, unit) = (panel.unit.as_ref()?, facts.unit?);
    // Overrides can be for this query.
    if !panel.field_units.is_empty() || query.is_hidden {
        return None;
    }
    let (right, fitting) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let is_known = UNITS.iter().any(|(_, units)| units.contains(&shown.as_str()));
    if !is_known || fitting.contains(&shown.as_str()) {
        return None;
    }
    let message = format!("the query gives {right}, and the panel shows {:?}", shown.as_str());
    let finding = Check::PanelUnit.finding(source, shown.place(), message);
    Some(finding.instead(format!("write {:?}", fitting[0])))
}
