use std::time::Duration;

/// A condition that somebody must know of.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Alert {
    /// The name in `PascalCase`. It is unique within a service.
    pub name: String,
    /// What is compared.
    pub of: Subject,
    /// The condition.
    pub is: Condition,
    /// The time over which events are counted, in seconds. 0 for the value of a gauge.
    pub window_seconds: u64,
    /// For how long the condition must hold, in seconds.
    pub for_seconds: u64,
    /// The priority.
    pub priority: Priority,
    /// One sentence: what happened.
    pub summary: String,
    /// The address of a page with instructions. Empty without one.
    pub runbook: String,
    /// Labels of the metric whose values are looked at apart. All others are summed; the values of a
    /// gauge are always looked at apart.
    pub by: Vec<String>,
}

/// What an alert compares.
#[derive(Clone, Debug, PartialEq)]
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
#[derive(Clone, Copy, Debug, PartialEq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Priority {
    /// Somebody is called at once.
    P0,
    /// Somebody is called.
    P1,
    /// A ticket, for the next working day.
    P2,
}

impl Alert {
    const DEFAULT_WINDOW_SECONDS: u64 = 300;

    /// An alert that counts events over five minutes, and fires as soon as its condition holds.
    pub fn new(
        name: impl Into<String>,
        of: Subject,
        is: Condition,
        priority: Priority,
        summary: impl Into<String>,
    ) -> Self {
        let window_seconds = if of == Subject::Value { 0 } else { Self::DEFAULT_WINDOW_SECONDS };
        Self {
            name: name.into(),
            of,
            is,
            window_seconds,
            for_seconds: 0,
            priority,
            summary: summary.into(),
            runbook: String::new(),
            by: Vec::new(),
        }
    }

    /// The time over which events are counted, in whole seconds.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window_seconds = window.as_secs();
        self
    }

    /// For how long the condition must hold, in whole seconds.
    #[must_use]
    pub fn for_at_least(mut self, time: Duration) -> Self {
        self.for_seconds = time.as_secs();
        self
    }

    /// The address of a page with instructions.
    #[must_use]
    pub fn runbook(mut self, address: impl Into<String>) -> Self {
        self.runbook = address.into();
        self
    }

    /// Labels of the metric whose values are looked at apart.
    #[must_use]
    pub fn by<L: Into<String>>(mut self, labels: impl IntoIterator<Item = L>) -> Self {
        self.by = labels.into_iter().map(Into::into).collect();
        self
    }
}
