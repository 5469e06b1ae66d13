//! Grafana dashboards: classic ones of any age, and version 2.

mod classic;
mod query;
mod read;
#[cfg(test)]
mod tests;
mod v2;
mod variable;

pub use query::{Datasource, Query};
pub use variable::{Lookup, Variable};

use super::Waiver;
use super::rules::Field;
use crate::place::{Place, Source, Text};
use crate::report::Finding;
use std::sync::Arc;

/// A dashboard.
///
/// It is a file as Grafana exports it, as its API answers (`{"dashboard": {...}}`), or a resource of
/// `dashboard.grafana.app`, classic or version 2.
///
/// ```
/// use tickmetrics_rules::Source;
/// use tickmetrics_rules::file::Dashboard;
///
/// let dashboard = Dashboard::read(Source::new("a.json", r#"{
///   "title": "Orders",
///   "panels": [{
///     "type": "timeseries", "title": "Rate",
///     "datasource": {"type": "prometheus", "uid": "${DS}"},
///     "description": "tickmetrics: allow rate-of-gauge it counts, whatever its type",
///     "targets": [{"refId": "A", "expr": "rate(orders{side=\"buy\"}[5m])"}],
///     "fieldConfig": {"defaults": {"unit": "ops"}}
///   }]
/// }"#));
/// let panel = &dashboard.panels[0];
/// let query = &panel.queries[0];
/// assert_eq!(query.expr.as_str(), "rate(orders{side=\"buy\"}[5m])");
/// assert_eq!(query.is_prometheus, Some(true));
/// assert_eq!(panel.unit.as_deref().unwrap(), "ops");
/// let buy = query.expr.find("buy").unwrap();
/// let place = query.expr.part(buy..buy + 3);
/// assert_eq!(dashboard.source.part(place), "buy");
/// assert_eq!(dashboard.source.position(place.start).line, 7);
/// assert!(dashboard.waivers[0].covers(place));
/// ```
#[derive(Clone, Debug)]
pub struct Dashboard {
    /// The file.
    pub source: Arc<Source>,
    /// Its form.
    pub form: Form,
    /// The title.
    pub title: Option<Text>,
    /// The identifier.
    pub uid: Option<Text>,
    /// The panels, also those in rows and those of the library that the file has.
    pub panels: Vec<Panel>,
    /// The variables.
    pub variables: Vec<Variable>,
    /// The queries of annotations.
    pub annotations: Vec<Query>,
    /// Waivers in the descriptions of panels, variables and the dashboard.
    pub waivers: Vec<Waiver>,
    /// What is wrong with the file itself.
    pub findings: Vec<Finding>,
}

/// The form of a dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// `panels`, or `rows` before version 5 of Grafana.
    Classic,
    /// `elements` and `layout`.
    V2,
}

/// A panel.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Panel {
    /// The whole panel.
    pub place: Place,
    /// The number within the dashboard.
    pub id: Option<i64>,
    /// What it draws, such as `timeseries`.
    pub kind: Option<Text>,
    /// The title.
    pub title: Option<Text>,
    /// The title of the row that it is in.
    pub row: Option<Text>,
    /// The panel of the library that it is, if it is one: its name or identifier. Its queries are
    /// known where the file has the library's panel, too.
    pub library: Option<Text>,
    /// The unit of its values, such as `s` or `percentunit`.
    pub unit: Option<Text>,
    /// Units of single fields, which win over `unit`.
    pub field_units: Vec<Text>,
    /// The thresholds, in the unit of the values. Those in percent of the range are left out.
    pub thresholds: Vec<Field<f64>>,
    /// The queries.
    pub queries: Vec<Query>,
}

impl Dashboard {
    /// Reads a file. What is wrong with it is in `findings`; the rest is read.
    pub fn read(source: impl Into<Arc<Source>>) -> Self {
        read::read(&source.into())
    }

    /// All queries: those of panels, then those of annotations.
    pub fn queries(&self) -> impl Iterator<Item = &Query> {
        self.panels.iter().flat_map(|panel| &panel.queries).chain(&self.annotations)
    }
}
