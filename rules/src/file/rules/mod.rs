//! Prometheus rule files, and those that are wrapped for Kubernetes.

mod duration;
mod fields;
mod read;
#[cfg(test)]
mod tests;

use super::Waiver;
use crate::place::{Place, Source, Text};
use crate::report::Finding;
use std::sync::Arc;
use std::time::Duration;

/// A rule file: the groups of all its documents.
///
/// It is a file of `promtool check rules`, a `PrometheusRule` of the Prometheus operator, or a `List`
/// of these.
///
/// ```
/// use tickmetrics_rules::Source;
/// use tickmetrics_rules::file::RuleFile;
///
/// let file = RuleFile::read(Source::new("a.yml", "
/// groups:
/// - name: orders
///   rules:
///   ## tickmetrics: allow rate-of-gauge it counts, whatever its type
///   - alert: NoOrders
///     expr: rate(orders[5m]) == 0
///     for: 10m
/// "));
/// let rule = &file.groups[0].rules[0];
/// assert_eq!((rule.name.as_str(), rule.expr.as_str()), ("NoOrders", "rate(orders[5m]) == 0"));
/// assert_eq!(rule.lasting.as_ref().unwrap().value.as_secs(), 600);
/// assert_eq!(file.waivers[0].check, "rate-of-gauge");
/// assert!(file.waivers[0].covers(rule.expr.place()));
/// assert!(file.findings.is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct RuleFile {
    /// The file.
    pub source: Arc<Source>,
    /// The groups, in the order of the file.
    pub groups: Vec<Group>,
    /// The waivers, in the order of the file.
    pub waivers: Vec<Waiver>,
    /// What is wrong with the file itself. A rule that lacks its name or expression is left out.
    pub findings: Vec<Finding>,
}

/// A group of rules, which are evaluated one after the other.
#[derive(Clone, Debug)]
pub struct Group {
    /// The whole group.
    pub place: Place,
    /// The name.
    pub name: Text,
    /// The time between two evaluations. Prometheus' `global.evaluation_interval` where it is
    /// missing.
    pub interval: Option<Field<Duration>>,
    /// How far in the past the rules are evaluated.
    pub query_offset: Option<Field<Duration>>,
    /// The most series that an alert or a recorded metric may have. 0 is no limit.
    pub limit: Option<Field<i64>>,
    /// Labels that each rule gets, unless it sets them itself.
    pub labels: Vec<Entry>,
    /// The rules, in the order of the file.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The whole rule.
    pub place: Place,
    /// Whether it is an alert or records a metric.
    pub kind: RuleKind,
    /// The name of the alert or of the metric.
    pub name: Text,
    /// The expression.
    pub expr: Text,
    /// The field `for`: how long the expression must hold before an alert fires.
    pub lasting: Option<Field<Duration>>,
    /// The field `keep_firing_for`.
    pub keep_firing: Option<Field<Duration>>,
    /// Labels that are set.
    pub labels: Vec<Entry>,
    /// Annotations of an alert.
    pub annotations: Vec<Entry>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RuleKind {
    /// It fires an alert.
    Alert,
    /// It records a metric.
    Record,
}

/// A field with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field<T> {
    /// The value.
    pub value: T,
    /// Where the value was written.
    pub place: Place,
}

/// A label or an annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: Text,
    /// The value, which can be a template.
    pub value: Text,
}

impl RuleFile {
    /// Reads a file. What is wrong with it is in `findings`; the rest is read.
    pub fn read(source: impl Into<Arc<Source>>) -> Self {
        read::read(source.into())
    }

    /// A file without groups.
    pub(in crate::file) fn empty(source: Arc<Source>) -> Self {
        Self { source, groups: Vec::new(), waivers: Vec::new(), findings: Vec::new() }
    }

    /// The number of rules in all groups.
    pub fn rule_count(&self) -> usize {
        self.groups.iter().map(|group| group.rules.len()).sum()
    }
}
