//! Gauges that are 0 or 1.

use super::{Maker, describe};
use crate::catalogue::{Alert, Condition, Family, Kind, Subject};
use crate::dashboard::model::{Mapping, Panel, Step, Target, Visual};
use crate::dashboard::queries::{all_labels, legend, series};
use crate::dashboard::thresholds::color;

/// Last words of names that only a state has.
const STATES: [&str; 5] = ["up", "alive", "healthy", "enabled", "ready"];
/// How the help text of a state begins.
const HELPS: [&str; 5] = ["Whether ", "1 while ", "1 if ", "1 when ", "Is 1 "];
/// Words for what should be.
const GOOD: [&str; 9] =
    ["connected", "up", "alive", "healthy", "enabled", "ready", "ok", "online", "synced"];
/// Words for what should not be.
const BAD: [&str; 12] = [
    "breaker", "degraded", "down", "failed", "failing", "halted", "killed", "paused", "stale",
    "stopped", "stuck", "tripped",
];

/// The colour of a state that is neither good nor bad.
const NEUTRAL: [&str; 2] = ["text", "blue"];

/// A panel with the state, if the metric is one.
pub(super) fn panel(maker: &Maker<'_>, family: &Family) -> Option<Panel> {
    let is_value = matches!(family.kind, Kind::Gauge | Kind::Unknown);
    if !is_value || !family.unit.is_empty() || !is_state(family) {
        return None;
    }
    let legend = legend(&all_labels(family));
    let target = Target::instant(series(family, "").to_string(), legend);
    let mut panel = Panel::new(maker.title(family), Visual::STATE, "none", vec![target]);
    panel.mappings = mappings(family);
    panel.thresholds = vec![Step { from: None, color: NEUTRAL[0] }];
    describe(&mut panel, family);
    Some(panel)
}

fn is_state(family: &Family) -> bool {
    let last = family.name.rsplit('_').next().unwrap_or_default();
    STATES.contains(&last)
        || HELPS.iter().any(|help| family.help.starts_with(help))
        || family.alerts.iter().any(|alert| bad_value(alert).is_some())
}

/// The value of a state that an alert is about.
fn bad_value(alert: &Alert) -> Option<f64> {
    match alert.is {
        Condition::Equals(value) if alert.of == Subject::Value => {
            (value == 0.0 || value == 1.0).then_some(value)
        }
        _ => None,
    }
}

fn mappings(family: &Family) -> Vec<Mapping> {
    let alarmed = family.alerts.iter().find_map(|alert| Some((bad_value(alert)?, alert)));
    let named = |words: &[&str]| family.name.split('_').any(|word| words.contains(&word));
    let (bad, bad_color) = match alarmed {
        Some((value, alert)) => (Some(value), color(alert.priority)),
        None if named(&BAD) => (Some(1.0), "red"),
        None if named(&GOOD) => (Some(0.0), "red"),
        None => (None, ""),
    };
    let texts = if named(&["status", "state", "breaker"]) { ["Off", "On"] } else { ["No", "Yes"] };
    let of = |value: f64, text, neutral| Mapping {
        value,
        text,
        color: match bad {
            Some(bad) if bad == value => bad_color,
            Some(_) => "green",
            None => neutral,
        },
    };
    vec![of(0.0, texts[0], NEUTRAL[0]), of(1.0, texts[1], NEUTRAL[1])]
}
