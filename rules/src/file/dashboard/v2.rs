//! Dashboards of version 2: `elements`, and a `layout` that refers to them.

use super::classic::{fields, id, read_query};
use super::read::waivers;
use super::{Dashboard, Datasource, Panel, Query, variable};
use crate::file::json::Node;
use crate::place::Text;
use std::collections::HashMap;

pub(super) fn read(dashboard: &mut Dashboard, node: &Node) {
    let mut rows = HashMap::new();
    if let Some(layout) = node.get("layout") {
        titles(layout, None, &mut rows);
    }
    for (name, element) in node.get("elements").map_or(&[][..], Node::entries) {
        let Some(spec) = element.get("spec") else { continue };
        let row = rows.get(name.as_str()).copied();
        read_panel(dashboard, element, spec, row);
    }
    for variable in node.items_of("variables") {
        let Some(spec) = variable.get("spec") else { continue };
        // `QueryVariable` is what is `query` in a classic dashboard.
        let kind = variable.text_of("kind").map_or("", Text::as_str);
        let kind = kind.strip_suffix("Variable").unwrap_or(kind);
        let kind = if kind == "Text" { "textbox".to_owned() } else { kind.to_lowercase() };
        if let Some(description) = spec.text_of("description") {
            waivers(dashboard, description, variable.place);
        }
        let Some(mut read) = variable::read(spec, kind) else { continue };
        if let Some((datasource, inner)) = spec.get("query").and_then(parted) {
            let written = ["query", "expr", "__legacyStringValue"];
            let query = written.iter().find_map(|key| inner.text_of(key));
            read.query = query.filter(|text| !text.is_empty()).cloned().or(read.query);
            read.datasource = Some(merged(datasource, read.datasource));
        }
        // That of a variable for data sources.
        read.query = read.query.or_else(|| spec.text_of("pluginId").cloned());
        read.place = variable.place;
        dashboard.variables.push(read);
    }
    for annotation in node.items_of("annotations") {
        let Some(spec) = annotation.get("spec") else { continue };
        let name = spec.text_of("name").cloned();
        let is_hidden = spec.get("enable").and_then(Node::bool) == Some(false);
        let query = spec.get("query").and_then(|query| read_data(query, spec));
        dashboard.annotations.extend(query.map(|query| Query { name, is_hidden, ..query }));
    }
}

/// The titles of the rows, by the elements in them.
fn titles<'a>(node: &'a Node, row: Option<&'a Text>, rows: &mut HashMap<&'a str, &'a Text>) {
    let mut row = row;
    let kind = node.text_of("kind").map_or("", Text::as_str);
    if kind == "RowsLayoutRow" {
        row = node.at(&["spec", "title"]).and_then(Node::text).or(row);
    }
    if let (Some(row), "ElementReference", Some(name)) = (row, kind, node.text_of("name")) {
        rows.insert(name, row);
    }
    // The reader of JSON limits the depth.
    node.items().iter().for_each(|item| titles(item, row, rows));
    node.entries().iter().for_each(|(_, value)| titles(value, row, rows));
}

fn read_panel(dashboard: &mut Dashboard, element: &Node, spec: &Node, row: Option<&Text>) {
    if let Some(description) = spec.text_of("description") {
        waivers(dashboard, description, element.place);
    }
    let visual = spec.get("vizConfig");
    // Before the first release, the kind was that of the panel.
    let kind = visual.and_then(|visual| visual.text_of("group").or_else(|| visual.text_of("kind")));
    let library = spec.get("libraryPanel");
    let queries = spec.at(&["data", "spec", "queries"]).map_or(&[][..], Node::items);
    let query = |query: &Node| {
        let spec = query.get("spec")?;
        let is_hidden = spec.get("hidden").and_then(Node::bool) == Some(true);
        let read = spec.get("query").and_then(|query| read_data(query, spec))?;
        Some(Query { name: spec.text_of("refId").cloned(), is_hidden, ..read })
    };
    let mut panel = Panel {
        place: element.place,
        id: spec.get("id").and_then(id),
        kind: kind.cloned(),
        title: spec.text_of("title").cloned(),
        row: row.cloned(),
        library: library.and_then(|it| it.text_of("name").or_else(|| it.text_of("uid"))).cloned(),
        unit: None,
        field_units: Vec::new(),
        thresholds: Vec::new(),
        queries: queries.iter().filter_map(query).collect(),
    };
    if let Some(config) = visual.and_then(|visual| visual.at(&["spec", "fieldConfig"])) {
        fields(&mut panel, config);
    }
    dashboard.panels.push(panel);
}

/// The data source and the fields of a `DataQuery`. Before the first release, its kind was that of
/// the data source.
fn parted(query: &Node) -> Option<(Datasource, &Node)> {
    let spec = query.get("spec")?;
    let kind = query.text_of("kind").filter(|kind| kind.as_str() != "DataQuery");
    let kind = query.text_of("group").or(kind).filter(|kind| !kind.is_empty()).cloned();
    let uid = query.get("datasource").and_then(Datasource::of).and_then(|it| it.uid);
    Some((Datasource { kind, uid }, spec))
}

fn merged(inner: Datasource, outer: Option<Datasource>) -> Datasource {
    let outer = outer.unwrap_or_default();
    Datasource { kind: inner.kind.or(outer.kind), uid: inner.uid.or(outer.uid) }
}

/// A query whose data source is in it, or beside it.
fn read_data(query: &Node, beside: &Node) -> Option<Query> {
    let (datasource, spec) = parted(query)?;
    let outer = beside.get("datasource").and_then(Datasource::of);
    let read = read_query(spec, None)?;
    Some(Query { place: query.place, datasource: Some(merged(datasource, outer)), ..read })
}
