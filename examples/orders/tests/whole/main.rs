//! Two processes, and a request's trace in all that they tell: headers, logs, spans and exemplars.

mod writing;

use serde_json::Value;
use std::collections::HashSet;
use tests::http::{Answer, Client};
use tests::programs::promtool;
use tests::prometheus::Prometheus;
use writing::{Service, Writing, receiver};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";
const ORDERS: usize = 20;

/// Sends an order, which is answered. Returns the trace that the answer names.
fn order(client: &mut Client, side: &str, traceparent: Option<&str>) -> String {
    let body = format!(r#"{{"symbol":"BTCUSDT","side":"{side}","quantity":3,"price":70000}}"#);
    let header = traceparent.map(|value| format!("traceparent: {value}\r\n")).unwrap_or_default();
    client.send(&format!(
        "POST /orders HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{header}\r\n{body}",
        body.len()
    ));
    let mut answer: Answer = client.head();
    answer.body = client.body(&answer);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.headers["x-trace-id"].clone()
}

#[test]
fn a_trace_is_the_same_in_headers_logs_spans_and_exemplars() {
    let Some((receiver, collector)) = receiver() else { return };
    let matching = Service::start("matching", &collector, &[]);
    let url = format!("http://{}", matching.address);
    let gateway = Service::start("gateway", &collector, &["--matching", &url]);

    let mut client = Client::new(gateway.address);
    let given = order(&mut client, "buy", Some(&format!("00-{TRACE}-{SPAN}-01")));
    assert_eq!(given, TRACE);
    let malformed = order(&mut client, "sell", Some(&format!("00-{TRACE}-{SPAN}-0")));
    let mut traces = vec![given, malformed];
    traces.extend((2..ORDERS).map(|_| order(&mut client, "buy", None)));
    let different: HashSet<&String> = traces.iter().collect();
    assert_eq!(different.len(), ORDERS, "{traces:?}");

    for (at, trace) in traces.iter().enumerate() {
        spans_are_linked(&receiver, trace, if at == 0 { SPAN } else { "" });
        for (service, own, last) in [
            (&gateway, "orders::gateway", "an order is done"),
            (&matching, "orders::matching", "an order is matched"),
        ] {
            let lines = service.logs.of_trace(trace);
            // The first one is of the crate `log`.
            for (target, message) in [("orders::limits", "an order of 3 is allowed"), (own, last)] {
                let is_it = |line: &Value| line["message"] == message && line["target"] == target;
                assert!(lines.iter().any(is_it), "{message}: {lines:?}");
            }
        }
    }

    shows_all_on_one_endpoint(&gateway, &["gateway_orders_total", "http_requests_total"]);
    shows_all_on_one_endpoint(&matching, &["matching_filled_total", "grpc_server_handled_total"]);

    let jobs = [("gateway", gateway.metrics), ("matching", matching.metrics)];
    let storage = ["--enable-feature=exemplar-storage"];
    let Some(prometheus) = Prometheus::start("orders", &jobs, &storage) else { return };
    for (job, metric) in [
        ("gateway", "function_duration_seconds"),
        ("gateway", "gateway_ack_seconds"),
        ("gateway", "grpc_client_handling_seconds"),
        ("gateway", "http_request_duration_seconds"),
        ("gateway", "pool_order_seconds"),
        ("gateway", "tracing_span_duration_seconds"),
        ("matching", "function_duration_seconds"),
        ("matching", "grpc_server_handling_seconds"),
        ("matching", "matching_cross_seconds"),
        ("matching", "pool_order_seconds"),
        ("matching", "tracing_span_duration_seconds"),
    ] {
        let selector = format!("{metric}_bucket{{job={job:?}}}");
        let (trace, span) = prometheus.until(&selector, || {
            let series = prometheus.exemplars(&selector)?;
            let labels = &series.first()?["exemplars"][0]["labels"];
            Some((text(&labels["trace_id"]), text(&labels["span_id"])))
        });
        assert!(traces.contains(&trace), "{selector}: {trace}");
        let is_it = |it: &Value| it["trace_id"] == *trace && it["span_id"] == *span;
        receiver.until(&selector, |spans| {
            let found = spans.iter().find(|it| is_it(it) && it["service"] == job);
            found.map(drop)
        });
        for service in [&gateway, &matching] {
            assert!(!service.logs.of_trace(&trace).is_empty(), "{selector}: {trace}");
        }
    }
}

/// Waits for the spans of a trace: each is a child of the one before it, the first one of `caller`.
fn spans_are_linked(receiver: &Writing, trace: &str, caller: &str) {
    let chain = [
        ("gateway", "POST /orders"),
        ("gateway", "submit"),
        ("gateway", "matching.v1.Matching/Submit"),
        ("matching", "matching.v1.Matching/Submit"),
        ("matching", "take"),
    ];
    let mut parent = caller.to_owned();
    for (service, name) in chain {
        let is_it =
            |it: &&Value| it["trace_id"] == trace && it["service"] == service && it["name"] == name;
        let span = receiver.until(name, |spans| spans.iter().find(is_it).cloned());
        assert_eq!(span["parent"], parent, "{span}");
        parent = text(&span["span_id"]);
    }
}

/// What each bridge counted is there, and what the service itself did.
fn shows_all_on_one_endpoint(service: &Service, own: &[&str]) {
    let answer = Client::new(service.metrics).request("GET", "/metrics");
    assert_eq!(answer.status, 200);
    promtool(&answer.body);
    let sum = |name: &str| -> Option<f64> {
        let lines = answer.body.lines();
        let values = lines.filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let is_it = series == name || series.split_once('{').is_some_and(|it| it.0 == name);
            is_it.then(|| value.parse::<f64>().unwrap())
        });
        values.reduce(|sum, value| sum + value)
    };
    let orders = ORDERS as f64;
    for (name, expected) in [
        ("function_calls_total", orders),
        ("limits_checks_total", orders),        // prometheus
        ("log_records_total", orders),          // log
        ("pool_inserted_orders_total", orders), // metrics
        ("pool_order_seconds_count", orders),
        ("pool_pending_orders", 0.0),
        ("tokio_task_instrumented_total", orders), // tokio-metrics
        ("http_connections_total", 1.0),           // tower
    ] {
        assert_eq!(sum(name), Some(expected), "{name}");
    }
    // Of tokio, of tracing, of the process.
    for name in ["tokio_workers", "tracing_events_total", "process_cpu_seconds_total"] {
        assert!(sum(name).is_some_and(|sum| sum > 0.0), "{name}");
    }
    let spans = sum("tracing_span_duration_seconds_count");
    assert!(spans.is_some_and(|spans| spans >= 2.0 * orders), "{spans:?}");
    for name in own {
        assert!(sum(name).is_some_and(|sum| sum > 0.0), "{name}");
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
