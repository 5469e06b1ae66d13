//! Queries of dashboards, and the data sources that answer them.

use crate::file::json::Node;
use crate::place::{Place, Text};

/// A query with an expression.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Query {
    /// The whole query.
    pub place: Place,
    /// The expression, with Grafana's variables.
    pub expr: Text,
    /// The letter of the query, or the name of the annotation.
    pub name: Option<Text>,
    /// The data source of the query or else of its panel.
    pub datasource: Option<Datasource>,
    /// Whether Prometheus answers it. Not known where the dashboard does not have the kind of the
    /// data source: then the expression can be one of Loki.
    pub is_prometheus: Option<bool>,
    /// What names a series, such as `{{job}}`.
    pub legend: Option<Text>,
    /// `time_series`, `table` or `heatmap`.
    pub format: Option<Text>,
    /// The shortest step.
    pub interval: Option<Text>,
    /// Whether it asks for one moment only.
    pub is_instant: bool,
    /// Whether it is hidden.
    pub is_hidden: bool,
}

/// A data source, as it is written.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Datasource {
    /// Its kind, such as `prometheus`.
    pub kind: Option<Text>,
    /// Its identifier or name, or a variable such as `${DS}`.
    pub uid: Option<Text>,
}

/// Kinds of data sources that answer PromQL.
const PROMETHEUS: &[&str] = &[
    "prometheus",
    "grafana-amazonprometheus-datasource",
    "grafana-azureprometheus-datasource",
    "victoriametrics-metrics-datasource",
    "victoriametrics-datasource",
];

/// A name that stands for the data source of each query.
const MIXED: &str = "-- Mixed --";

/// Whether a kind of data source answers PromQL.
pub(super) fn is_prometheus(kind: &str) -> bool {
    PROMETHEUS.contains(&kind)
}

impl Datasource {
    /// Of `{"type": "prometheus", "uid": "x"}` or of a name. `None` if it is not set.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let named = |name: &Text| (name.as_str() != MIXED).then(|| name.clone());
        if let Some(name) = node.text() {
            return named(name).map(|uid| Self { kind: None, uid: Some(uid) });
        }
        let uid = node.text_of("uid").or_else(|| node.text_of("name")).and_then(named);
        // Only queries know the kinds of mixed ones.
        let is_kind = |kind: &&Text| !matches!(kind.as_str(), "mixed" | "datasource");
        let kind = node.text_of("type").filter(is_kind).cloned();
        (kind.is_some() || uid.is_some()).then_some(Self { kind, uid })
    }

    /// The variable that names it, as in `${DS}`, `$DS` or `[[DS]]`.
    pub fn variable(&self) -> Option<&str> {
        let uid = self.uid.as_deref()?;
        let braced =
            |open, close| uid.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
        let name =
            braced("${", "}").or_else(|| braced("[[", "]]")).or_else(|| uid.strip_prefix('$'))?;
        name.split(':').next()
    }
}
