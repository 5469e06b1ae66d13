//! How a panel shows its values, as JSON. Both forms of dashboards have it.

use super::model::{Panel, Visual};
use serde::Serialize;
use std::collections::BTreeMap;

/// The identifier of the panel's plugin.
pub(super) fn plugin(visual: Visual) -> &'static str {
    match visual {
        Visual::Lines | Visual::LogLines => "timeseries",
        Visual::Stat { .. } => "stat",
        Visual::Heatmap { .. } => "heatmap",
    }
}

#[derive(Serialize)]
pub(super) struct FieldConfig<'a> {
    defaults: Defaults<'a>,
    overrides: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Defaults<'a> {
    color: Color,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Custom>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decimals: Option<u8>,
    mappings: Vec<ValueMap>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    no_value: Option<&'a str>,
    thresholds: Thresholds,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
}

#[derive(Serialize)]
struct Color {
    mode: &'static str,
}

/// Of graphs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Custom {
    draw_style: &'static str,
    fill_opacity: u32,
    line_width: u32,
    scale_distribution: Scale,
    show_points: &'static str,
    thresholds_style: Color,
}

#[derive(Serialize)]
struct Scale {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<u32>,
}

#[derive(Serialize)]
struct ValueMap {
    r#type: &'static str,
    options: BTreeMap<String, Shown>,
}

#[derive(Serialize)]
struct Shown {
    color: &'static str,
    index: usize,
    text: &'static str,
}

#[derive(Serialize)]
struct Thresholds {
    mode: &'static str,
    steps: Vec<ThresholdStep>,
}

#[derive(Serialize)]
struct ThresholdStep {
    color: &'static str,
    /// `null` for the lowest step.
    value: Option<f64>,
}

pub(super) fn field_config(panel: &Panel) -> FieldConfig<'_> {
    let is_stat = panel.visual.is_stat();
    let steps = panel.thresholds.iter();
    let mut steps: Vec<_> =
        steps.map(|step| ThresholdStep { color: step.color, value: step.from }).collect();
    let has_lines = steps.len() > 1;
    if steps.is_empty() {
        steps.push(ThresholdStep { color: if is_stat { "text" } else { "green" }, value: None });
    }
    let custom = match panel.visual {
        Visual::Lines | Visual::LogLines => Some(Custom {
            draw_style: "line",
            fill_opacity: if is_one_line(panel) { 10 } else { 0 },
            line_width: 1,
            scale_distribution: if panel.visual == Visual::LogLines {
                Scale { r#type: "log", log: Some(10) }
            } else {
                Scale { r#type: "linear", log: None }
            },
            show_points: "never",
            thresholds_style: Color { mode: if has_lines { "dashed" } else { "off" } },
        }),
        _ => None,
    };
    let defaults = Defaults {
        color: Color { mode: if is_stat { "thresholds" } else { "palette-classic" } },
        custom,
        decimals: panel.decimals,
        mappings: mappings(panel),
        min: panel.min,
        no_value: panel.no_value,
        thresholds: Thresholds { mode: "absolute", steps },
        // The unit of a heatmap is that of its axis.
        unit: (!panel.visual.is_heatmap()).then_some(panel.unit.as_str()),
    };
    FieldConfig { defaults, overrides: [] }
}

/// An area below one line shows it well, and areas of several hide each other.
fn is_one_line(panel: &Panel) -> bool {
    matches!(&panel.targets[..], [target] if !target.legend.contains("{{"))
}

fn mappings(panel: &Panel) -> Vec<ValueMap> {
    if panel.mappings.is_empty() {
        return Vec::new();
    }
    let shown = panel.mappings.iter().enumerate().map(|(index, mapping)| {
        let shown = Shown { color: mapping.color, index, text: mapping.text };
        (mapping.value.to_string(), shown)
    });
    vec![ValueMap { r#type: "value", options: shown.collect() }]
}

/// The options of the plugin.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Options<'a> {
    Graph(Graph),
    Stat(Stat),
    Heatmap(Heatmap<'a>),
}

#[derive(Serialize)]
pub(super) struct Graph {
    legend: Legend,
    tooltip: Tooltip,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "Grafana's")]
struct Legend {
    calcs: Vec<&'static str>,
    display_mode: &'static str,
    placement: &'static str,
    show_legend: bool,
}

#[derive(Serialize)]
struct Tooltip {
    mode: &'static str,
    sort: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stat {
    color_mode: &'static str,
    graph_mode: &'static str,
    justify_mode: &'static str,
    orientation: &'static str,
    reduce_options: Reduce,
    text_mode: &'static str,
}

#[derive(Serialize)]
struct Reduce {
    calcs: [&'static str; 1],
    fields: &'static str,
    values: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Heatmap<'a> {
    calculate: bool,
    cell_gap: u32,
    color: HeatmapColor,
    exemplars: Exemplars,
    filter_values: FilterValues,
    legend: ShowLegend,
    tooltip: HeatmapTooltip,
    y_axis: Axis<'a>,
}

#[derive(Serialize)]
struct HeatmapColor {
    exponent: f64,
    fill: &'static str,
    mode: &'static str,
    reverse: bool,
    scale: &'static str,
    scheme: &'static str,
    steps: u32,
}

#[derive(Serialize)]
struct Exemplars {
    color: &'static str,
}

#[derive(Serialize)]
struct FilterValues {
    le: f64,
}

#[derive(Serialize)]
struct ShowLegend {
    show: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeatmapTooltip {
    mode: &'static str,
    show_color_scale: bool,
    y_histogram: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "Grafana's")]
struct Axis<'a> {
    axis_placement: &'static str,
    reverse: bool,
    unit: &'a str,
}

pub(super) fn options(panel: &Panel) -> Options<'_> {
    match panel.visual {
        Visual::Lines | Visual::LogLines => Options::Graph(Graph {
            legend: Legend {
                calcs: vec!["lastNotNull", "max"],
                display_mode: "table",
                placement: "bottom",
                show_legend: true,
            },
            tooltip: Tooltip { mode: "multi", sort: "desc" },
        }),
        Visual::Stat { has_trend, is_filled, is_name } => Options::Stat(Stat {
            color_mode: if is_filled { "background" } else { "value" },
            graph_mode: if has_trend { "area" } else { "none" },
            justify_mode: "auto",
            orientation: "auto",
            reduce_options: Reduce { calcs: ["lastNotNull"], fields: "", values: false },
            text_mode: if is_name { "name" } else { "auto" },
        }),
        Visual::Heatmap { .. } => Options::Heatmap(Heatmap {
            calculate: false,
            cell_gap: 1,
            color: HeatmapColor {
                exponent: 0.5,
                fill: "dark-orange",
                mode: "scheme",
                reverse: false,
                scale: "exponential",
                scheme: "Turbo",
                steps: 64,
            },
            exemplars: Exemplars { color: "rgba(255,0,255,0.7)" },
            filter_values: FilterValues { le: 1e-9 },
            legend: ShowLegend { show: true },
            tooltip: HeatmapTooltip { mode: "single", show_color_scale: false, y_histogram: true },
            y_axis: Axis { axis_placement: "left", reverse: false, unit: &panel.unit },
        }),
    }
}
