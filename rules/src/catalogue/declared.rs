//! What a program declares about its metrics besides their shape: objectives, alerts and panels.

use super::family::is_false;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The share of good events that a service promises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Objective {
    /// Lowercase words with `-` between them. It is unique within a service.
    pub name: String,
    /// The promised share of good events, between 0 and 1: 0.9995 for 99.95 %.
    pub objective: f64,
    /// How good events and all events are counted.
    pub indicator: Indicator,
    /// Labels whose values select the series, such as the constant ones of one of several metrics.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub matchers: BTreeMap<String, String>,
    /// That of an alert which pages. An alert that opens a ticket has the lowest one.
    #[serde(default = "paging")]
    pub priority: Priority,
    /// One sentence: what users notice when it is missed. Empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// The address of a page with instructions. Empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub runbook: String,
}

/// How good events and all events are counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Indicator {
    /// A histogram's values up to this bound, in the exported unit, are good. The bound is a bucket
    /// edge, unless buckets are native.
    Under(f64),
    /// A counter of bad events, among those that the counter of this name counts.
    ErrorsOf(String),
    /// A counter whose series with one of these values of a label count bad events.
    Bad {
        /// The label.
        label: String,
        /// Its values for bad events.
        values: Vec<String>,
    },
}

/// A condition that somebody must know of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Alert {
    /// The name in `PascalCase`. It is unique within a service.
    pub name: String,
    /// What is compared.
    pub of: Subject,
    /// The condition.
    pub is: Condition,
    /// The time over which events are counted, in seconds. 0 for the value of a gauge.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub window_seconds: u64,
    /// For how long the condition must hold, in seconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub for_seconds: u64,
    /// The priority.
    pub priority: Priority,
    /// One sentence: what happened.
    pub summary: String,
    /// The address of a page with instructions. Empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub runbook: String,
    /// Labels of the metric whose values are looked at apart. All others are summed; the values of a
    /// gauge are always looked at apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// Labels whose values select the series.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub matchers: BTreeMap<String, String>,
}

/// What an alert compares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Subject {
    /// The value of a gauge.
    Value,
    /// The events a second of a counter, or the values a second of a histogram.
    Rate,
    /// A quantile of a histogram.
    Quantile(f64),
    /// The events of this counter, as a share of those of the counter of this name: 0 to 1.
    ShareOf(String),
}

/// The condition of an alert. Thresholds are in the exported unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Condition {
    /// More than the threshold.
    Above(f64),
    /// Less than the threshold.
    Below(f64),
    /// This value.
    Equals(f64),
}

/// The priority of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Priority {
    /// Somebody is called at once.
    P0,
    /// Somebody is called.
    P1,
    /// A ticket, for the next working day.
    P2,
}

/// How a dashboard shows a metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Panel {
    /// The title, if it is not made of the metric's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// The row, if it is not made of the name's first word.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub row: String,
    /// Labels of the metric whose values have lines of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// Whether the metric has no panel.
    #[serde(skip_serializing_if = "is_false")]
    pub hidden: bool,
}

impl Objective {
    /// The burn rate at which somebody is called first: it uses up 2 % of the budget of 30 days in an
    /// hour (<https://sre.google/workbook/alerting-on-slos/>).
    pub(crate) const FASTEST_BURN: f64 = 14.4;

    /// The share of events that may be bad, without the digits that the subtraction adds.
    pub(crate) fn budget(&self) -> f64 {
        let share = 1.0 - self.objective;
        format!("{share:.11e}").parse().unwrap_or(share)
    }
}

impl Priority {
    /// All of them, the most urgent one first.
    pub const ALL: [Self; 3] = [Self::P0, Self::P1, Self::P2];

    /// `P0`, `P1` or `P2`.
    pub fn name(self) -> &'static str {
        match self {
            Self::P0 => "P0",
            Self::P1 => "P1",
            Self::P2 => "P2",
        }
    }
}

fn paging() -> Priority {
    Priority::P1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
