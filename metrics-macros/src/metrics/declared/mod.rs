//! What a field declares besides its metric: objectives, alerts and a panel.

pub(super) mod check;
pub(super) mod expand;
pub(super) mod read;

use proc_macro2::Ident;

/// All that is declared about a metric.
#[derive(Default)]
pub(super) struct Declared {
    objectives: Vec<Objective>,
    alerts: Vec<Alert>,
    panel: Option<Panel>,
}

struct Objective {
    name: ObjectiveName,
    /// The promised share of good events.
    share: f64,
    indicator: Indicator,
    /// A variant of `Priority`.
    priority: Option<Ident>,
    summary: Option<String>,
    runbook: Option<String>,
}

#[derive(Clone, PartialEq)]
enum ObjectiveName {
    /// The whole name.
    Given(String),
    /// Made of the metric's exact name.
    Exact(String),
    /// Made of the field's name behind the prefix.
    Field(String),
}

enum Indicator {
    /// In the exported unit, as all numbers here.
    Under(f64),
    ErrorsOf(Sibling),
    Bad {
        label: String,
        values: Vec<String>,
    },
}

/// The name of another field's counter.
enum Sibling {
    Exact(String),
    Field { field: String, unit: String },
}

struct Alert {
    name: String,
    of: Subject,
    is: Condition,
    /// In seconds.
    window: Option<u64>,
    /// In seconds.
    lasts: Option<u64>,
    priority: Ident,
    summary: String,
    runbook: Option<String>,
    by: Vec<String>,
}

enum Subject {
    Value,
    Rate,
    Quantile(f64),
    ShareOf(Sibling),
}

/// A variant of `Condition`, and its threshold in the exported unit.
struct Condition {
    variant: &'static str,
    threshold: f64,
}

struct Panel {
    title: Option<String>,
    row: Option<String>,
    by: Vec<String>,
    is_hidden: bool,
}
