//! Alerts beside others, for when these can't fire: without data, and with too few events.

use super::alert::Declared;
use super::number::{general, percent};
use super::objective::{HOUR, Slo};
use super::rule::{AlertRule, Annotation, Form};
use crate::catalogue::{Alert, Condition, Family, Objective, Priority, Subject};
use crate::query::Selector;

/// The end of an alert's name that stands for absence.
pub(super) const ABSENT: &str = "Absent";
/// The same for too few events.
pub(super) const LOW_TRAFFIC: &str = "LowTraffic";

/// A restart, or a few failed scrapes, are shorter.
const ABSENT_FOR: u64 = 600;

impl Slo<'_> {
    /// Without data the alerts are silent.
    pub(super) fn absent(&self) -> AlertRule {
        let Self { scope, total, objective, .. } = self;
        let present = scope.present(total, &objective.matchers);
        let about = format!("the objective {}", objective.name);
        AlertRule {
            name: self.alert_name(ABSENT),
            expr: absent(&present),
            for_seconds: ABSENT_FOR,
            labels: self.with_priority(Priority::P1),
            annotations: self.annotations(absence(scope.service, &about, &present)),
        }
    }

    /// The fewest events in an hour of which one bad event does not fire the fastest alert.
    pub(super) fn fewest_events(&self) -> f64 {
        1.0 / (Objective::FASTEST_BURN * self.objective.budget())
    }

    /// A single bad event fires the fastest alert.
    pub(super) fn low_traffic(&self) -> AlertRule {
        let Self { scope, total, objective, .. } = self;
        let fewest = format!("1 / ({} * (1 - {}))", Objective::FASTEST_BURN, objective.objective);
        let events = scope.sum(&scope.events(total, &objective.matchers).increase(HOUR));
        let after = format!(
            " events in the last 1h. With fewer than {fewest} = {}, a single bad event is more than \
             {}, and fires {}.",
            general(self.fewest_events()),
            percent(Objective::FASTEST_BURN * objective.budget()),
            self.alert_name("BudgetBurn1h"),
        );
        let summary =
            format!("{} has too few events for the objective {}.", scope.service, objective.name);
        AlertRule {
            name: self.alert_name(LOW_TRAFFIC),
            expr: format!("{events} < {fewest}"),
            for_seconds: HOUR,
            labels: self.with_priority(Priority::P2),
            annotations: self.annotations(vec![
                Annotation::plain("summary", summary),
                Annotation::with_value("description", "There were ", Form::Number, after),
            ]),
        }
    }
}

impl Declared<'_> {
    /// Beside alerts about a value that is too low: a process that is gone has none.
    pub(super) fn absent(&self) -> Option<AlertRule> {
        let Self { scope, family, alert, .. } = self;
        if !has_absent(family, alert) {
            return None;
        }
        let present = scope.present(family, &alert.matchers);
        Some(AlertRule {
            name: format!("{}{ABSENT}", alert.name),
            expr: absent(&present),
            for_seconds: ABSENT_FOR,
            labels: self.labels(Priority::P1),
            annotations: self.annotations(absence(scope.service, &alert.name, &present)),
        })
    }
}

/// Whether an alert has one about absence beside it: one that is urgent, or about events whose series
/// may not have begun.
pub(super) fn has_absent(family: &Family, alert: &Alert) -> bool {
    let is_urgent = alert.priority == Priority::P0;
    let is_low = matches!(alert.is, Condition::Below(_) | Condition::Equals(_));
    match alert.of {
        Subject::Value => is_low && is_urgent,
        Subject::Rate => is_low && (is_urgent || !family.from_start),
        Subject::Quantile(_) | Subject::ShareOf(_) => false,
    }
}

fn absent(present: &Selector) -> String {
    format!("absent({present})")
}

fn absence(service: &str, about: &str, present: &Selector) -> Vec<Annotation> {
    let summary = format!("{service} has no data for {about}.");
    let description =
        format!("There is no series {present}, so that no other alert about it fires.");
    vec![Annotation::plain("summary", summary), Annotation::plain("description", description)]
}
