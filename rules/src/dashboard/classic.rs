//! Classic dashboards, as Grafana 10 to 13 load them.

use super::DATASOURCE;
use super::layout::{COLUMNS, Cell, TITLE_HEIGHT, placed};
use super::model::{self, Link, Row, Target, Visual};
use super::visual::{FieldConfig, Options, field_config, options, plugin};
use serde::Serialize;

/// That of Grafana 11. Later ones convert it.
const SCHEMA_VERSION: u32 = 39;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dashboard<'a> {
    annotations: List<Annotation<'a>>,
    description: &'a str,
    editable: bool,
    graph_tooltip: u32,
    links: [(); 0],
    panels: Vec<Entry<'a>>,
    refresh: &'static str,
    schema_version: u32,
    tags: [&'static str; 1],
    templating: List<Variable<'a>>,
    time: Time,
    timezone: &'static str,
    title: &'a str,
    uid: &'a str,
}

#[derive(Serialize)]
struct List<T> {
    list: Vec<T>,
}

#[derive(Serialize)]
struct Time {
    from: &'static str,
    to: &'static str,
}

#[derive(Serialize)]
struct Datasource {
    r#type: &'static str,
    uid: &'static str,
}

const PROMETHEUS: Datasource = Datasource { r#type: "prometheus", uid: DATASOURCE };

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Annotation<'a> {
    datasource: Datasource,
    enable: bool,
    /// Before Grafana 11.
    expr: &'a str,
    icon_color: &'static str,
    name: &'static str,
    target: AnnotationTarget<'a>,
    title_format: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AnnotationTarget<'a> {
    expr: &'a str,
    ref_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Variable<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    all_value: Option<&'a str>,
    current: Current<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    datasource: Option<Datasource>,
    include_all: bool,
    label: &'a str,
    multi: bool,
    name: &'a str,
    query: Query<'a>,
    refresh: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sort: Option<u32>,
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Query<'a> {
    Plugin(&'a str),
    #[serde(rename_all = "camelCase")]
    Values {
        query: &'a str,
        ref_id: &'a str,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Current<'a> {
    One { text: &'a str, value: &'a str },
    All { text: [&'static str; 1], value: [&'static str; 1] },
}

/// A panel, or the title of a row.
#[derive(Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Row(RowTitle<'a>),
    Panel(Box<Panel<'a>>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RowTitle<'a> {
    collapsed: bool,
    grid_pos: GridPos,
    id: u32,
    /// Those of a collapsed row. Others are behind it.
    panels: Vec<Panel<'a>>,
    title: &'a str,
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Panel<'a> {
    datasource: Datasource,
    description: &'a str,
    field_config: FieldConfig<'a>,
    grid_pos: GridPos,
    id: u32,
    links: Vec<PanelLink<'a>>,
    options: Options<'a>,
    targets: Vec<PanelTarget<'a>>,
    title: &'a str,
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "Grafana's")]
struct PanelLink<'a> {
    as_dropdown: bool,
    icon: &'static str,
    include_vars: bool,
    keep_time: bool,
    tags: [(); 0],
    target_blank: bool,
    title: &'a str,
    tooltip: &'static str,
    r#type: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct GridPos {
    h: u32,
    w: u32,
    x: u32,
    y: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PanelTarget<'a> {
    datasource: Datasource,
    editor_mode: &'static str,
    exemplar: bool,
    expr: &'a str,
    format: &'static str,
    instant: bool,
    legend_format: &'a str,
    range: bool,
    ref_id: String,
}

/// The dashboard as JSON.
pub(super) fn to_json(dashboard: &model::Dashboard, datasource: &str) -> String {
    let model::Dashboard { uid, title, description, .. } = dashboard;
    let written = Dashboard {
        annotations: List {
            list: dashboard.firing.as_deref().map(annotation).into_iter().collect(),
        },
        description,
        editable: true,
        // One cursor for all panels.
        graph_tooltip: 1,
        links: [],
        panels: panels(&dashboard.rows),
        refresh: super::REFRESH,
        schema_version: SCHEMA_VERSION,
        tags: [super::TAG],
        templating: List { list: variables(dashboard, datasource) },
        time: Time { from: super::FROM, to: "now" },
        timezone: "browser",
        title,
        uid,
    };
    super::text(&written)
}

fn annotation(expr: &str) -> Annotation<'_> {
    Annotation {
        datasource: PROMETHEUS,
        enable: true,
        expr,
        icon_color: "red",
        name: super::ALERTS,
        target: AnnotationTarget { expr, ref_id: "Anno" },
        title_format: "{{alertname}}",
    }
}

fn variables<'a>(dashboard: &'a model::Dashboard, datasource: &'a str) -> Vec<Variable<'a>> {
    let of_datasource = Variable {
        all_value: None,
        current: Current::One { text: datasource, value: datasource },
        datasource: None,
        include_all: false,
        label: "Data source",
        multi: false,
        name: "datasource",
        query: Query::Plugin("prometheus"),
        refresh: 1,
        sort: None,
        r#type: "datasource",
    };
    let of_values = dashboard.variables.iter().map(|variable| Variable {
        all_value: variable.all,
        current: Current::All { text: ["All"], value: ["$__all"] },
        datasource: Some(PROMETHEUS),
        include_all: true,
        label: variable.title,
        multi: true,
        name: variable.name,
        query: Query::Values { query: &variable.query, ref_id: variable.name },
        // When the time that is shown changes.
        refresh: 2,
        // By name.
        sort: Some(1),
        r#type: "query",
    });
    std::iter::once(of_datasource).chain(of_values).collect()
}

fn panels(rows: &[Row]) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    let (mut id, mut y) = (0, 0);
    let mut next_id = || {
        id += 1;
        id
    };
    for row in rows {
        let row_id = next_id();
        let (cells, height) = placed(row);
        let top = y + TITLE_HEIGHT;
        let made = cells.into_iter().map(|(cell, it)| {
            let Cell { x, y, width, height } = cell;
            panel(next_id(), GridPos { h: height, w: width, x, y: top + y }, it)
        });
        let mut made: Vec<_> = made.collect();
        let inside = if row.is_collapsed { std::mem::take(&mut made) } else { Vec::new() };
        entries.push(Entry::Row(RowTitle {
            collapsed: row.is_collapsed,
            grid_pos: GridPos { h: TITLE_HEIGHT, w: COLUMNS, x: 0, y },
            id: row_id,
            panels: inside,
            title: &row.title,
            r#type: "row",
        }));
        entries.extend(made.into_iter().map(|panel| Entry::Panel(Box::new(panel))));
        y = top + if row.is_collapsed { 0 } else { height };
    }
    entries
}

fn panel(id: u32, grid_pos: GridPos, panel: &model::Panel) -> Panel<'_> {
    let targets = panel.targets.iter().enumerate();
    Panel {
        datasource: PROMETHEUS,
        description: &panel.description,
        field_config: field_config(panel),
        grid_pos,
        id,
        links: panel.links.iter().map(link).collect(),
        options: options(panel),
        targets: targets.map(|(at, it)| target(at, it, panel.visual)).collect(),
        title: &panel.title,
        r#type: plugin(panel.visual),
    }
}

fn link(Link { title, url }: &Link) -> PanelLink<'_> {
    PanelLink {
        as_dropdown: false,
        icon: "",
        include_vars: false,
        keep_time: false,
        tags: [],
        target_blank: true,
        title,
        tooltip: "",
        r#type: "link",
        url,
    }
}

fn target(at: usize, target: &Target, visual: Visual) -> PanelTarget<'_> {
    PanelTarget {
        datasource: PROMETHEUS,
        editor_mode: "code",
        exemplar: target.has_exemplars,
        expr: &target.expr,
        format: super::format(visual),
        instant: target.is_instant,
        legend_format: &target.legend,
        range: !target.is_instant,
        ref_id: super::ref_id(at),
    }
}
