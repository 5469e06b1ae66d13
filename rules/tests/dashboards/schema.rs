//! What Grafana's own types of dashboards say: npm's `@grafana/schema`, as `TypeScript` reads it. The
//! environment variable `TICKMETRICS_GRAFANA_SCHEMA` names the folder with `node_modules`.

use crate::catalogue::{execution, files};
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
}
