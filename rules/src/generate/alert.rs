//! Alerts that a program declares.

use super::number::percent;
use super::rule::{AlertRule, Annotation, Form, Group};
use super::scope::{Scope, share, sum_without};
use crate::catalogue::{Alert, Condition, Family, Kind, Priority, Subject};
use crate::query::duration;
use std::collections::BTreeMap;

/// A declared alert of a service.
pub(super) struct Declared<'a> {
    pub(super) scope: Scope<'a>,
    /// Where it is declared.
    pub(super) family: &'a Family,
    /// Counts all events of a share.
    pub(super) total: Option<&'a Family>,
    pub(super) alert: &'a Alert,
}

impl<'a> Declared<'a> {
    /// `None` if the family of all events is missing.
    pub(super) fn new(scope: Scope<'a>, family: &'a Family, alert: &'a Alert) -> Option<Self> {
        let total = match &alert.of {
            Subject::ShareOf(total) => Some(scope.catalogue.family(total)?),
            _ => None,
        };
        Some(Self { scope, family, total, alert })
    }

    /// It, and the one beside it.
    pub(super) fn alerts(&self) -> Vec<AlertRule> {
        [self.rule()].into_iter().chain(self.absent()).collect()
    }

    pub(super) fn rule(&self) -> AlertRule {
        let Alert { name, is, for_seconds, priority, summary, .. } = self.alert;
        let (operator, threshold) = match is {
            Condition::Above(threshold) => (">", threshold),
            Condition::Below(threshold) => ("<", threshold),
            Condition::Equals(value) => ("==", value),
        };
        let compared = self.compared();
        let space = if compared.contains('\n') { '\n' } else { ' ' };
        let form = if self.total.is_some() { Form::Percentage } else { Form::Number };
        let mut annotations = Vec::new();
        if !summary.is_empty() {
            annotations.push(Annotation::plain("summary", summary));
        }
        annotations.push(Annotation::with_value(
            "description",
            format!("{} is ", self.what()),
            form,
            format!(". The alert is about {}.", self.condition()),
        ));
        AlertRule {
            name: name.clone(),
            expr: format!("{compared}{space}{operator} {threshold}"),
            for_seconds: *for_seconds,
            labels: self.labels(*priority),
            annotations: self.annotations(annotations),
        }
    }

    /// Whether a single event is enough, and the series may begin with it: a rate needs a value
    /// before it.
    pub(super) fn begins_with_first_event(&self) -> bool {
        let one = 1.0 / self.seconds();
        let is_enough = matches!(self.alert.is, Condition::Above(threshold) if threshold < one);
        self.alert.of == Subject::Rate && is_enough && !self.family.from_start
    }

    /// Whether it fires for a low share of events that may not have begun.
    pub(super) fn is_low_share(&self) -> bool {
        self.total.is_some()
            && !self.family.from_start
            && !matches!(self.alert.is, Condition::Above(_))
    }

    /// Whether it reads native buckets.
    pub(super) fn is_native(&self) -> bool {
        self.family.kind == Kind::Histogram && self.scope.generator.is_native(self.family)
    }

    pub(super) fn seconds(&self) -> f64 {
        self.alert.window_seconds as f64
    }

    fn compared(&self) -> String {
        let Self { scope, family, total, alert } = self;
        let (window, matchers) = (alert.window_seconds, &alert.matchers);
        let events = scope.events(family, matchers);
        match &alert.of {
            Subject::Value => scope.select(family, "", matchers).to_string(),
            Subject::Rate if self.begins_with_first_event() => {
                let (first, rate) = (events.first(window), events.rate(window));
                // In parentheses: both sides are compared with the threshold.
                let either = format!("({first} / {window} or {rate})");
                sum_without(&[family], &alert.by, &either)
            }
            Subject::Rate => sum_without(&[family], &alert.by, &events.rate(window)),
            Subject::Quantile(quantile) => {
                let suffix = if scope.generator.is_native(family) { "" } else { "_bucket" };
                let rate = scope.select(family, suffix, matchers).rate(&duration(window));
                let sum = sum_without(&[family], &alert.by, &rate);
                format!("histogram_quantile({quantile}, {sum})")
            }
            Subject::ShareOf(_) => {
                let total = total.unwrap_or(family);
                let families = [*family, total];
                let sum = |family| {
                    let rate = scope.events(family, matchers).rate(window);
                    sum_without(&families, &alert.by, &rate)
                };
                share(&sum(family), &sum(total), !family.from_start)
            }
        }
    }

    /// What is compared, in words.
    fn what(&self) -> String {
        let Family { name, .. } = self.family;
        let window = duration(self.alert.window_seconds);
        match &self.alert.of {
            Subject::Value => name.clone(),
            Subject::Rate => format!("The rate of {name} over {window}"),
            Subject::Quantile(quantile) => {
                format!("The {quantile} quantile of {name} over {window}")
            }
            Subject::ShareOf(total) => format!("{name} over {window} as a share of {total}"),
        }
    }

    fn condition(&self) -> String {
        let unit = match (&self.alert.of, self.family.unit.as_str()) {
            (Subject::Rate, _) => " a second".to_owned(),
            (_, "") => String::new(),
            (_, unit) => format!(" {unit}"),
        };
        let number = |number: f64| match self.total {
            Some(_) => percent(number),
            None => format!("{number}{unit}"),
        };
        let condition = match self.alert.is {
            Condition::Above(threshold) => format!("more than {}", number(threshold)),
            Condition::Below(threshold) => format!("less than {}", number(threshold)),
            Condition::Equals(value) => number(value),
        };
        match self.alert.for_seconds {
            0 => condition,
            seconds => format!("{condition} for {}", duration(seconds)),
        }
    }

    pub(super) fn labels(&self, priority: Priority) -> BTreeMap<&'static str, String> {
        let service = ("service", self.scope.service.to_owned());
        BTreeMap::from([service, ("priority", priority.name().to_owned())])
    }

    /// With the address of the instructions.
    pub(super) fn annotations(&self, mut annotations: Vec<Annotation>) -> Vec<Annotation> {
        if !self.alert.runbook.is_empty() {
            annotations.push(Annotation::plain("runbook_url", &self.alert.runbook));
        }
        annotations
    }
}

/// All declared alerts of a service, with those beside them.
pub(super) fn group(service: &str, alerts: &[Declared<'_>]) -> Option<Group> {
    let rules: Vec<_> =
        alerts.iter().flat_map(Declared::alerts).map(AlertRule::into_rule).collect();
    (!rules.is_empty()).then(|| Group { name: format!("{service} alerts"), rules })
}
