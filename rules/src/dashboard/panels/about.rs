//! What is said about a metric: its help text, its alerts and objectives, and pages about them.

use crate::catalogue::{Alert, Family, Objective};
use crate::dashboard::model::{Link, Panel, Rank};
use crate::dashboard::thresholds;

/// The most urgent alert or objective decides.
pub(super) fn rank(family: &Family) -> Rank {
    let alerts = family.alerts.iter().map(|alert| alert.priority);
    let all = alerts.chain(family.objectives.iter().map(|objective| objective.priority));
    all.map(thresholds::rank).min().unwrap_or_default()
}

/// Adds the description and the links of a metric.
pub(in crate::dashboard) fn describe(panel: &mut Panel, family: &Family) {
    let mut parts = Vec::new();
    if !family.help.is_empty() {
        parts.push(family.help.clone());
    }
    parts.push(format!("Metric: `{}`", family.name));
    parts.extend(family.objectives.iter().map(promised));
    parts.extend(family.alerts.iter().map(alarmed));
    panel.description = parts.join("\n\n");
    for objective in &family.objectives {
        link(panel, &objective.name, &objective.runbook);
    }
    for alert in &family.alerts {
        link(panel, &alert.name, &alert.runbook);
    }
}

/// Adds a link to a page with instructions, if there is one.
pub(in crate::dashboard) fn link(panel: &mut Panel, of: &str, url: &str) {
    let link = Link { title: format!("Runbook: {of}"), url: url.to_owned() };
    if !url.is_empty() && !panel.links.contains(&link) {
        panel.links.push(link);
    }
}

fn promised(objective: &Objective) -> String {
    let Objective { name, objective, summary, .. } = objective;
    let summary = if summary.is_empty() { String::new() } else { format!(": {summary}") };
    format!("Objective {name}: {}{summary}", percent(*objective))
}

fn alarmed(alert: &Alert) -> String {
    format!("Alert {} ({}): {}", alert.name, alert.priority.name(), alert.summary)
}

/// A share as a text: 0.9995 is `99.95 %`.
pub(in crate::dashboard) fn percent(share: f64) -> String {
    // Digits that the multiplication adds are cut off.
    let rounded = (share * 1e10).round() / 1e8;
    format!("{rounded} %")
}
