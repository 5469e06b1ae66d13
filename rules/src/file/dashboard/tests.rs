use super::*;

fn read(text: &str) -> Dashboard {
    Dashboard::read(Source::new("a.json", text))
}

fn exprs(dashboard: &Dashboard) -> Vec<&str> {
    dashboard.queries().map(|query| query.expr.as_str()).collect()
}

const CLASSIC: &str = r#"{
  "title": "T", "uid": "u",
  "description": "tickmetrics: allow all why",
  "__inputs": [{"name": "DS_LOKI", "pluginId": "loki"}],
  "panels": [
    {"type": "row", "title": "R", "panels": [
      {"type": "timeseries", "title": "P", "id": 3,
       "datasource": {"type": "prometheus", "uid": "x"},
       "description": "Text.\ntickmetrics: allow check why not\ntickmetrics: allow lonely",
       "targets": [{"refId": "A", "expr": "a\n+ b", "legendFormat": "{{c}}", "format": "heatmap",
                    "instant": true, "hide": true, "interval": "1m"},
                   {"refId": "B", "expr": " "}],
       "fieldConfig": {"defaults": {"unit": "s", "thresholds": {"mode": "absolute",
         "steps": [{"value": null}, {"value": 80}]}},
         "overrides": [{"properties": [{"id": "unit", "value": "ms"}]}]}}]},
    {"type": "logs", "datasource": "${DS_LOKI}", "targets": [{"expr": "{a=\"b\"}"}]},
    {"type": "graph", "datasource": "-- Mixed --", "yaxes": [{"format": "bytes"}],
     "targets": [{"expr": "d", "datasource": "$ds"}, {"expr": "e"}]},
    {"libraryPanel": {"name": "L", "uid": "l"}}
  ],
  "rows": [{"title": "Old", "panels": [{"type": "singlestat", "format": "ops", "targets": [{"expr": "f"}]}]}],
  "__elements": {"l": {"name": "L", "uid": "l", "model": {"type": "stat", "targets": [{"expr": "g"}]}}},
  "templating": {"list": [
    {"type": "datasource", "name": "ds", "query": "prometheus"},
    {"type": "query", "name": "v", "query": {"query": "label_values(up, job)", "refId": "x"},
     "datasource": {"uid": "${ds}"}, "multi": true, "current": {"value": ["p", "q"]}},
    {"type": "custom", "name": "c", "query": "1,2", "options": [{"value": "1"}, {"value": "2"}]}]},
  "annotations": {"list": [{"name": "N", "expr": "h", "datasource": {"type": "prometheus"}}]}
}"#;

#[test]
fn a_classic_dashboard_is_read() {
    let dashboard = read(CLASSIC);
    assert_eq!(exprs(&dashboard), ["a\n+ b", "{a=\"b\"}", "d", "e", "f", "g", "h"]);
    let known: Vec<_> = dashboard.queries().map(|query| query.is_prometheus).collect();
    assert_eq!(known, [Some(true), Some(false), Some(true), None, None, None, Some(true)]);
    let panel = &dashboard.panels[0];
    assert_eq!(
        (panel.id, panel.row.as_deref(), panel.unit.as_deref()),
        (Some(3), Some("R"), Some("s"))
    );
    assert_eq!(panel.thresholds.iter().map(|it| it.value).collect::<Vec<_>>(), [80.0]);
    assert_eq!(panel.field_units[0].as_str(), "ms");
    let query = &panel.queries[0];
    assert!(query.is_instant && query.is_hidden);
    assert_eq!(query.legend.as_deref(), Some("{{c}}"));
    assert_eq!(dashboard.source.part(query.expr.part(1..3)), "\\n+");
    let units: Vec<_> = dashboard.panels.iter().map(|it| it.unit.as_deref()).collect();
    assert_eq!(units, [Some("s"), None, Some("bytes"), None, Some("ops"), None]);
    assert_eq!(dashboard.panels[3].library.as_deref(), Some("L"));
    assert_eq!(dashboard.panels[4].row.as_deref(), Some("Old"));
    assert_eq!(dashboard.panels[5].library.as_deref(), Some("L"));
    let [_, v, c] = &dashboard.variables[..] else { panic!() };
    assert!(matches!(v.lookup(), Some(Lookup::LabelValues { .. })), "{v:?}");
    assert_eq!(
        (v.is_prometheus, v.is_multi, &v.current[..]),
        (Some(true), true, &["p".into(), "q".into()][..])
    );
    assert_eq!(c.options, ["1", "2"]);
    let [all, one] = &dashboard.waivers[..] else { panic!("{:?}", dashboard.waivers) };
    assert!(all.covers(dashboard.annotations[0].place) && one.covers(query.expr.place()));
    assert!(!one.covers(dashboard.annotations[0].place));
    assert_eq!((&*one.check, &*one.reason), ("check", "why not"));
    assert_eq!(dashboard.source.part(one.check_place), "check");
    let found: Vec<_> = dashboard.findings.iter().map(|it| it.check.id).collect();
    assert_eq!(found, ["wrong-waiver"]);
}

#[test]
fn a_dashboard_in_an_answer_is_the_same() {
    for text in [
        format!("{{\"meta\": {{}}, \"dashboard\": {CLASSIC}}}"),
        format!(
            "{{\"kind\": \"Dashboard\", \"metadata\": {{\"name\": \"n\"}}, \"spec\": {CLASSIC}}}"
        ),
    ] {
        let dashboard = read(&text);
        assert_eq!((exprs(&dashboard).len(), dashboard.title.as_deref()), (7, Some("T")));
    }
}

#[test]
fn a_dashboard_of_version_2_is_read() {
    let spec = r#"{
      "title": "T",
      "elements": {
        "panel-1": {"kind": "Panel", "spec": {"id": 1, "title": "P", "description": "tickmetrics: allow x why",
          "data": {"kind": "QueryGroup", "spec": {"queries": [{"kind": "PanelQuery", "spec": {"refId": "A", "hidden": false,
            "query": {"kind": "DataQuery", "group": "prometheus", "datasource": {"name": "d"}, "spec": {"expr": "a{b=\"c\"}"}}}}]}},
          "vizConfig": {"kind": "VizConfig", "group": "stat", "spec": {"fieldConfig": {"defaults": {"unit": "s"}}}}}},
        "panel-2": {"kind": "Panel", "spec": {"id": 2, "data": {"kind": "QueryGroup", "spec": {"queries": [{"kind": "PanelQuery",
            "spec": {"refId": "A", "datasource": {"type": "loki", "uid": "l"}, "query": {"kind": "loki", "spec": {"expr": "d"}}}}]}},
          "vizConfig": {"kind": "logs", "spec": {}}}},
        "panel-3": {"kind": "LibraryPanel", "spec": {"id": 3, "libraryPanel": {"uid": "l", "name": "L"}}}
      },
      "layout": {"kind": "RowsLayout", "spec": {"rows": [{"kind": "RowsLayoutRow", "spec": {"title": "R",
        "layout": {"kind": "GridLayout", "spec": {"items": [{"kind": "GridLayoutItem", "spec": {"element": {"kind": "ElementReference", "name": "panel-1"}}}]}}}}]}},
      "variables": [{"kind": "DatasourceVariable", "spec": {"name": "ds", "pluginId": "prometheus"}},
        {"kind": "QueryVariable", "spec": {"name": "v", "query": {"kind": "DataQuery", "group": "", "datasource": {"name": "$ds"}, "spec": {"query": "label_values(job)"}}}}],
      "annotations": [{"kind": "AnnotationQuery", "spec": {"name": "N", "query": {"kind": "DataQuery", "group": "prometheus", "spec": {"expr": "e"}}}}]
    }"#;
    let whole = format!(
        r#"{{"apiVersion": "dashboard.grafana.app/v2", "kind": "Dashboard", "spec": {spec}}}"#
    );
    for text in [spec, &whole] {
        let dashboard = read(text);
        assert_eq!(dashboard.form, Form::V2);
        assert_eq!(exprs(&dashboard), ["a{b=\"c\"}", "d", "e"]);
        let known: Vec<_> = dashboard.queries().map(|query| query.is_prometheus).collect();
        assert_eq!(known, [Some(true), Some(false), Some(true)]);
        let panels: Vec<_> = (dashboard.panels.iter())
            .map(|it| {
                (it.kind.as_deref(), it.row.as_deref(), it.unit.as_deref(), it.library.as_deref())
            })
            .collect();
        let expected = [
            (Some("stat"), Some("R"), Some("s"), None),
            (Some("logs"), None, None, None),
            (None, None, None, Some("L")),
        ];
        assert_eq!(panels, expected);
        let v = &dashboard.variables[1];
        assert_eq!((v.is_prometheus, v.query.as_deref()), (Some(true), Some("label_values(job)")));
        assert!(dashboard.waivers[0].covers(dashboard.panels[0].queries[0].expr.place()));
    }
}

#[test]
fn what_is_no_dashboard_is_unreadable() {
    for text in ["", "{", "{}", "[]", "{\"a\": 1}", "{\"panels\": [}"] {
        let dashboard = read(text);
        assert!(crate::file::is_unreadable(&dashboard.findings[0]), "{text}");
    }
    let twice = read("{\"panels\": [],\n \"panels\": []}");
    assert_eq!(twice.findings[0].check.id, "duplicate-key");
    assert_eq!(twice.findings[0].start().line, 2);
}

/// A dashboard with something cut out or doubled is read without a panic, and places stay within it.
#[test]
fn changed_dashboards_are_read() {
    for at in (0..CLASSIC.len()).step_by(7) {
        for length in [1, 9, 200] {
            let end = (at + length).min(CLASSIC.len());
            let cut = format!("{}{}", &CLASSIC[..at], &CLASSIC[end..]);
            let doubled = format!("{}{}", &CLASSIC[..end], &CLASSIC[at..]);
            for text in [cut, doubled] {
                let dashboard = read(&text);
                for query in dashboard.queries() {
                    assert!(query.expr.part(0..query.expr.len()).end <= text.len());
                }
                crate::report::TextReport::new().of(&dashboard.findings);
            }
        }
    }
}
