//! Declarations that make no rule. Catalogues may be written by hand.

mod alert;
mod objective;
mod settings;

use super::Generator;
use super::objective::{BURNS, alert_name};
use super::partner::{ABSENT, LOW_TRAFFIC};
use crate::catalogue::{Catalogue, Family, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// In bytes. Many systems refuse a file's name of more than 255.
const LONGEST_NAME: usize = 200;

/// A declaration that makes no rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The service, or the number of its catalogue if it has no name, or a setting.
    pub service: String,
    /// The family that declares it; empty for the service itself.
    pub family: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// All declarations that make no rule: there is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invalid {
    /// In the order of the catalogues.
    pub problems: Vec<Problem>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, family, message } = self;
        if family.is_empty() {
            write!(f, "{service}: {message}")
        } else {
            write!(f, "{service}: {family}: {message}")
        }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Invalid {}

/// The problems of one service.
struct Checks<'a> {
    generator: &'a Generator,
    catalogue: &'a Catalogue,
    service: String,
    problems: Vec<Problem>,
    /// The names of all alerts, with the family that declares each.
    alerts: BTreeMap<String, String>,
    objectives: BTreeSet<String>,
}

pub(super) fn check(generator: &Generator, catalogues: &[Catalogue]) -> Result<(), Invalid> {
    let mut problems: Vec<_> = settings::problems(generator).collect();
    let mut services = BTreeSet::new();
    for (index, catalogue) in catalogues.iter().enumerate() {
        let service = catalogue.service.clone();
        let service = service.unwrap_or_else(|| format!("catalogue {}", index + 1));
        let mut checks = Checks {
            generator,
            catalogue,
            service,
            problems: Vec::new(),
            alerts: BTreeMap::new(),
            objectives: BTreeSet::new(),
        };
        checks.service(&mut services);
        catalogue.families().iter().for_each(|family| checks.family(family));
        problems.append(&mut checks.problems);
    }
    if problems.is_empty() { Ok(()) } else { Err(Invalid { problems }) }
}

impl<'a> Checks<'a> {
    fn report(&mut self, family: &str, message: impl Into<String>) {
        self.problems.push(Problem {
            service: self.service.clone(),
            family: family.to_owned(),
            message: message.into(),
        });
    }

    fn service(&mut self, services: &mut BTreeSet<&'a str>) {
        let allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        // A file whose name begins with - is read as an option.
        let is_file = |name: &str| {
            !name.is_empty() && !name.starts_with(['.', '-']) && name.chars().all(allowed)
        };
        match self.catalogue.service.as_deref() {
            None => self.report(
                "",
                "it names no service: make it with tickmetrics catalogue --service NAME",
            ),
            Some(name) if !is_file(name) => self.report(
                "",
                "it names files: a service's name has letters, digits, - _ and ., and begins with none of \
                 - and .",
            ),
            Some(name) if name.len() > LONGEST_NAME => self.report(
                "",
                format!("it names files: a service's name has at most {LONGEST_NAME} bytes"),
            ),
            Some(name) if !services.insert(name) => self.report(
                "",
                "two catalogues are of this service: give one, or name one of them otherwise",
            ),
            Some(_) => {}
        }
    }

    fn family(&mut self, family: &'a Family) {
        for objective in &family.objectives {
            self.objective(family, objective);
        }
        for alert in &family.alerts {
            self.alert(family, alert);
        }
    }

    /// The names of alerts are unique in a service.
    fn name(&mut self, family: &Family, name: String) {
        if let Some(other) = self.alerts.get(&name) {
            let message =
                format!("{other} has an alert {name} as well: name one of them otherwise");
            self.report(&family.name, message);
        } else {
            self.alerts.insert(name, family.name.clone());
        }
    }

    fn matchers(&mut self, family: &Family, what: &str, matchers: &BTreeMap<String, String>) {
        for (name, value) in matchers {
            match family.label(name) {
                None => {
                    let message = format!("{what} selects by the label {name}: {}", labels(family));
                    self.report(&family.name, message);
                }
                Some(label)
                    if label.values.is_complete() && !label.values.known().contains(value) =>
                {
                    let values = label.values.known().join(", ");
                    let message =
                        format!("{what} selects {name}={value:?}, and its values are {values}");
                    self.report(&family.name, message);
                }
                Some(_) => {}
            }
        }
    }

    /// The counter of all events. Reports one that is missing.
    fn total(&mut self, family: &Family, what: &str, name: &str) -> Option<&'a Family> {
        let message = match self.catalogue.family(name) {
            None => format!("{what} is a share of {name}, which the catalogue does not have"),
            Some(_) if name == family.name => {
                format!("{what} is a share of itself: name the counter of all events")
            }
            Some(total) if total.kind != Kind::Counter => {
                format!(
                    "{what} is a share of {name}, which is a {} and no counter",
                    total.kind.name()
                )
            }
            Some(total) => return Some(total),
        };
        self.report(&family.name, message);
        None
    }

    /// Whether a number is a bucket's edge. Native buckets are fine enough for any.
    fn edge(&mut self, family: &Family, what: &str, number: f64) -> bool {
        let edges = &family.buckets;
        if self.generator.is_native(family) || edges.contains(&number) {
            return true;
        }
        let texts = |edges: &[f64]| edges.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
        let message = if edges.is_empty() {
            format!("{what} needs buckets: declare {number} as an edge, or native buckets")
        } else {
            format!(
                "{what} is about {number}, which is no bucket edge: add it, or take one of {}",
                texts(edges)
            )
        };
        self.report(&family.name, message);
        false
    }
}

/// The labels of a family, in words.
fn labels(family: &Family) -> String {
    let names: Vec<_> = family.labels.iter().map(|label| label.name.as_str()).collect();
    if names.is_empty() { "it has none".to_owned() } else { format!("it has {}", names.join(", ")) }
}

/// The names of the alerts about an objective.
fn names(objective: &str) -> impl Iterator<Item = String> {
    let abouts = BURNS.iter().map(super::objective::Burn::about);
    let partners = [ABSENT, LOW_TRAFFIC].map(str::to_owned);
    abouts
        .chain(partners)
        .map(|about| alert_name(objective, &about))
        .collect::<Vec<_>>()
        .into_iter()
}
