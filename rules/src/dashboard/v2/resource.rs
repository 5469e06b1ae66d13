//! The objects of a dashboard of version 2.

use crate::dashboard::visual::{FieldConfig, Options};
use serde::Serialize;
use std::collections::BTreeMap;

/// What Kubernetes and Grafana's interface call a resource.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource<'a> {
    pub(super) api_version: &'static str,
    pub(super) kind: &'static str,
    pub(super) metadata: Named<'a>,
    pub(super) spec: Spec<'a>,
}

#[derive(Serialize)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
}

/// An object with its kind.
#[derive(Serialize)]
pub(super) struct Of<T> {
    pub(super) kind: &'static str,
    pub(super) spec: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec<'a> {
    pub(super) annotations: Vec<Of<Annotation<'a>>>,
    pub(super) cursor_sync: &'static str,
    pub(super) description: &'a str,
    pub(super) editable: bool,
    pub(super) elements: BTreeMap<String, Of<Element<'a>>>,
    pub(super) layout: Of<Rows<'a>>,
    pub(super) links: [(); 0],
    pub(super) live_now: bool,
    pub(super) preload: bool,
    pub(super) tags: [&'static str; 1],
    pub(super) time_settings: TimeSettings,
    pub(super) title: &'a str,
    pub(super) variables: Vec<Variable<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TimeSettings {
    pub(super) auto_refresh: &'static str,
    pub(super) auto_refresh_intervals: [&'static str; 5],
    pub(super) fiscal_year_start_month: u32,
    pub(super) from: &'static str,
    pub(super) hide_timepicker: bool,
    pub(super) timezone: &'static str,
    pub(super) to: &'static str,
}

/// A query of Prometheus.
#[derive(Serialize)]
pub(super) struct DataQuery<T> {
    pub(super) kind: &'static str,
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) datasource: Named<'static>,
    pub(super) spec: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Annotation<'a> {
    pub(super) enable: bool,
    pub(super) hide: bool,
    pub(super) icon_color: &'static str,
    pub(super) legacy_options: AnnotationText,
    pub(super) name: &'static str,
    pub(super) query: DataQuery<AnnotationQuery<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AnnotationText {
    pub(super) title_format: &'static str,
}

#[derive(Serialize)]
pub(super) struct AnnotationQuery<'a> {
    pub(super) expr: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Variable<'a> {
    Datasource(Of<DatasourceVariable<'a>>),
    Query(Box<Of<QueryVariable<'a>>>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "Grafana's")]
pub(super) struct DatasourceVariable<'a> {
    pub(super) allow_custom_value: bool,
    pub(super) current: Current<&'a str>,
    pub(super) hide: &'static str,
    pub(super) include_all: bool,
    pub(super) label: &'a str,
    pub(super) multi: bool,
    pub(super) name: &'a str,
    pub(super) options: [(); 0],
    pub(super) plugin_id: &'static str,
    pub(super) refresh: &'static str,
    pub(super) regex: &'static str,
    pub(super) skip_url_sync: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "Grafana's")]
pub(super) struct QueryVariable<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) all_value: Option<&'a str>,
    pub(super) allow_custom_value: bool,
    pub(super) current: Current<[&'static str; 1]>,
    pub(super) definition: &'a str,
    pub(super) hide: &'static str,
    pub(super) include_all: bool,
    pub(super) label: &'a str,
    pub(super) multi: bool,
    pub(super) name: &'a str,
    pub(super) options: [(); 0],
    pub(super) query: DataQuery<Lookup<'a>>,
    pub(super) refresh: &'static str,
    pub(super) regex: &'static str,
    pub(super) skip_url_sync: bool,
    pub(super) sort: &'static str,
}

#[derive(Serialize)]
pub(super) struct Current<T> {
    pub(super) text: T,
    pub(super) value: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lookup<'a> {
    pub(super) query: &'a str,
    pub(super) ref_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Element<'a> {
    pub(super) data: Of<QueryGroup<'a>>,
    pub(super) description: &'a str,
    pub(super) id: u32,
    pub(super) links: Vec<DataLink<'a>>,
    pub(super) title: &'a str,
    pub(super) viz_config: VizConfig<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct QueryGroup<'a> {
    pub(super) queries: Vec<Of<PanelQuery<'a>>>,
    pub(super) query_options: Empty,
    pub(super) transformations: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DataLink<'a> {
    pub(super) target_blank: bool,
    pub(super) title: &'a str,
    pub(super) url: &'a str,
}

#[derive(Serialize)]
pub(super) struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PanelQuery<'a> {
    pub(super) hidden: bool,
    pub(super) query: DataQuery<Prometheus<'a>>,
    pub(super) ref_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Prometheus<'a> {
    pub(super) editor_mode: &'static str,
    pub(super) exemplar: bool,
    pub(super) expr: &'a str,
    pub(super) format: &'static str,
    pub(super) instant: bool,
    pub(super) legend_format: &'a str,
    pub(super) range: bool,
}

#[derive(Serialize)]
pub(super) struct VizConfig<'a> {
    pub(super) kind: &'static str,
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) spec: VizSpec<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct VizSpec<'a> {
    pub(super) field_config: FieldConfig<'a>,
    pub(super) options: Options<'a>,
}

#[derive(Serialize)]
pub(super) struct Rows<'a> {
    pub(super) rows: Vec<Of<Row<'a>>>,
}

#[derive(Serialize)]
pub(super) struct Row<'a> {
    pub(super) collapse: bool,
    pub(super) layout: Of<Grid>,
    pub(super) title: &'a str,
}

#[derive(Serialize)]
pub(super) struct Grid {
    pub(super) items: Vec<Of<Item>>,
}

#[derive(Serialize)]
pub(super) struct Item {
    pub(super) element: Reference,
    pub(super) height: u32,
    pub(super) width: u32,
    pub(super) x: u32,
    pub(super) y: u32,
}

#[derive(Serialize)]
pub(super) struct Reference {
    pub(super) kind: &'static str,
    pub(super) name: String,
}
