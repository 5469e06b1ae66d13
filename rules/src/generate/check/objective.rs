//! Objectives that make no rule.

use super::alert::{SIZES, beyond};
use super::{Checks, labels, names};
use crate::catalogue::{Family, Indicator, Kind, Objective};
use crate::generate::number::percent;

/// One bad event in a hundred million. A smaller budget is lost in rounding.
const MOST: f64 = 0.999_999_99;

impl<'a> Checks<'a> {
    pub(super) fn objective(&mut self, family: &'a Family, objective: &'a Objective) {
        let Objective { name, objective: share, indicator, matchers, .. } = objective;
        let what = format!("the objective {name}");
        let is_word = |word: &str| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if !name.split('-').all(is_word) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
            let message = format!("the objective {name:?} needs a name such as order-latency");
            self.report(&family.name, message);
        } else if self.objectives.insert(name.clone()) {
            names(name).for_each(|name| self.name(family, name));
        } else {
            self.report(&family.name, format!("{what} is there twice: name one of them otherwise"));
        }
        let least = 1.0 - 1.0 / Objective::FASTEST_BURN;
        if !(*share > 0.0 && *share < 1.0) {
            let message = format!("{what} is {share}: give a share between 0 and 1, such as 0.999");
            self.report(&family.name, message);
        } else if *share <= least {
            let message = format!(
                "{what} is {}, so that not even an outage burns the budget {} times as fast as it may: \
                 give more than {}",
                percent(*share),
                Objective::FASTEST_BURN,
                percent(least)
            );
            self.report(&family.name, message);
        } else if *share > MOST {
            let message = format!("{what} is {share}, which leaves no budget: give at most {MOST}");
            self.report(&family.name, message);
        }
        self.matchers(family, &what, matchers);
        self.indicator(family, &what, indicator);
    }

    fn indicator(&mut self, family: &'a Family, what: &str, indicator: &'a Indicator) {
        let needs = match indicator {
            Indicator::Under(_) => Kind::Histogram,
            Indicator::ErrorsOf(_) | Indicator::Bad { .. } => Kind::Counter,
        };
        if family.kind != needs {
            let message =
                format!("{what} needs a {}, and this is a {}", needs.name(), family.kind.name());
            return self.report(&family.name, message);
        }
        match indicator {
            Indicator::Under(bound) if !(bound.is_finite() && *bound > 0.0) => {
                let message = format!("{what} is about values up to {bound}: give more than 0");
                self.report(&family.name, message);
            }
            Indicator::Under(bound) if !SIZES.contains(bound) => {
                self.report(&family.name, format!("{what} {}", beyond(*bound)));
            }
            Indicator::Under(bound) => {
                self.edge(family, what, *bound);
            }
            Indicator::ErrorsOf(total) => {
                self.total(family, what, total);
            }
            Indicator::Bad { label, values } => self.bad(family, what, label, values),
        }
    }

    fn bad(&mut self, family: &Family, what: &str, label: &str, values: &[String]) {
        let Some(label) = family.label(label) else {
            let message = format!("{what} is about the label {label}: {}", labels(family));
            return self.report(&family.name, message);
        };
        let generator = self.generator;
        if generator.by.contains(&label.name) || generator.selector.contains_key(&label.name) {
            let message = format!(
                "{what} is about the label {}, by which series are selected or looked at apart: give \
                 another label",
                label.name
            );
            return self.report(&family.name, message);
        }
        let known = label.values.known();
        let unknown: Vec<_> = values.iter().filter(|value| !known.contains(value)).collect();
        let message = if values.is_empty() {
            format!("{what} names no value of {} for bad events", label.name)
        } else if !label.values.is_complete() {
            return;
        } else if let Some(unknown) = unknown.first() {
            format!("{} has no value {unknown:?}: its values are {}", label.name, known.join(", "))
        } else if known.iter().all(|value| values.contains(value)) {
            format!("{what} takes every value of {} for a bad event", label.name)
        } else {
            return;
        };
        self.report(&family.name, message);
    }
}
