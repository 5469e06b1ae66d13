//! Services that declare objectives and alerts of all kinds.

#![expect(dead_code, reason = "metrics are declared, and nothing is recorded")]

use tickmetrics::prelude::*;
use tickmetrics_rules::Catalogue;

#[derive(Clone, Copy, Label)]
enum Outcome {
    Filled,
    Rejected,
    Failed,
}

#[derive(Clone, Copy, Label)]
#[label(capacity = 4)]
struct Symbol(LabelId);

#[derive(Metrics)]
struct Venue {
    /// Orders sent.
    sent: Counter<Symbol>,
    /// Orders refused.
    #[metric(
        slo(objective = 0.999, errors_of = sent, priority = "P0", summary = "Refused."),
        alert(
            name = "ManyRefused", share_of = sent, above = 0.05, over = "10m", for = "2m", by(symbol),
            priority = "P1", summary = "Many orders are refused.", runbook = "https://runbooks/refused"
        ),
        alert(name = "Refused", above = 0, priority = "P2", summary = "An order is refused."),
    )]
    refused: Counter<Symbol>,
    /// Orders, by their end.
    #[metric(slo(objective = 0.99, bad(outcome = ["rejected", "failed"])))]
    ended: Counter<Outcome>,
    /// Time to acknowledge.
    #[metric(
        unit = "seconds", buckets = ["250us", "2.5ms", "10ms"],
        slo(objective = 0.9995, under = "2.5ms"),
        alert(name = "SlowAcks", quantile = 0.99, above = "2.5ms", priority = "P1", summary = "Slow."),
        alert(name = "NoAcks", equals = 0, priority = "P0", summary = "No order is acknowledged."),
    )]
    ack: Histogram,
    /// Time since the last message.
    #[metric(
        unit = "seconds",
        alert(name = "Stale", above = "1m", for = "30s", priority = "P0", summary = "Stale.")
    )]
    age: Gauge,
}

#[derive(Metrics)]
#[metrics(prefix = "desk", labels(host = "one"))]
struct Desk {
    #[metrics(flatten, labels(venue = "a"))]
    first: Venue,
    #[metrics(flatten, labels(venue = "b"))]
    second: Venue,
}

/// Declared by attributes, of two metrics of each name.
pub(crate) fn desk() -> Catalogue {
    let registry = Registry::new();
    let _desk = Desk::register(&registry).unwrap();
    Catalogue::of_registry(&registry).service("desk")
}

/// Classic buckets, and counters.
pub(crate) fn gateway() -> Catalogue {
    read(GATEWAY)
}

/// Native buckets.
pub(crate) fn engine() -> Catalogue {
    read(ENGINE)
}

pub(crate) fn read(json: &str) -> Catalogue {
    Catalogue::from_json(json).unwrap()
}

pub(crate) const GATEWAY: &str = r#"{"tickmetrics_catalogue": 1, "service": "gateway", "families": [
  {"name": "order_latency_seconds", "kind": "histogram", "unit": "seconds", "from_start": true,
   "labels": [{"name": "venue", "values": ["a", "b"]}],
   "buckets": [1e-5, 1e-4, 0.001, 0.005, 0.01, 1.0],
   "objectives": [
     {"name": "order-latency", "objective": 0.9995, "indicator": {"under": 0.0001}, "priority": "P0",
      "summary": "Orders are slow.", "runbook": "https://example.com/runbooks/order-latency"},
     {"name": "tail-latency", "objective": 0.9306, "indicator": {"under": 1.0}, "matchers": {"venue": "b"}}],
   "alerts": [
     {"name": "OrderP99High", "of": {"quantile": 0.99}, "is": {"above": 0.005}, "window_seconds": 300,
      "for_seconds": 120, "priority": "P1", "summary": "Orders take {{ 5 }} ms.", "by": ["venue"]},
     {"name": "OrderP50Low", "of": {"quantile": 0.5}, "is": {"below": 0.0001}, "window_seconds": 300,
      "priority": "P2", "summary": "Orders are too fast."},
     {"name": "OrderP10Lowest", "of": {"quantile": 0.1}, "is": {"below": 1e-5}, "window_seconds": 300,
      "priority": "P2", "summary": "Orders are too fast."},
     {"name": "FewOrders", "of": "rate", "is": {"below": 2.5}, "window_seconds": 60,
      "for_seconds": 30, "priority": "P2", "summary": "There are few orders."}]},
  {"name": "requests_total", "kind": "counter", "from_start": true,
   "labels": [{"name": "method", "values": ["get", "post"]}, {"name": "status", "values": ["200", "404", "500", "503"]}],
   "objectives": [
     {"name": "availability", "objective": 0.999, "indicator": {"bad": {"label": "status", "values": ["500", "503"]}}}]},
  {"name": "orders_total", "kind": "counter", "from_start": true,
   "labels": [{"name": "venue", "values": ["a", "b"]}],
   "alerts": [
     {"name": "NoOrders", "of": "rate", "is": {"equals": 0.0}, "window_seconds": 600, "for_seconds": 300,
      "priority": "P0", "summary": "No orders are sent.", "matchers": {"venue": "b"}},
     {"name": "ManyOrders", "of": "rate", "is": {"above": 1000.0}, "window_seconds": 10,
      "priority": "P2", "summary": "Many orders are sent."}]},
  {"name": "order_errors_total", "kind": "counter", "from_start": false,
   "labels": [{"name": "venue", "values": ["a", "b"]}, {"name": "code", "interned": 16}],
   "objectives": [
     {"name": "order-success", "objective": 0.995, "indicator": {"errors_of": "orders_total"}}],
   "alerts": [
     {"name": "OrderErrors", "of": {"share_of": "orders_total"}, "is": {"above": 0.05},
      "window_seconds": 300, "for_seconds": 60, "priority": "P1", "summary": "Orders fail.", "by": ["venue"]},
     {"name": "FewErrors", "of": {"share_of": "orders_total"}, "is": {"below": 0.01},
      "window_seconds": 3600, "priority": "P2", "summary": "Orders hardly fail."},
     {"name": "ErrorsStopped", "of": "rate", "is": {"below": 0.1}, "window_seconds": 300,
      "priority": "P2", "summary": "The test that fails on purpose has stopped."},
     {"name": "FirstError", "of": "rate", "is": {"above": 0.0}, "window_seconds": 300, "priority": "P1",
      "summary": "An order failed.", "by": ["code"],
      "runbook": "https://example.com/runbooks/error"}]},
  {"name": "cancel_seconds", "kind": "histogram", "unit": "seconds", "from_start": false, "buckets": [0.1],
   "labels": [{"name": "reason", "interned": 8}],
   "alerts": [
     {"name": "FirstCancel", "of": "rate", "is": {"above": 0.0}, "window_seconds": 900, "priority": "P2",
      "summary": "An order was cancelled."},
     {"name": "ManyCancels", "of": "rate", "is": {"above": 3.0}, "window_seconds": 86400, "priority": "P2",
      "for_seconds": 7200, "summary": "Many orders were cancelled."}]},
  {"name": "queue_depth", "kind": "gauge", "from_start": true,
   "labels": [{"name": "queue", "values": ["in", "out"]}],
   "alerts": [
     {"name": "QueueFull", "of": "value", "is": {"above": 80.0}, "for_seconds": 120, "priority": "P2",
      "summary": "A queue is nearly full."},
     {"name": "QueueNegative", "of": "value", "is": {"below": 0.0}, "priority": "P2",
      "summary": "A queue is wrong."}]},
  {"name": "profit_usd", "kind": "gauge", "from_start": true,
   "alerts": [
     {"name": "DailyLoss", "of": "value", "is": {"below": -5000.0}, "priority": "P0",
      "summary": "The loss of the day is above the limit."}]},
  {"name": "websocket_connected", "kind": "gauge", "from_start": true,
   "alerts": [
     {"name": "WebsocketDown", "of": "value", "is": {"equals": 0.0}, "for_seconds": 30, "priority": "P0",
      "summary": "The \"market\" socket: down & out — 100 %.\nReconnect it."}]}
]}"#;

pub(crate) const ENGINE: &str = r#"{"tickmetrics_catalogue": 1, "service": "engine", "families": [
  {"name": "match_seconds", "kind": "histogram", "unit": "seconds", "from_start": true, "native": 3,
   "objectives": [
     {"name": "match-latency", "objective": 0.999, "indicator": {"under": 0.00005}}],
   "alerts": [
     {"name": "MatchP99High", "of": {"quantile": 0.99}, "is": {"above": 0.0005}, "window_seconds": 300,
      "priority": "P1", "summary": "Matches are slow."},
     {"name": "MatchP50Low", "of": {"quantile": 0.5}, "is": {"below": 0.25}, "window_seconds": 300,
      "priority": "P2", "summary": "Matches are fast."},
     {"name": "NoMatches", "of": "rate", "is": {"below": 1.0}, "window_seconds": 300, "priority": "P0",
      "summary": "There are no matches."}]},
  {"name": "reject_seconds", "kind": "histogram", "unit": "seconds", "from_start": false, "native": 3,
   "labels": [{"name": "reason", "interned": 8}],
   "alerts": [
     {"name": "FirstReject", "of": "rate", "is": {"above": 0.0}, "window_seconds": 300, "priority": "P1",
      "summary": "An order was rejected."}]}
]}"#;
