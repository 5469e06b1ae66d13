//! Dashboards that are made of catalogues.

use crate::support::{Folder, output, run, text};
use serde_json::Value;
use std::fs;

const CATALOGUE: &str = r#"{"tickmetrics_catalogue": 1, "service": "gateway", "families": [
    {"name": "gateway_orders_total", "kind": "counter", "from_start": true}
]}"#;

#[test]
fn files_are_written_and_checked() {
    let folder = Folder::new("dashboard");
    let (catalogue, out) = (folder.file("gateway.json"), folder.file("grafana"));
    fs::write(&catalogue, CATALOGUE).unwrap();
    let arguments = ["dashboard", text(&catalogue), "--out", text(&out), "--traces", "tempo"];
    let check = || run(&[&arguments[..], &["--check"]].concat());
    assert_eq!(check().status.code(), Some(1));
    assert!(!out.exists());

    assert_eq!(output(&arguments), "");
    let dashboard = out.join("gateway.json");
    let read: Value = serde_json::from_str(&fs::read_to_string(&dashboard).unwrap()).unwrap();
    assert_eq!((&read["title"], &read["uid"]), (&"Gateway".into(), &"tickmetrics-gateway".into()));
    let datasource = out.join("provisioning/datasources/tickmetrics.yml");
    assert!(fs::read_to_string(datasource).unwrap().contains("datasourceUid: \"tempo\""));
    assert_eq!(check().status.code(), Some(0));
    assert_eq!(output(&["lint", text(&dashboard), "--catalogue", text(&catalogue)]), "");

    let made = fs::read_to_string(&dashboard).unwrap();
    fs::write(&dashboard, made.replace("Gateway", "Mine")).unwrap();
    let told = check();
    assert_eq!(told.status.code(), Some(1));
    assert_eq!(String::from_utf8(told.stdout).unwrap(), format!("{}\n", dashboard.display()));

    output(&["dashboard", text(&catalogue), "--out", text(&out), "--v2", "--native"]);
    let read: Value = serde_json::from_str(&fs::read_to_string(&dashboard).unwrap()).unwrap();
    assert_eq!(read["apiVersion"], "dashboard.grafana.app/v2");
}

#[test]
fn what_cant_be_made_is_trouble() {
    let folder = Folder::new("dashboard-wrong");
    let nameless = folder.file("nameless.json");
    fs::write(&nameless, CATALOGUE.replace("\"service\": \"gateway\", ", "")).unwrap();
    let told = run(&["dashboard", text(&nameless), "--out", text(&folder.file("out"))]);
    assert_eq!(told.status.code(), Some(2));
    let said = String::from_utf8(told.stderr).unwrap();
    assert!(said.contains("nameless.json names no service"), "{said}");
    let named = folder.file("named.json");
    fs::write(&named, CATALOGUE).unwrap();
    for arguments in [
        ["dashboard", text(&named), "--out", "/dev/null/out"],
        ["dashboard", "/none.json", "--out", "/dev/null/out"],
    ] {
        assert_eq!(run(&arguments).status.code(), Some(2), "{arguments:?}");
    }
}
