//! Dashboards of version 2: `elements`, and a `layout` that refers to them.
//!
//! The objects are those of `resource`.

mod resource;

use super::DATASOURCE;
use super::layout::{Cell, placed};
use super::model::{self, Link, Panel};
use super::visual::{field_config, options, plugin};
use resource::{
    Annotation, AnnotationQuery, AnnotationText, Current, DataLink, DataQuery, DatasourceVariable,
    Element, Empty, Grid, Item, Lookup, Named, Of, PanelQuery, Prometheus, QueryGroup,
    QueryVariable, Reference, Resource, Row, Rows, Spec, TimeSettings, Variable, VizConfig,
    VizSpec,
};
use std::collections::BTreeMap;

/// The dashboard as JSON.
pub(super) fn to_json(dashboard: &model::Dashboard, datasource: &str) -> String {
    let model::Dashboard { uid, title, description, .. } = dashboard;
    let (elements, rows) = parts(dashboard);
    let spec = Spec {
        annotations: dashboard.firing.as_deref().map(annotation).into_iter().collect(),
        cursor_sync: "Crosshair",
        description,
        editable: true,
        elements,
        layout: Of { kind: "RowsLayout", spec: Rows { rows } },
        links: [],
        live_now: false,
        preload: false,
        tags: [super::TAG],
        time_settings: TimeSettings {
            auto_refresh: super::REFRESH,
            auto_refresh_intervals: ["5s", "10s", "30s", "1m", "5m"],
            fiscal_year_start_month: 0,
            from: super::FROM,
            hide_timepicker: false,
            timezone: "browser",
            to: "now",
        },
        title,
        variables: variables(dashboard, datasource),
    };
    super::text(&Resource {
        api_version: "dashboard.grafana.app/v2",
        kind: "Dashboard",
        metadata: Named { name: uid },
        spec,
    })
}

fn annotation(expr: &str) -> Of<Annotation<'_>> {
    let spec = Annotation {
        enable: true,
        hide: false,
        icon_color: "red",
        legacy_options: AnnotationText { title_format: "{{alertname}}" },
        name: super::ALERTS,
        query: data_query(AnnotationQuery { expr }),
    };
    Of { kind: "AnnotationQuery", spec }
}

fn variables<'a>(dashboard: &'a model::Dashboard, datasource: &'a str) -> Vec<Variable<'a>> {
    let of_datasource = DatasourceVariable {
        allow_custom_value: false,
        current: Current { text: datasource, value: datasource },
        hide: "dontHide",
        include_all: false,
        label: "Data source",
        multi: false,
        name: "datasource",
        options: [],
        plugin_id: "prometheus",
        refresh: "onDashboardLoad",
        regex: "",
        skip_url_sync: false,
    };
    let of_values = dashboard.variables.iter().map(|variable| {
        let spec = QueryVariable {
            all_value: variable.all,
            allow_custom_value: true,
            current: Current { text: ["All"], value: ["$__all"] },
            definition: &variable.query,
            hide: "dontHide",
            include_all: true,
            label: variable.title,
            multi: true,
            name: variable.name,
            options: [],
            query: data_query(Lookup { query: &variable.query, ref_id: variable.name }),
            refresh: "onTimeRangeChanged",
            regex: "",
            skip_url_sync: false,
            sort: "alphabeticalAsc",
        };
        Variable::Query(Box::new(Of { kind: "QueryVariable", spec }))
    });
    let of_datasource =
        Variable::Datasource(Of { kind: "DatasourceVariable", spec: of_datasource });
    std::iter::once(of_datasource).chain(of_values).collect()
}

/// The panels by their names, and the rows that refer to them.
fn parts(dashboard: &model::Dashboard) -> (BTreeMap<String, Of<Element<'_>>>, Vec<Of<Row<'_>>>) {
    let (mut elements, mut rows, mut id) = (BTreeMap::new(), Vec::new(), 0);
    for row in &dashboard.rows {
        let mut items = Vec::new();
        for (cell, panel) in placed(row).0 {
            id += 1;
            let name = format!("panel-{id}");
            elements.insert(name.clone(), element(id, panel));
            items.push(item(cell, name));
        }
        let layout = Of { kind: "GridLayout", spec: Grid { items } };
        let spec = Row { collapse: row.is_collapsed, layout, title: &row.title };
        rows.push(Of { kind: "RowsLayoutRow", spec });
    }
    (elements, rows)
}

fn item(Cell { x, y, width, height }: Cell, name: String) -> Of<Item> {
    let element = Reference { kind: "ElementReference", name };
    Of { kind: "GridLayoutItem", spec: Item { element, height, width, x, y } }
}

fn element(id: u32, panel: &Panel) -> Of<Element<'_>> {
    let queries = panel.targets.iter().enumerate().map(|(at, target)| {
        let query = data_query(Prometheus {
            editor_mode: "code",
            exemplar: target.has_exemplars,
            expr: &target.expr,
            format: super::format(panel.visual),
            instant: target.is_instant,
            legend_format: &target.legend,
            range: !target.is_instant,
        });
        let spec = PanelQuery { hidden: false, query, ref_id: super::ref_id(at) };
        Of { kind: "PanelQuery", spec }
    });
    let group =
        QueryGroup { queries: queries.collect(), query_options: Empty {}, transformations: [] };
    let viz_config = VizConfig {
        kind: "VizConfig",
        group: plugin(panel.visual),
        version: "",
        spec: VizSpec { field_config: field_config(panel), options: options(panel) },
    };
    let links = panel.links.iter();
    let spec = Element {
        data: Of { kind: "QueryGroup", spec: group },
        description: &panel.description,
        id,
        links: links
            .map(|Link { title, url }| DataLink { target_blank: true, title, url })
            .collect(),
        title: &panel.title,
        viz_config,
    };
    Of { kind: "Panel", spec }
}

fn data_query<T>(spec: T) -> DataQuery<T> {
    let datasource = Named { name: DATASOURCE };
    DataQuery { kind: "DataQuery", group: "prometheus", version: "v0", datasource, spec }
}
