//! A service with a metric of each kind, and declared objectives and alerts.

use serde_json::json;
use tickmetrics_rules::dashboard::Settings;
use tickmetrics_rules::file::Dashboard;
use tickmetrics_rules::output::Output;
use tickmetrics_rules::{Catalogue, Source};

pub(crate) fn files(settings: &Settings, catalogues: &[Catalogue]) -> Vec<Output> {
    settings.files(catalogues).unwrap()
}

pub(crate) fn read(settings: &Settings, catalogue: &Catalogue) -> Dashboard {
    let Output { path, text, .. } = files(settings, std::slice::from_ref(catalogue)).remove(0);
    Dashboard::read(Source::new(path, text))
}

pub(crate) fn execution() -> Catalogue {
    let symbol = json!({"name": "symbol", "interned": 64});
    let side = json!({"name": "side", "values": ["buy", "sell"]});
    let runbook = "https://example.com/runbooks";
    let json = json!({"tickmetrics_catalogue": 1, "service": "execution", "families": [
        {"name": "build_info", "kind": "gauge", "from_start": true,
         "labels": [{"name": "version", "seen": ["1.0.0"]}]},
        {"name": "execution_api_calls_total", "kind": "counter", "help": "Requests to the venue.",
         "from_start": true, "labels": [
            {"name": "endpoint", "values": ["order", "cancel"]},
            {"name": "status", "values": ["200", "400", "429", "503"]}],
         "objectives": [{"name": "venue-availability", "objective": 0.9995,
            "indicator": {"bad": {"label": "status", "values": ["429", "503"]}},
            "summary": "The venue answers."}]},
        {"name": "execution_fill_latency_ms", "kind": "histogram", "unit": "milliseconds",
         "help": "From submission to fill.", "from_start": false, "labels": [symbol.clone()],
         "buckets": [1.0, 5.0, 10.0, 50.0, 100.0, 250.0], "native": 3, "extremes": true,
         "objectives": [{"name": "fill-latency", "objective": 0.99, "indicator": {"under": 50.0},
            "runbook": runbook}],
         "alerts": [{"name": "SlowFills", "of": {"quantile": 0.99}, "is": {"above": 100.0},
            "window_seconds": 300, "priority": "P1", "summary": "Fills are slow.", "runbook": runbook},
            {"name": "FewFills", "of": "rate", "is": {"below": 1.0}, "window_seconds": 300,
             "priority": "P2", "summary": "Nothing is filled."}]},
        {"name": "execution_last_fill_price", "kind": "gauge", "from_start": false,
         "labels": [symbol.clone()]},
        {"name": "execution_orders_cancelled_total", "kind": "counter", "from_start": false,
         "labels": [symbol.clone()]},
        {"name": "execution_orders_filled_total", "kind": "counter", "from_start": false,
         "labels": [symbol.clone(), side.clone()]},
        {"name": "execution_orders_rejected_total", "kind": "counter", "from_start": false,
         "labels": [symbol.clone()],
         "alerts": [{"name": "ManyRejects", "of": {"share_of": "execution_orders_submitted_total"},
            "is": {"above": 0.05}, "window_seconds": 300, "priority": "P1",
            "summary": "Orders are rejected."}]},
        {"name": "execution_orders_submitted_total", "kind": "counter", "from_start": false,
         "labels": [symbol.clone(), side]},
        {"name": "execution_queue_size", "kind": "gauge", "from_start": true,
         "alerts": [{"name": "Backlog", "of": "value", "is": {"above": 80.0}, "for_seconds": 60,
            "priority": "P2", "summary": "Orders wait."}]},
        {"name": "execution_rate_limit_remaining", "kind": "gauge", "from_start": true},
        {"name": "execution_slippage_bps", "kind": "histogram", "from_start": true, "native": 2},
        {"name": "execution_step_seconds", "kind": "summary", "unit": "seconds", "from_start": true,
         "quantiles": [0.5, 0.99], "labels": [{"name": "step", "values": ["submit", "settle"]}]},
        {"name": "execution_venue_connected", "kind": "gauge", "from_start": true,
         "help": "Whether the venue is connected.",
         "alerts": [{"name": "VenueDown", "of": "value", "is": {"equals": 0.0}, "for_seconds": 30,
            "priority": "P0", "summary": "The venue is gone.", "runbook": runbook}]},
        {"name": "process_cpu_seconds_total", "kind": "counter", "unit": "seconds", "from_start": true},
        {"name": "process_resident_memory_bytes", "kind": "gauge", "unit": "bytes", "from_start": true},
        {"name": "process_start_time_seconds", "kind": "gauge", "unit": "seconds", "from_start": true}
    ]});
    Catalogue::from_json(&json.to_string()).unwrap()
}
