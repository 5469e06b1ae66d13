//! The catalogue of a registry, with what its metrics declare.

use super::Catalogue;
use super::declared::{Alert, Condition, Indicator, Objective, Panel, Priority, Subject};
use super::family::Family;
use std::collections::BTreeMap;
use tickmetrics::{Description, Registry, declared};

/// The labels of one metric with the same value on every series.
type Constants = BTreeMap<String, String>;

impl Catalogue {
    /// The metrics of a registry, with their objectives, alerts and panels. Registration is enough:
    /// no event needs to be recorded.
    ///
    /// Constant labels of a metric become `matchers` of what it declares. If several metrics of one
    /// name declare the same, that is one declaration, about all of them: an alert looks at the
    /// values of labels in which they differ apart, and an objective counts all events.
    pub fn of_registry(registry: &Registry) -> Self {
        let mut catalogue = Self::of_snapshot(&registry.snapshot());
        for metrics in registry.descriptions().chunk_by(|a, b| a.name() == b.name()) {
            let Some(name) = metrics.first().map(Description::name) else { continue };
            let found = catalogue.families.binary_search_by(|family| (*family.name).cmp(name));
            if let Some(family) = found.ok().and_then(|at| catalogue.families.get_mut(at)) {
                declare(family, metrics);
            }
        }
        catalogue
    }
}

fn declare(family: &mut Family, metrics: &[Description]) {
    let objectives = grouped(metrics, Description::objectives);
    family.objectives =
        objectives.into_iter().filter_map(|(it, metrics)| objective(it, &metrics)).collect();
    let alerts = grouped(metrics, Description::alerts);
    family.alerts = alerts.into_iter().filter_map(|(it, metrics)| alert(it, &metrics)).collect();
    family.panel = metrics.iter().find_map(Description::declared_panel).map(panel);
}

/// Each declaration, with the constant labels of the metrics that have it.
fn grouped<'a, T: PartialEq>(
    metrics: &'a [Description],
    declared: impl Fn(&'a Description) -> &'a [T],
) -> Vec<(&'a T, Vec<Constants>)> {
    let mut groups: Vec<(&T, Vec<Constants>)> = Vec::new();
    for metric in metrics {
        let constants: Constants =
            metric.constants().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        for item in declared(metric) {
            match groups.iter_mut().find(|(other, _)| *other == item) {
                Some((_, metrics)) => metrics.push(constants.clone()),
                None => groups.push((item, vec![constants.clone()])),
            }
        }
    }
    groups
}

/// The labels that all metrics have with the same value, and the names of the others.
fn common(metrics: &[Constants]) -> (Constants, Vec<String>) {
    let (mut same, mut different) = (Constants::new(), Vec::new());
    for (name, value) in metrics.iter().flatten() {
        if metrics.iter().all(|constants| constants.get(name) == Some(value)) {
            same.insert(name.clone(), value.clone());
        } else if !different.contains(name) {
            different.push(name.clone());
        }
    }
    (same, different)
}

/// `None` for an indicator that only a later version knows, and so on below.
fn objective(declared: &declared::Objective, metrics: &[Constants]) -> Option<Objective> {
    let declared = declared.clone();
    let indicator = match declared.indicator {
        declared::Indicator::Under(bound) => Indicator::Under(bound),
        declared::Indicator::ErrorsOf(counter) => Indicator::ErrorsOf(counter),
        declared::Indicator::Bad { label, values } => Indicator::Bad { label, values },
        _ => return None,
    };
    Some(Objective {
        name: declared.name,
        objective: declared.objective,
        indicator,
        matchers: common(metrics).0,
        priority: priority(declared.priority)?,
        summary: declared.summary,
        runbook: declared.runbook,
    })
}

fn alert(declared: &declared::Alert, metrics: &[Constants]) -> Option<Alert> {
    let declared = declared.clone();
    let of = match declared.of {
        declared::Subject::Value => Subject::Value,
        declared::Subject::Rate => Subject::Rate,
        declared::Subject::Quantile(quantile) => Subject::Quantile(quantile),
        declared::Subject::ShareOf(counter) => Subject::ShareOf(counter),
        _ => return None,
    };
    let is = match declared.is {
        declared::Condition::Above(threshold) => Condition::Above(threshold),
        declared::Condition::Below(threshold) => Condition::Below(threshold),
        declared::Condition::Equals(threshold) => Condition::Equals(threshold),
        _ => return None,
    };
    let (matchers, different) = common(metrics);
    let mut by = declared.by;
    // The values of a gauge are looked at apart in any case.
    if of != Subject::Value {
        let more: Vec<String> = different.into_iter().filter(|name| !by.contains(name)).collect();
        by.extend(more);
    }
    Some(Alert {
        name: declared.name,
        of,
        is,
        window_seconds: declared.window_seconds,
        for_seconds: declared.for_seconds,
        priority: priority(declared.priority)?,
        summary: declared.summary,
        runbook: declared.runbook,
        by,
        matchers,
    })
}

fn priority(declared: declared::Priority) -> Option<Priority> {
    match declared {
        declared::Priority::P0 => Some(Priority::P0),
        declared::Priority::P1 => Some(Priority::P1),
        declared::Priority::P2 => Some(Priority::P2),
        _ => None,
    }
}

fn panel(declared: &declared::Panel) -> Panel {
    let declared::Panel { title, row, by, hidden, .. } = declared.clone();
    Panel { title, row, by, hidden }
}
