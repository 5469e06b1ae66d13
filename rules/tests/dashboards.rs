//! Dashboards that are made of catalogues.

#[path = "dashboards/catalogue.rs"]
mod catalogue;
#[path = "dashboards/prometheus.rs"]
mod prometheus;
#[path = "dashboards/schema.rs"]
mod schema;

use catalogue::{execution, files, read};
use tickmetrics_rules::Catalogue;
use tickmetrics_rules::dashboard::Settings;
use tickmetrics_rules::file::File;
use tickmetrics_rules::file::dashboard::{Dashboard, Form, Panel};
use tickmetrics_rules::lint::Linter;
use tickmetrics_rules::report::TextReport;

fn panel<'a>(dashboard: &'a Dashboard, title: &str) -> &'a Panel {
    let is = |panel: &&Panel| panel.title.as_deref() == Some(title);
    dashboard.panels.iter().find(is).unwrap_or_else(|| panic!("{title}: {dashboard:#?}"))
}

fn exprs(panel: &Panel) -> Vec<&str> {
    panel.queries.iter().map(|query| query.expr.as_str()).collect()
}

fn all_settings() -> Vec<Settings> {
    let mut all = Vec::new();
    for form in [Form::Classic, Form::V2] {
        for native in [false, true] {
            let mut settings = Settings::default();
            (settings.form, settings.native) = (form, native);
            all.push(settings);
        }
    }
    all
}

#[test]
fn the_linter_finds_nothing() {
    for settings in all_settings() {
        let dashboard = files(&settings, &[execution()]).remove(0);
        let file = File::read(&dashboard.path, dashboard.text.as_bytes());
        let File::Dashboard(read) = &file else { panic!() };
        assert_eq!(read.form, settings.form);
        assert!(read.panels.len() > 15, "{}", read.panels.len());
        let findings = Linter::new(&[execution()]).files(&[file]);
        assert!(findings.is_empty(), "{}", TextReport::new().of(&findings));
    }
}

#[test]
fn both_forms_have_the_same_panels() {
    let mut settings = Settings::default();
    let classic = read(&settings, &execution());
    settings.form = Form::V2;
    let v2 = read(&settings, &execution());
    let shown = |dashboard: &Dashboard| {
        let mut panels: Vec<_> = (dashboard.panels.iter())
            .map(|panel| {
                let texts = [&panel.title, &panel.kind, &panel.unit];
                let texts = texts.map(|text| text.as_deref().map(str::to_owned));
                let thresholds: Vec<_> = panel.thresholds.iter().map(|it| it.value).collect();
                format!("{texts:?} {thresholds:?} {:?}", exprs(panel))
            })
            .collect();
        panels.sort();
        panels
    };
    assert_eq!(classic.uid.as_deref(), v2.uid.as_deref());
    assert_eq!(shown(&classic), shown(&v2));
}

#[test]
fn queries_are_filtered_by_the_labels_that_a_metric_has() {
    let dashboard = read(&Settings::default(), &execution());
    let names: Vec<_> = dashboard.variables.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["datasource", "service", "instance", "symbol"]);
    let variable = |at: usize| dashboard.variables[at].query.as_deref().unwrap();
    assert_eq!(variable(2), r#"label_values(execution_queue_size{job=~"$service"}, instance)"#);
    assert_eq!(
        variable(3),
        "label_values(execution_last_fill_price{job=~\"$service\", instance=~\"$instance\"}, symbol)"
    );
    assert_eq!(
        exprs(panel(&dashboard, "Orders filled")),
        [
            r#"sum by (side) (rate(execution_orders_filled_total{job=~"$service", instance=~"$instance", symbol=~"$symbol"}[$__rate_interval]))"#
        ]
    );
    assert_eq!(
        exprs(panel(&dashboard, "API calls")),
        [
            r#"sum by (endpoint, status) (rate(execution_api_calls_total{job=~"$service", instance=~"$instance"}[$__rate_interval]))"#
        ]
    );
    let risk = Catalogue::new([]).service("risk");
    let names: Vec<_> =
        read(&Settings::default(), &risk).variables.len().to_string().chars().collect();
    assert_eq!(names, ['1']);
}

#[test]
fn histograms_have_quantiles_and_a_heatmap() {
    let mut settings = Settings::default();
    let dashboard = read(&settings, &execution());
    let latency = panel(&dashboard, "Fill latency");
    let legends: Vec<_> =
        latency.queries.iter().map(|query| query.legend.as_deref().unwrap()).collect();
    assert_eq!(legends, ["p50", "p90", "p99", "p99.9", "max"]);
    assert_eq!(latency.unit.as_deref().unwrap(), "ms");
    let thresholds: Vec<_> = latency.thresholds.iter().map(|it| it.value).collect();
    assert_eq!(thresholds, [50.0, 100.0]);
    let heatmap = panel(&dashboard, "Fill latency: distribution");
    assert_eq!(heatmap.queries[0].format.as_deref().unwrap(), "heatmap");
    assert!(
        heatmap.queries[0].expr.starts_with("sum by (le) (rate(execution_fill_latency_ms_bucket{")
    );

    settings.native = true;
    let dashboard = read(&settings, &execution());
    let latency = &panel(&dashboard, "Fill latency").queries[0].expr;
    assert!(
        latency.starts_with("histogram_quantile(0.5, sum(rate(execution_fill_latency_ms{"),
        "{latency:?}"
    );
    let heatmap = panel(&dashboard, "Fill latency: distribution");
    assert!(heatmap.queries[0].expr.starts_with("sum(rate(execution_fill_latency_ms{"));
    assert_eq!(heatmap.queries[0].format.as_deref().unwrap(), "time_series");
}

#[test]
fn objectives_and_states_are_shown_first() {
    let dashboard = read(&Settings::default(), &execution());
    let titles: Vec<_> =
        dashboard.panels.iter().map(|panel| panel.title.as_deref().unwrap()).take(8).collect();
    let expected = [
        "Up",
        "Firing alerts",
        "Venue connected",
        "Venue availability \u{2265} 99.95 %",
        "Venue availability: budget left",
        "Fill latency \u{2265} 99 %",
        "Fill latency: budget left",
        "Uptime",
    ];
    assert_eq!(titles, expected);
    let left = &panel(&dashboard, "Venue availability: budget left").queries[0].expr;
    assert!(left.ends_with("[$__range])) / 0.0005"), "{left:?}");
    assert_eq!(
        dashboard.annotations[0].expr.as_str(),
        r#"ALERTS{alertstate="firing", service="execution"}"#
    );
    let share = panel(&dashboard, "Orders rejected, share of orders submitted");
    assert_eq!(share.unit.as_deref().unwrap(), "percentunit");
    assert_eq!(share.thresholds[0].value, 0.05);
}

#[test]
fn a_panel_is_as_it_is_declared() {
    let family = |name: &str, panel: &str| {
        format!(
            r#"{{"name": "{name}", "kind": "counter", "from_start": true, "panel": {panel}, "labels": [
                {{"name": "symbol", "interned": 9}}, {{"name": "side", "values": ["buy", "sell"]}}]}}"#
        )
    };
    let text = format!(
        r#"{{"tickmetrics_catalogue": 1, "service": "feed", "families": [{}, {}, {}]}}"#,
        family("feed_gaps_total", r#"{"title": "Lost", "row": "Quality", "by": ["symbol"]}"#),
        family("feed_secrets_total", r#"{"hidden": true}"#),
        family("other_ticks_total", "{}"),
    );
    let catalogue = Catalogue::from_json(&text).unwrap();
    let mut settings = Settings::default();
    settings.form = Form::V2;
    let dashboard = read(&settings, &catalogue);
    let shown: Vec<_> = (dashboard.panels.iter())
        .map(|panel| (panel.row.as_deref().unwrap(), panel.title.as_deref().unwrap()))
        .collect();
    assert_eq!(shown, [("Overview", "Up"), ("Quality", "Lost"), ("Other", "Other ticks")]);
    let lost = &panel(&dashboard, "Lost").queries[0];
    assert!(lost.expr.starts_with("sum by (symbol) (rate("), "{:?}", lost.expr);
    assert_eq!(lost.legend.as_deref().unwrap(), "{{symbol}}");
    assert!(panel(&dashboard, "Other ticks").queries[0].expr.starts_with("sum by (side) (rate("));
}

#[test]
fn a_long_row_is_divided_and_counters_share_panels() {
    let name =
        |name: &str| format!(r#"{{"name": "feed_{name}", "kind": "counter", "from_start": true}}"#);
    let names = [
        "ticks_received_total",
        "ticks_processed_total",
        "book_a_total",
        "book_bytes_total",
        "book_c_seconds_total",
        "gaps_total",
        "volume_total",
        "trades_total",
        "errors_total",
        "resets_total",
        "retries_total",
        "bans_total",
    ];
    let families = names.map(name).join(",");
    let text =
        format!(r#"{{"tickmetrics_catalogue": 1, "service": "feed", "families": [{families}]}}"#);
    let mut settings = Settings::default();
    settings.form = Form::V2;
    let dashboard = read(&settings, &Catalogue::from_json(&text).unwrap());
    let row = |title: &str| {
        let of = dashboard.panels.iter().filter(|it| it.row.as_deref() == Some(title));
        of.map(|panel| panel.title.as_deref().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(row("Book"), ["Book a", "Book", "Book c"]);
    assert!(row("Feed").contains(&"Ticks"), "{:?}", row("Feed"));
    let legends = panel(&dashboard, "Ticks").queries.iter().map(|it| it.legend.as_deref().unwrap());
    assert_eq!(legends.collect::<Vec<_>>(), ["processed", "received"]);
}

#[test]
fn equal_catalogues_give_equal_files() {
    for settings in all_settings() {
        let again = Catalogue::from_json(&execution().to_json()).unwrap();
        assert_eq!(files(&settings, &[execution()]), files(&settings, &[again]));
    }
    let nameless = Catalogue::new([]);
    let error = Settings::default().files(&[nameless]).unwrap_err().to_string();
    assert!(error.contains("names no service"), "{error}");
}

#[test]
fn catalogues_of_one_service_have_one_dashboard() {
    let one = Catalogue::new(execution().families()[..4].iter().cloned()).service("execution");
    let rest = Catalogue::new(execution().families()[4..].iter().cloned()).service("execution");
    let settings = Settings::default();
    assert_eq!(files(&settings, &[one, rest]), files(&settings, &[execution()]));
}
