//! What is wrong with a rule besides its expression.

use super::check::Check;
use super::facts::{Facts, Has};
use super::files::Parsed;
use crate::expression::{Expression, Kind};
use crate::file::rules::{Entry, Group, Rule, RuleKind};
use crate::place::Source;
use crate::report::Finding;
use regex::Regex;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// Prometheus' default for the time between two evaluations.
const INTERVAL: Duration = Duration::from_secs(60);

/// A label in a template, within its braces.
static LABEL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:\$labels|\.Labels)\.([A-Za-z_][A-Za-z0-9_]*)").ok());
static BRACES: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?s)\{\{.*?\}\}").ok());

pub(super) fn alert(
    source: &Arc<Source>,
    group: &Group,
    rule: &Rule,
    expression: Option<&Expression>,
    facts: &Facts<'_>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Without one, it is the global interval, which is not known here.
    let interval = group.interval.as_ref().map(|interval| interval.value);
    let lasting = rule.lasting.as_ref().filter(|lasting| !lasting.value.is_zero());
    if let (Some(lasting), Some(interval)) = (lasting, interval)
        && lasting.value < interval
    {
        let message = format!(
            "the alert is for {} s, and its group is evaluated each {} s",
            lasting.value.as_secs_f64(),
            interval.as_secs_f64()
        );
        findings.push(Check::ForShorterThanInterval.finding(source, lasting.place, message));
    }
    if let Some(place) = expression.filter(|_| lasting.is_none()).and_then(absent) {
        let message = "an alert about absence has no for".to_owned();
        let least = interval.unwrap_or(INTERVAL).as_secs().max(30) * 2;
        let finding = Check::AbsentWithoutFor.finding(source, rule.expr.part(place), message);
        findings.push(finding.instead(format!("add for: {least}s")));
    }
    for Entry { value, .. } in rule.annotations.iter().chain(&rule.labels) {
        let (Some(braces), Some(label)) = (&*BRACES, &*LABEL) else { continue };
        // Within the result of a query, `.Labels` are those of the result.
        let has_query = value.contains("query ");
        for template in braces.find_iter(value) {
            for found in label.captures_iter(template.as_str()) {
                let (Some(whole), Some(found)) = (found.get(0), found.get(1)) else { continue };
                let name = found.as_str();
                let is_other = has_query && whole.as_str().starts_with('.');
                if facts.labels.has(name) != Has::No || name == "__name__" || is_other {
                    continue;
                }
                let start = template.start() + found.start();
                let place = value.part(start..start + name.len());
                let message = format!("the result has no label {name}");
                findings.push(Check::TemplateLabelGone.finding(source, place, message));
            }
        }
    }
    findings
}

/// The place of a call of `absent`.
fn absent(expression: &Expression) -> Option<std::ops::Range<usize>> {
    expression.nodes().find_map(|node| match &node.kind {
        Kind::Call(call) => {
            let name = call.function.value.known()?;
            (name == "absent").then(|| node.place.clone())
        }
        _ => None,
    })
}

/// A rule that is there twice.
pub(super) struct Duplicates<'r> {
    first: HashMap<Key<'r>, &'r Parsed<'r>>,
}

/// The kind, the name, the labels, and the expression of those that can be there several times.
type Key<'r> = (bool, &'r str, Vec<(&'r str, &'r str)>, Option<&'r str>);

impl<'r> Duplicates<'r> {
    pub(super) fn new() -> Self {
        Self { first: HashMap::new() }
    }

    /// A rule that an earlier one repeats. Alerts of one name with several conditions are usual, and
    /// so are recorded series of several expressions, unless neither has labels.
    pub(super) fn find(&mut self, parsed: &'r Parsed<'r>, facts: &Facts<'_>) -> Option<Finding> {
        let Parsed { source, group, rule, .. } = parsed;
        let own: HashSet<&str> = rule.labels.iter().map(|label| label.name.as_str()).collect();
        let of_group = group.labels.iter().filter(|label| !own.contains(label.name.as_str()));
        let mut labels: Vec<_> = of_group
            .chain(&rule.labels)
            .map(|label| (label.name.as_str(), label.value.as_str()))
            .collect();
        labels.sort_unstable();
        let is_alert = rule.kind == RuleKind::Alert;
        let is_one = !is_alert && facts.labels.is_none();
        let expression = (!is_one).then_some(rule.expr.as_str());
        let key = (is_alert, rule.name.as_str(), labels, expression);
        let Some(earlier) = self.first.get(&key) else {
            self.first.insert(key, parsed);
            return None;
        };
        let at = earlier.source.position(earlier.rule.name.place().start);
        let message = format!(
            "{} is also in {}, line {}, with the same labels",
            rule.name.as_str(),
            earlier.source.name(),
            at.line
        );
        Some(Check::Duplicate.finding(source, rule.name.place(), message))
    }
}
