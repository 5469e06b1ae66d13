//! The declarations of a description, and those of a registry.

use super::{Alert, Declared, Objective, Panel};
use crate::registry::{Description, Registry};
use crate::sync::lock;

impl Description {
    /// Declares an objective. Any number is possible.
    #[must_use]
    pub fn objective(mut self, objective: Objective) -> Self {
        self.declared_mut().objectives.push(objective);
        self
    }

    /// Declares an alert. Any number is possible.
    #[must_use]
    pub fn alert(mut self, alert: Alert) -> Self {
        self.declared_mut().alerts.push(alert);
        self
    }

    /// Declares how a dashboard shows the metric. The last one counts.
    #[must_use]
    pub fn panel(mut self, panel: Panel) -> Self {
        self.declared_mut().panel = Some(panel);
        self
    }

    /// The declared objectives.
    pub fn objectives(&self) -> &[Objective] {
        self.declared.as_ref().map_or(&[], |declared| &declared.objectives)
    }

    /// The declared alerts.
    pub fn alerts(&self) -> &[Alert] {
        self.declared.as_ref().map_or(&[], |declared| &declared.alerts)
    }

    /// How a dashboard shows the metric, if that is declared.
    pub fn declared_panel(&self) -> Option<&Panel> {
        self.declared.as_ref()?.panel.as_ref()
    }

    fn declared_mut(&mut self) -> &mut Declared {
        self.declared.get_or_insert_default()
    }

    /// Adds what another registration of the metric declares.
    pub(in crate::registry) fn declare(&mut self, other: &Self) {
        if let Some(declared) = &other.declared {
            self.declared_mut().add(Declared::clone(declared));
        }
    }
}

impl Registry {
    /// The descriptions of all registered metrics with their [declarations](crate::declared), sorted
    /// by name, and then by constant labels. They are complete: see [`Description::kind`].
    ///
    /// If a metric is registered several times, the objectives and alerts of all its registrations
    /// count, each different one once, and the first panel. Another process can't see declarations:
    /// a segment has none.
    ///
    /// ```
    /// use tickmetrics::prelude::*;
    ///
    /// let registry = Registry::new();
    /// for name in ["orders_total", "fills_total"] {
    ///     registry.register::<Counter>(&Description::new(name, "Of ours."))?;
    /// }
    /// let descriptions = registry.descriptions();
    /// let names = descriptions.iter().map(Description::name);
    /// assert!(names.eq(["fills_total", "orders_total"]));
    /// # Ok::<(), tickmetrics::RegisterError>(())
    /// ```
    pub fn descriptions(&self) -> Vec<Description> {
        let mut descriptions = lock(&self.inner.known).descriptions();
        descriptions.sort_by_cached_key(Description::key);
        descriptions
    }
}
