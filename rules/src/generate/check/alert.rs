//! Alerts that make no rule.

use super::{Checks, labels};
use crate::catalogue::{Alert, Condition, Family, Kind, Subject};
use crate::generate::partner::{ABSENT, has_absent};
use std::ops::RangeInclusive;

/// In seconds. Prometheus reads all samples of a window in each evaluation.
const LONGEST_WINDOW: u64 = 86_400;
/// In seconds. What lasts for longer is no alert, and its tests would be slow.
const LONGEST_FOR: u64 = 7 * 86_400;

/// Labels of all alerts. Series that differ in one of them alone would be one alert, which is an error in
/// Prometheus.
pub(super) const SET: [&str; 3] = ["alertname", "priority", "service"];

/// Sizes of thresholds. Beyond them, sums and tests overflow or vanish.
pub(super) const SIZES: RangeInclusive<f64> = 1e-100..=1e100;

impl<'a> Checks<'a> {
    pub(super) fn alert(&mut self, family: &'a Family, alert: &'a Alert) {
        let Alert { name, of, by, matchers, .. } = alert;
        let what = format!("the alert {name}");
        let is_word = name.chars().all(|c| c.is_ascii_alphanumeric());
        if !is_word || !name.starts_with(|c: char| c.is_ascii_uppercase()) {
            let message = format!("the alert {name:?} needs a name such as OrderQueueFull");
            self.report(&family.name, message);
        } else {
            self.name(family, name.clone());
            if has_absent(family, alert) {
                self.name(family, format!("{name}{ABSENT}"));
            }
        }
        self.matchers(family, &what, matchers);
        let mut families = vec![family];
        if let Subject::ShareOf(total) = of {
            families.extend(self.total(family, &what, total));
        }
        for label in by {
            if let Some(lacking) = families.iter().find(|it| it.label(label).is_none()) {
                let message = format!(
                    "{what} looks at values of {label} apart, which is no label of {}: {}",
                    lacking.name,
                    labels(lacking)
                );
                self.report(&family.name, message);
            }
        }
        let is_apart = |label: &&str| {
            by.iter().any(|it| it == label)
                || *of == Subject::Value
                    && family.label(label).is_some()
                    && !matchers.contains_key(*label)
        };
        if let Some(label) = SET.iter().find(|label| is_apart(label)) {
            let message = format!(
                "{what} looks at values of {label} apart, and rules set that label: give it another name"
            );
            self.report(&family.name, message);
        }
        if self.kind(family, &what, of) {
            self.condition(family, &what, alert);
        }
    }

    fn kind(&mut self, family: &Family, what: &str, of: &Subject) -> bool {
        let (fits, needs) = match of {
            Subject::Value => {
                (matches!(family.kind, Kind::Gauge | Kind::Unknown | Kind::StateSet), "gauge")
            }
            Subject::Rate => {
                (matches!(family.kind, Kind::Counter | Kind::Histogram), "counter or a histogram")
            }
            Subject::Quantile(_) => (family.kind == Kind::Histogram, "histogram"),
            Subject::ShareOf(_) => (family.kind == Kind::Counter, "counter"),
        };
        if !fits {
            let message = format!("{what} needs a {needs}, and this is a {}", family.kind.name());
            self.report(&family.name, message);
        }
        fits
    }

    fn condition(&mut self, family: &Family, what: &str, alert: &Alert) {
        let (Condition::Above(number) | Condition::Below(number) | Condition::Equals(number)) =
            alert.is;
        let is_value = alert.of == Subject::Value;
        let wrong = if !number.is_finite() {
            Some(format!("is about {number}, which is no number to compare with"))
        } else if number != 0.0 && !SIZES.contains(&number.abs()) {
            Some(beyond(number))
        } else if is_value && alert.window_seconds > 0 {
            Some("is about a gauge, whose value has no window: leave out window_seconds".to_owned())
        } else if !is_value && alert.window_seconds == 0 {
            Some("needs a window: give window_seconds, such as 300".to_owned())
        } else if alert.window_seconds > LONGEST_WINDOW {
            Some(format!(
                "has a window of {} s: give at most a day, or declare an objective",
                alert.window_seconds
            ))
        } else if alert.for_seconds > LONGEST_FOR {
            Some(format!("must last for {} s: give at most 7 days", alert.for_seconds))
        } else {
            unreachable(&alert.of, alert.is)
        };
        if let Some(wrong) = wrong {
            self.report(&family.name, format!("{what} {wrong}"));
        } else if matches!(alert.of, Subject::Quantile(_))
            && self.edge(family, what, number)
            && !self.generator.is_native(family)
            && matches!(alert.is, Condition::Above(_))
            && family.buckets.last() == Some(&number)
        {
            let message = format!(
                "{what} is about more than {number}, which is the top edge, and no quantile is above it: \
                 add a higher edge"
            );
            self.report(&family.name, message);
        }
    }
}

/// What is wrong with a number beyond the sizes.
pub(super) fn beyond(number: f64) -> String {
    let (least, most) = (SIZES.start(), SIZES.end());
    format!("is about {number:e}: give a size between {least:e} and {most:e}")
}

/// The reason why a condition always holds, or never.
fn unreachable(of: &Subject, is: Condition) -> Option<String> {
    match (of, is) {
        (Subject::Value, _) => None,
        (Subject::Quantile(quantile), _) if !(*quantile > 0.0 && *quantile < 1.0) => Some(format!(
            "is about the quantile {quantile}: give one between 0 and 1, such as 0.99"
        )),
        (Subject::Quantile(_), Condition::Above(number) | Condition::Below(number))
            if number <= 0.0 =>
        {
            Some(format!("compares a quantile with {number}: give more than 0"))
        }
        (Subject::Quantile(_), Condition::Equals(_)) => {
            Some("compares a quantile with one number: give above or below".to_owned())
        }
        (_, Condition::Equals(number)) if number != 0.0 => {
            Some("compares with one number, which is met by chance: give above or below".to_owned())
        }
        (_, Condition::Above(number)) if number < 0.0 => {
            Some(format!("is about more than {number}, which always holds: give at least 0"))
        }
        (_, Condition::Below(number)) if number <= 0.0 => {
            Some(format!("is about less than {number}, which never holds: give more than 0"))
        }
        (Subject::ShareOf(_), Condition::Above(number)) if number >= 1.0 => {
            Some(format!("is about a share of more than {number}, and all is 1: give less than 1"))
        }
        (Subject::ShareOf(_), Condition::Below(number)) if number > 1.0 => {
            Some(format!("is about a share of less than {number}, and all is 1: give at most 1"))
        }
        _ => None,
    }
}
