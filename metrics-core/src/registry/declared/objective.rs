use super::Priority;

/// The share of good events that a service promises.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Objective {
    /// Lowercase words with `-` between them. It is unique within a service.
    pub name: String,
    /// The promised share of good events, between 0 and 1: 0.9995 for 99.95 %.
    pub objective: f64,
    /// How good events and all events are counted.
    pub indicator: Indicator,
    /// That of an alert which pages. An alert that opens a ticket has the lowest one.
    pub priority: Priority,
    /// One sentence: what users notice when it is missed. Empty without one.
    pub summary: String,
    /// The address of a page with instructions. Empty without one.
    pub runbook: String,
}

/// How good events and all events are counted.
#[derive(Clone, Debug, PartialEq)]
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

impl Objective {
    /// An objective of priority `P1`, without a summary and a runbook.
    pub fn new(name: impl Into<String>, objective: f64, indicator: Indicator) -> Self {
        Self {
            name: name.into(),
            objective,
            indicator,
            priority: Priority::P1,
            summary: String::new(),
            runbook: String::new(),
        }
    }

    /// The priority of an alert which pages.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// One sentence: what users notice when it is missed.
    #[must_use]
    pub fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = summary.into();
        self
    }

    /// The address of a page with instructions.
    #[must_use]
    pub fn runbook(mut self, address: impl Into<String>) -> Self {
        self.runbook = address.into();
        self
    }
}
