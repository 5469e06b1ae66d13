//! Variables of dashboards.

use super::Datasource;
use crate::file::json::Node;
use crate::place::{Place, Text};
use std::ops::Range;

/// A variable.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Variable {
    /// The whole variable.
    pub place: Place,
    /// The name, without `$`.
    pub name: Text,
    /// `query`, `custom`, `interval`, `datasource`, `constant`, `textbox`, `adhoc` and so on, as in
    /// classic dashboards.
    pub kind: String,
    /// The query, such as `label_values(up, job)`; the values of a custom variable; the kind of a
    /// data source.
    pub query: Option<Text>,
    /// The data source of a query.
    pub datasource: Option<Datasource>,
    /// Whether Prometheus answers the query, as in [`Query`](super::Query).
    pub is_prometheus: Option<bool>,
    /// The values that were chosen when the dashboard was saved.
    pub current: Vec<String>,
    /// The values that can be chosen, if they are in the file.
    pub options: Vec<String>,
    /// Whether several can be chosen, or all.
    pub is_multi: bool,
}

/// What the query of a variable asks Prometheus for. Ranges are in bytes of the query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup {
    /// `label_names()`, or those of a selector.
    LabelNames(Option<Range<usize>>),
    /// `label_values(label)`, or those of a selector, which can be an expression.
    LabelValues {
        /// The selector.
        selector: Option<Range<usize>>,
        /// The label.
        label: Range<usize>,
    },
    /// `metrics(pattern)`.
    Metrics(Range<usize>),
    /// `query_result(expression)`.
    Result(Range<usize>),
    /// A selector: the series that it finds.
    Series(Range<usize>),
}

impl Variable {
    /// What the query asks for. `None` if it is no query of Prometheus.
    ///
    /// ```
    /// use tickmetrics_rules::Source;
    /// use tickmetrics_rules::file::{Dashboard, Lookup};
    ///
    /// let dashboard = Dashboard::read(Source::new("a.json", r#"{"panels": [], "templating": {"list": [
    ///   {"type": "query", "name": "side", "query": "label_values(orders_total{venue=~\"$venue\"}, side)"}
    /// ]}}"#));
    /// let variable = &dashboard.variables[0];
    /// let Some(Lookup::LabelValues { selector, label }) = variable.lookup() else { panic!() };
    /// let query = variable.query.as_deref().unwrap();
    /// assert_eq!(&query[selector.unwrap()], "orders_total{venue=~\"$venue\"}");
    /// assert_eq!(&query[label], "side");
    /// ```
    pub fn lookup(&self) -> Option<Lookup> {
        if self.kind != "query" || self.is_prometheus == Some(false) {
            return None;
        }
        lookup(self.query.as_deref()?)
    }
}

fn lookup(query: &str) -> Option<Lookup> {
    let at = |part: &str| {
        let part = part.trim();
        let start = part.as_ptr() as usize - query.as_ptr() as usize;
        start..start + part.len()
    };
    let call = |name: &str| {
        let inner = query.trim().strip_prefix(name)?.trim_start().strip_prefix('(')?;
        inner.strip_suffix(')')
    };
    if let Some(inner) = call("label_names") {
        let selector = at(inner);
        return Some(Lookup::LabelNames((!selector.is_empty()).then_some(selector)));
    }
    if let Some(inner) = call("label_values") {
        // The label is behind the last comma: a selector can have commas, too.
        let (selector, label) = match inner.rsplit_once(',') {
            Some((selector, label)) => (Some(at(selector)), at(label)),
            None => (None, at(inner)),
        };
        let is_label = |it: char| it.is_ascii_alphanumeric() || "_$:{}[].".contains(it);
        let fits = !label.is_empty() && query[label.clone()].chars().all(is_label);
        return fits.then_some(Lookup::LabelValues { selector, label });
    }
    if let Some(inner) = call("query_result") {
        return Some(Lookup::Result(at(inner)));
    }
    if let Some(inner) = call("metrics") {
        return Some(Lookup::Metrics(at(inner)));
    }
    let series = at(query);
    (!series.is_empty()).then_some(Lookup::Series(series))
}

/// Values that are a text or a list of texts.
pub(super) fn values(node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    let one = |node: &Node| node.text().map(ToString::to_string);
    one(node).into_iter().chain(node.items().iter().filter_map(one)).collect()
}

/// A variable of a classic dashboard, or the fields of one of version 2.
pub(super) fn read(node: &Node, kind: String) -> Option<Variable> {
    let query = node.get("query");
    let inner = query.and_then(|query| query.text_of("query").or_else(|| query.text_of("expr")));
    let written = query.and_then(Node::text).or(inner).or_else(|| node.text_of("definition"));
    let is_set = |key: &str| node.get(key).and_then(Node::bool) == Some(true);
    let options = node.items_of("options").iter();
    Some(Variable {
        place: node.place,
        name: node.text_of("name")?.clone(),
        kind,
        query: written.filter(|text| !text.is_empty()).cloned(),
        datasource: node.get("datasource").and_then(Datasource::of),
        is_prometheus: None,
        current: values(node.at(&["current", "value"])),
        options: options.flat_map(|option| values(option.get("value"))).collect(),
        is_multi: is_set("multi") || is_set("includeAll"),
    })
}
