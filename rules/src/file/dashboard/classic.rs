//! Classic dashboards: a list of panels, or rows of panels.

use super::read::waivers;
use super::{Dashboard, Datasource, Panel, Query, variable};
use crate::file::json::{Node, Value};
use crate::file::rules::Field;
use crate::place::Text;

/// How deep panels are nested: a row has panels, which have none.
const MOST_DEPTH: usize = 4;

pub(super) fn read(dashboard: &mut Dashboard, node: &Node) {
    for panel in node.items_of("panels") {
        read_panel(dashboard, panel, None, 0);
    }
    for row in node.items_of("rows") {
        let title = row.text_of("title");
        for panel in row.items_of("panels") {
            read_panel(dashboard, panel, title, 0);
        }
    }
    // Panels of the library that an export has with it.
    for (_, element) in node.get("__elements").map_or(&[][..], Node::entries) {
        read_library(dashboard, element);
    }
    for element in node.items_of("__elements") {
        read_library(dashboard, element);
    }
    for node in node.get("templating").map_or(&[][..], |templating| templating.items_of("list")) {
        let kind = node.text_of("type").map_or("query", Text::as_str);
        dashboard.variables.extend(variable::read(node, kind.to_owned()));
        if let Some(description) = node.text_of("description") {
            waivers(dashboard, description, node.place);
        }
    }
    for node in node.get("annotations").map_or(&[][..], |annotations| annotations.items_of("list"))
    {
        let datasource = node.get("datasource").and_then(Datasource::of);
        let target = node.get("target").filter(|target| target.text_of("expr").is_some());
        let query = read_query(target.unwrap_or(node), datasource.as_ref());
        let name = node.text_of("name").cloned();
        let is_hidden = node.get("enable").and_then(Node::bool) == Some(false);
        dashboard.annotations.extend(query.map(|query| Query { name, is_hidden, ..query }));
    }
}

fn read_library(dashboard: &mut Dashboard, element: &Node) {
    let Some(model) = element.get("model") else { return };
    let before = dashboard.panels.len();
    read_panel(dashboard, model, None, 0);
    let name = element.text_of("name").or_else(|| element.text_of("uid"));
    for panel in dashboard.panels.iter_mut().skip(before) {
        panel.library = name.cloned();
    }
}

fn read_panel(dashboard: &mut Dashboard, node: &Node, row: Option<&Text>, depth: usize) {
    let title = node.text_of("title");
    let is_row = node.text_of("type").is_some_and(|kind| kind.as_str() == "row");
    if depth < MOST_DEPTH {
        for panel in node.items_of("panels") {
            read_panel(dashboard, panel, if is_row { title } else { row }, depth + 1);
        }
    }
    if is_row || !matches!(node.value, Value::Object(_)) {
        return;
    }
    if let Some(description) = node.text_of("description") {
        waivers(dashboard, description, node.place);
    }
    let datasource = node.get("datasource").and_then(Datasource::of);
    let targets = node.items_of("targets").iter();
    let library = node.get("libraryPanel");
    let mut panel = Panel {
        place: node.place,
        id: node.get("id").and_then(id),
        kind: node.text_of("type").cloned(),
        title: title.cloned(),
        row: row.cloned(),
        library: library.and_then(|it| it.text_of("name").or_else(|| it.text_of("uid"))).cloned(),
        unit: None,
        field_units: Vec::new(),
        thresholds: Vec::new(),
        queries: targets.filter_map(|target| read_query(target, datasource.as_ref())).collect(),
    };
    if let Some(config) = node.get("fieldConfig") {
        fields(&mut panel, config);
    }
    if panel.unit.is_none() {
        // Panels of old: `singlestat` has one format, `graph` one for each axis.
        let axis = node.items_of("yaxes").first().and_then(|axis| axis.text_of("format"));
        panel.unit = node.text_of("format").or(axis).cloned();
        let of_second = |it: &Node| it.get("yaxis").and_then(Node::number) == Some(2.0);
        if node.items_of("seriesOverrides").iter().any(of_second) {
            let second = node.items_of("yaxes").get(1).and_then(|axis| axis.text_of("format"));
            panel.field_units.extend(second.cloned());
        }
    }
    dashboard.panels.push(panel);
}

#[expect(clippy::cast_possible_truncation, reason = "a number that is too large is the largest")]
pub(super) fn id(node: &Node) -> Option<i64> {
    node.number().map(|number| number as i64)
}

/// Reads units and thresholds.
pub(super) fn fields(panel: &mut Panel, config: &Node) {
    panel.unit = config.at(&["defaults", "unit"]).and_then(Node::text).cloned();
    if let Some(thresholds) = config.at(&["defaults", "thresholds"]) {
        let mode = thresholds.text_of("mode").map_or("absolute", Text::as_str);
        let steps = thresholds.items_of("steps").iter().filter(|_| mode == "absolute");
        let value = |step: &Node| {
            let node = step.get("value")?;
            Some(Field { value: node.number()?, place: node.place })
        };
        panel.thresholds = steps.filter_map(value).collect();
    }
    for property in config.items_of("overrides").iter().flat_map(|it| it.items_of("properties")) {
        if property.text_of("id").is_some_and(|id| id.as_str() == "unit") {
            panel.field_units.extend(property.text_of("value").cloned());
        }
    }
}

/// Reads a query that has an expression.
pub(super) fn read_query(node: &Node, of_panel: Option<&Datasource>) -> Option<Query> {
    let own = node.get("datasource").and_then(Datasource::of);
    let is_set = |key: &str| node.get(key).and_then(Node::bool) == Some(true);
    Some(Query {
        place: node.place,
        expr: node.text_of("expr").filter(|expr| !expr.trim().is_empty())?.clone(),
        name: node.text_of("refId").cloned(),
        datasource: own.or_else(|| of_panel.cloned()),
        is_prometheus: None,
        legend: node.text_of("legendFormat").cloned(),
        format: node.text_of("format").cloned(),
        interval: node.text_of("interval").filter(|text| !text.is_empty()).cloned(),
        is_instant: is_set("instant") && !is_set("range"),
        is_hidden: is_set("hide"),
    })
}
