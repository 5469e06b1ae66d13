//! What Grafana's own types of dashboards say: npm's `@grafana/schema`, as `TypeScript` reads it. The
//! environment variable `TICKMETRICS_GRAFANA_SCHEMA` names the folder with `node_modules`.

use crate::catalogue::{execution, files};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use tests::programs::skip;
use tickmetrics_rules::dashboard::Settings;
use tickmetrics_rules::file::dashboard::Form;

/// A member of an enumeration is written as its text in JSON. Annotations of Prometheus have fields
/// that the schema leaves to data sources.
const CLASSIC: &str = r#"
import type { AnnotationQuery, Dashboard } from "@grafana/schema";
type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type OfPrometheus = Plain<AnnotationQuery> &
  { expr: string, titleFormat: string, target: { expr: string, refId: string } };
type Whole = Plain<Omit<Dashboard, "annotations">> & { annotations: { list: OfPrometheus[] } };
export const dashboard: Whole = "#;

const V2: &str = r#"
import type { Spec } from "@grafana/schema/apis/dashboard.grafana.app/v2";
type Resource = {
  apiVersion: "dashboard.grafana.app/v2", kind: "Dashboard", metadata: { name: string }, spec: Spec
};
export const dashboard: Resource = "#;

/// The settings of a panel, which the types above leave to its plugin.
const PANELS: &str = r#"
import type * as Stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as Graph from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import type * as Heatmap from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
type Plain<T> = T extends string ? `${T}` : T extends object ? { [K in keyof T]?: Plain<T[K]> } : T;
type Panels = {
  stat: { options: Plain<Stat.Options> },
  timeseries: { options: Plain<Graph.Options>, custom: Plain<Graph.FieldConfig> },
  heatmap: { options: Plain<Heatmap.Options> },
};
export const panels: Panels = "#;

/// The settings of one panel of each kind.
fn panels(json: &str) -> String {
    let dashboard: Value = serde_json::from_str(json).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let of = |kind: &str| {
        let panel = panels.iter().find(|panel| panel["type"] == kind).unwrap();
        let mut settings = json!({"options": panel["options"]});
        let custom = &panel["fieldConfig"]["defaults"]["custom"];
        if !custom.is_null() {
            settings["custom"] = custom.clone();
        }
        settings
    };
    let kinds = ["stat", "timeseries", "heatmap"];
    Value::Object(kinds.map(|kind| (kind.to_owned(), of(kind))).into_iter().collect()).to_string()
}

/// What the compiler says of a dashboard.
fn compiled(folder: &Path, name: &str, form: &str, json: &str) -> (bool, String) {
    let file = folder.join(name);
    std::fs::write(&file, format!("{form}{json};\n")).unwrap();
    let output = Command::new(folder.join("node_modules/.bin/tsc"))
        .args(["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022"])
        .args(["--module", "nodenext", "--moduleResolution", "nodenext", name])
        .current_dir(folder)
        .output()
        .unwrap();
    std::fs::remove_file(&file).unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn grafanas_types_accept_dashboards() {
    let Ok(folder) = std::env::var("TICKMETRICS_GRAFANA_SCHEMA") else {
        return skip("TICKMETRICS_GRAFANA_SCHEMA does not name a folder with @grafana/schema");
    };
    for (form, types, name) in [(Form::Classic, CLASSIC, "classic"), (Form::V2, V2, "v2")] {
        let mut settings = Settings::default();
        settings.form = form;
        let json = files(&settings, &[execution()]).remove(0).text;
        let file = format!("{name}-{}.ts", std::process::id());
        let (is_right, said) = compiled(folder.as_ref(), &file, types, &json);
        assert!(is_right, "{said:.4000}");
        // A wrong field is found.
        let wrong = json.replacen("\"description\"", "\"descriptoin\"", 1);
        let (is_right, said) = compiled(folder.as_ref(), &file, types, &wrong);
        assert!(!is_right && said.contains("descriptoin"), "{said:.4000}");
    }
    let json = panels(&files(&Settings::default(), &[execution()]).remove(0).text);
    let file = format!("panels-{}.ts", std::process::id());
    let (is_right, said) = compiled(folder.as_ref(), &file, PANELS, &json);
    assert!(is_right, "{said:.4000}");
    let wrong = json.replacen("\"graphMode\":\"none\"", "\"graphMode\":\"some\"", 1);
    let (is_right, said) = compiled(folder.as_ref(), &file, PANELS, &wrong);
    assert!(!is_right && said.contains("some"), "{said:.4000}");
}
