//! What a program declares about its metrics besides their shape: objectives, alerts and panels.
//!
//! `#[derive(Metrics)]` makes them of attributes, which it checks against the metric's kind, unit
//! and buckets. By hand they are parts of a [`Description`](crate::Description). They change nothing
//! that is recorded or exposed, and registration only checks that their labels exist.
//! [`Registry::descriptions`](crate::Registry::descriptions) hands them out, for programs that make
//! alerting rules and dashboards, such as the crate `tickmetrics-rules`.
//!
//! ```
//! use tickmetrics::declared::{Alert, Condition, Indicator, Objective, Panel, Priority, Subject};
//! use tickmetrics::prelude::*;
//!
//! let registry = Registry::new();
//! let reply: Histogram = registry.register(
//!     &Description::new("reply_seconds", "Time to reply.")
//!         .unit("seconds")
//!         .objective(
//!             Objective::new("fast-replies", 0.999, Indicator::Under(0.001))
//!                 .summary("Replies are slow."),
//!         )
//!         .panel(Panel::new().title("Replies")),
//! )?;
//! let (what, when) = (Subject::Value, Condition::Equals(0.0));
//! let connected: Gauge = registry.register(
//!     &Description::new("connected", "Whether the feed is connected.")
//!         .alert(Alert::new("FeedDown", what, when, Priority::P0, "The feed is down.")),
//! )?;
//!
//! let descriptions = registry.descriptions();
//! let alerts = descriptions.iter().flat_map(|it| it.alerts()).map(|alert| &*alert.name);
//! assert!(alerts.eq(["FeedDown"]));
//! # Ok::<(), tickmetrics::RegisterError>(())
//! ```

mod alert;
mod check;
mod description;
mod objective;
mod panel;

pub use alert::{Alert, Condition, Priority, Subject};
pub(super) use check::check;
pub use objective::{Indicator, Objective};
pub use panel::Panel;

/// All that is declared about a metric.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Declared {
    objectives: Vec<Objective>,
    alerts: Vec<Alert>,
    panel: Option<Panel>,
}

impl Declared {
    /// Adds what another registration of the metric declares. Its panel counts if there is none.
    pub(super) fn add(&mut self, other: Self) {
        add_missing(&mut self.objectives, other.objectives);
        add_missing(&mut self.alerts, other.alerts);
        if self.panel.is_none() {
            self.panel = other.panel;
        }
    }
}

fn add_missing<T: PartialEq>(kept: &mut Vec<T>, other: Vec<T>) {
    for item in other {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
}
