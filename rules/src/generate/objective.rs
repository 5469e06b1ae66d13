//! Objectives: the share of bad events in several windows, and alerts about the rate at which it uses
//! up the error budget (<https://sre.google/workbook/alerting-on-slos/>, approach 6).

use super::number::percent;
use super::rule::{AlertRule, Annotation, Form, Group, Record, Rule};
use super::scope::{Scope, share};
use crate::catalogue::{Family, Indicator, Objective, Priority};
use crate::query::{Selector, duration};
use std::collections::BTreeMap;

/// An alert that fires if both windows burn the budget at more than this rate.
pub(super) struct Burn {
    /// In seconds.
    pub(super) long: u64,
    /// In seconds. It makes the alert end soon after the burn has ended.
    pub(super) short: u64,
    /// How many times as fast as a budget that lasts 30 days.
    pub(super) rate: f64,
    /// Whether somebody is called. If not, it opens a ticket.
    pub(super) pages: bool,
}

const MINUTE: u64 = 60;
pub(super) const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// The workbook's: 2 % of the budget in an hour, 5 % in 6 hours, and 10 % in 1 day and in 3 days.
pub(super) const BURNS: [Burn; 4] = [
    Burn { long: HOUR, short: 5 * MINUTE, rate: Objective::FASTEST_BURN, pages: true },
    Burn { long: 6 * HOUR, short: 30 * MINUTE, rate: 6.0, pages: true },
    Burn { long: DAY, short: 2 * HOUR, rate: 3.0, pages: false },
    Burn { long: 3 * DAY, short: 6 * HOUR, rate: 1.0, pages: false },
];

/// An objective of a service.
pub(super) struct Slo<'a> {
    pub(super) scope: Scope<'a>,
    /// Where it is declared.
    pub(super) family: &'a Family,
    /// Counts all events.
    pub(super) total: &'a Family,
    pub(super) objective: &'a Objective,
}

impl<'a> Slo<'a> {
    /// `None` if the family of all events is missing.
    pub(super) fn new(
        scope: Scope<'a>,
        family: &'a Family,
        objective: &'a Objective,
    ) -> Option<Self> {
        let total = match &objective.indicator {
            Indicator::ErrorsOf(total) => scope.catalogue.family(total)?,
            Indicator::Under(_) | Indicator::Bad { .. } => family,
        };
        Some(Self { scope, family, total, objective })
    }

    /// The recorded shares, and all alerts.
    pub(super) fn group(&self) -> Group {
        let mut windows: Vec<u64> = BURNS.iter().flat_map(|burn| [burn.short, burn.long]).collect();
        windows.sort_unstable();
        windows.dedup();
        let records = windows.into_iter().map(|window| {
            Rule::Record(Record {
                name: recorded(window),
                expr: self.bad_share(window),
                labels: self.labels(),
            })
        });
        let alerts = self.alerts().into_iter().map(AlertRule::into_rule);
        Group {
            name: format!("{} objective {}", self.scope.service, self.objective.name),
            rules: records.chain(alerts).collect(),
        }
    }

    /// All alerts about it.
    pub(super) fn alerts(&self) -> Vec<AlertRule> {
        let burns = BURNS.iter().map(|burn| self.burn(burn));
        burns.chain([self.absent(), self.low_traffic()]).collect()
    }

    /// The name of an alert about it.
    pub(super) fn alert_name(&self, about: &str) -> String {
        alert_name(&self.objective.name, about)
    }

    pub(super) fn burn(&self, burn: &Burn) -> AlertRule {
        let Objective { name, objective, priority, summary, .. } = self.objective;
        let (long, short) = (duration(burn.long), duration(burn.short));
        let limit = format!("{} * (1 - {objective})", burn.rate);
        let shares = [burn.long, burn.short].map(|window| self.recorded(window));
        let expr = format!("{} > {limit}\nand\n{} > {limit}", shares[0], shares[1]);
        let least = percent(burn.rate * self.objective.budget());
        let after = format!(
            " of the events of the last {long} were bad. The objective is {}, and the error budget \
             burns more than {} times as fast as it may.",
            percent(*objective),
            burn.rate
        );
        let fallback = format!("{} burns the error budget of {name}.", self.scope.service);
        let summary = if summary.is_empty() { fallback } else { summary.clone() };
        let floor = format!(
            "It fires if more than {least} of the events are bad, in the last {long} and in the last \
             {short}."
        );
        AlertRule {
            name: self.alert_name(&burn.about()),
            expr,
            for_seconds: 0,
            labels: self.with_priority(if burn.pages { *priority } else { Priority::P2 }),
            annotations: self.annotations(vec![
                Annotation::plain("summary", summary),
                Annotation::with_value("description", "", Form::Percentage, after),
                Annotation::plain("floor", floor),
            ]),
        }
    }

    /// The share of bad events in a window. Without events it is not a number.
    fn bad_share(&self, window: u64) -> String {
        let Self { scope, family, total, objective } = self;
        let matchers = &objective.matchers;
        let all = scope.sum(&scope.events(total, matchers).rate(window));
        match &objective.indicator {
            Indicator::Under(bound) if scope.generator.is_native(family) => {
                let rate = scope.select(family, "", matchers).rate(&duration(window));
                format!("1 - histogram_fraction(0, {bound}, {})", scope.sum(&rate))
            }
            Indicator::Under(bound) => {
                let good = scope.select(family, "_bucket", matchers).edge(*bound);
                let good = scope.sum(&good.rate(&duration(window)));
                format!("1 - (\n  {good}\n  /\n  {all}\n)")
            }
            Indicator::ErrorsOf(_) => {
                let bad = scope.sum(&scope.events(family, matchers).rate(window));
                share(&bad, &all, !family.from_start)
            }
            Indicator::Bad { label, values } => {
                let bad = scope.events(family, matchers).among(|it| it.one_of(label, values));
                share(&scope.sum(&bad.rate(window)), &all, !family.from_start)
            }
        }
    }

    /// The recorded share of a window.
    fn recorded(&self, window: u64) -> Selector {
        let mut selector = Selector::new(recorded(window));
        for (label, value) in &self.scope.generator.selector {
            if self.scope.generator.by.contains(label) {
                selector = selector.equal(label, value);
            }
        }
        let labels = self.labels();
        labels.into_iter().fold(selector, |selector, (label, value)| selector.equal(label, value))
    }

    pub(super) fn labels(&self) -> BTreeMap<&'static str, String> {
        let slo = ("slo", self.objective.name.clone());
        BTreeMap::from([slo, ("service", self.scope.service.to_owned())])
    }

    pub(super) fn with_priority(&self, priority: Priority) -> BTreeMap<&'static str, String> {
        let mut labels = self.labels();
        labels.insert("priority", priority.name().to_owned());
        labels
    }

    /// With the address of the instructions.
    pub(super) fn annotations(&self, mut annotations: Vec<Annotation>) -> Vec<Annotation> {
        if !self.objective.runbook.is_empty() {
            annotations.push(Annotation::plain("runbook_url", &self.objective.runbook));
        }
        annotations
    }
}

impl Burn {
    /// The end of the alert's name.
    pub(super) fn about(&self) -> String {
        format!("BudgetBurn{}", duration(self.long))
    }
}

/// The series that a window's share is recorded as.
pub(super) fn recorded(window: u64) -> String {
    format!("slo:sli_error:ratio_rate{}", duration(window))
}

/// The words of an objective's name in `PascalCase`, with what an alert is about.
pub(super) fn alert_name(objective: &str, about: &str) -> String {
    let mut name = String::new();
    for word in objective.split('-') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name + about
}
