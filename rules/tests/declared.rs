//! Declarations of a program, as they arrive in its catalogue.

#![expect(dead_code, reason = "metrics are looked at, and nothing is recorded")]

use serde_json::{Value, json};
use tickmetrics::declared::{self, Condition, Indicator, Subject};
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
#[metrics(prefix = "gateway", labels(venue = "xnas"))]
struct GatewayMetrics {
    /// Orders sent.
    sent: Counter<Symbol>,
    /// Time that the desk was closed.
    #[metric(name = "desk_closed_seconds_total", unit = "seconds")]
    closed: Counter,
    /// Orders refused.
    #[metric(
        slo(objective = 0.999, errors_of = sent, priority = "P0", summary = "Refused."),
        slo(name = "while-closed", objective = 0.95, errors_of = closed),
        alert(
            name = "ManyRefused", share_of = sent, above = 0.05, over = "10m", for = "2m", by(symbol),
            priority = "P1", summary = "Many orders are refused.", runbook = "https://runbooks/refused"
        ),
        alert(name = "Refused", above = 0, priority = "P2", summary = "An order is refused."),
        panel(title = "Refused orders", row = "Orders", by(symbol)),
    )]
    refused: Counter<Symbol>,
    /// Orders, by their end.
    #[metric(labels(desk = "a"), slo(objective = 0.99, bad(outcome = ["rejected", "failed"])))]
    ended: Counter<Outcome>,
    /// Time to acknowledge.
    #[metric(
        name = "gateway_ack_ms", unit = "milliseconds",
        buckets = ["250us", "2.5ms", "10ms"],
        slo(objective = 0.9995, under = "2.5ms"),
        alert(name = "SlowAcks", quantile = 0.99, above = 2.5, priority = "P1", summary = "Slow."),
        alert(name = "NoAcks", equals = 0, priority = "P0", summary = "No order is acknowledged."),
    )]
    ack: Histogram,
    /// Slippage.
    #[metric(scale = 0.01, max = 100, buckets = [0.07, 0.7, 7], slo(objective = 0.99, under = 0.07))]
    slippage: Histogram,
    /// Time since the last message.
    #[metric(
        unit = "seconds",
        alert(name = "Stale", above = "1m", for = "30s", priority = "P0", summary = "Stale."),
        panel(hidden)
    )]
    age: Gauge,
}

/// The declarations of each family, without the fields that other tests check.
fn declared(registry: &Registry) -> Vec<(String, Value)> {
    let catalogue = Catalogue::of_registry(registry);
    let json = catalogue.to_json();
    assert_eq!(Catalogue::from_json(&json), Ok(catalogue));
    let json: Value = serde_json::from_str(&json).unwrap();
    let families = json["families"].as_array().unwrap().iter();
    families
        .map(|family| {
            let keys = ["objectives", "alerts", "panel"].into_iter();
            let parts = keys.filter_map(|key| Some((key.to_owned(), family.get(key)?.clone())));
            (family["name"].as_str().unwrap().to_owned(), Value::Object(parts.collect()))
        })
        .collect()
}

#[test]
fn what_attributes_declare_arrives() {
    let registry = Registry::new();
    let _metrics = GatewayMetrics::register(&registry).unwrap();
    let venue = json!({"venue": "xnas"});
    let expected = [
        ("desk_closed_seconds_total", json!({})),
        (
            "gateway_ack_ms",
            json!({
                "objectives": [{
                    "name": "gateway-ack", "objective": 0.9995, "indicator": {"under": 2.5},
                    "matchers": venue, "priority": "P1"
                }],
                "alerts": [
                    {
                        "name": "SlowAcks", "of": {"quantile": 0.99}, "is": {"above": 2.5},
                        "window_seconds": 300, "priority": "P1", "summary": "Slow.",
                        "matchers": venue
                    },
                    {
                        "name": "NoAcks", "of": "rate", "is": {"equals": 0.0},
                        "window_seconds": 300, "priority": "P0",
                        "summary": "No order is acknowledged.", "matchers": venue
                    }
                ]
            }),
        ),
        (
            "gateway_age_seconds",
            json!({
                "alerts": [{
                    "name": "Stale", "of": "value", "is": {"above": 60.0}, "for_seconds": 30,
                    "priority": "P0", "summary": "Stale.", "matchers": venue
                }],
                "panel": {"hidden": true}
            }),
        ),
        (
            "gateway_ended_total",
            json!({
                "objectives": [{
                    "name": "gateway-ended", "objective": 0.99,
                    "indicator": {"bad": {"label": "outcome", "values": ["rejected", "failed"]}},
                    "matchers": {"desk": "a", "venue": "xnas"}, "priority": "P1"
                }]
            }),
        ),
        (
            "gateway_refused_total",
            json!({
                "objectives": [
                    {
                        "name": "gateway-refused", "objective": 0.999,
                        "indicator": {"errors_of": "gateway_sent_total"}, "matchers": venue,
                        "priority": "P0", "summary": "Refused."
                    },
                    {
                        "name": "while-closed", "objective": 0.95,
                        "indicator": {"errors_of": "desk_closed_seconds_total"},
                        "matchers": venue, "priority": "P1"
                    }
                ],
                "alerts": [
                    {
                        "name": "ManyRefused", "of": {"share_of": "gateway_sent_total"},
                        "is": {"above": 0.05}, "window_seconds": 600, "for_seconds": 120,
                        "priority": "P1", "summary": "Many orders are refused.",
                        "runbook": "https://runbooks/refused", "by": ["symbol"], "matchers": venue
                    },
                    {
                        "name": "Refused", "of": "rate", "is": {"above": 0.0},
                        "window_seconds": 300, "priority": "P2",
                        "summary": "An order is refused.", "matchers": venue
                    }
                ],
                "panel": {"title": "Refused orders", "row": "Orders", "by": ["symbol"]}
            }),
        ),
        ("gateway_sent_total", json!({})),
        (
            "gateway_slippage",
            json!({
                "objectives": [{
                    "name": "gateway-slippage", "objective": 0.99, "indicator": {"under": 0.07},
                    "matchers": venue, "priority": "P1"
                }]
            }),
        ),
    ];
    let expected = expected.map(|(name, parts)| (name.to_owned(), parts));
    assert_eq!(declared(&registry), expected);
}

#[test]
fn bounds_are_edges_to_the_last_bit() {
    let registry = Registry::new();
    let _metrics = GatewayMetrics::register(&registry).unwrap();
    let catalogue = Catalogue::of_registry(&registry);
    for family in catalogue.families() {
        for objective in &family.objectives {
            if let tickmetrics_rules::catalogue::Indicator::Under(bound) = objective.indicator {
                assert!(family.buckets.contains(&bound), "{bound} of {}", family.name);
            }
        }
    }
}

/// A connection, of which a program has several.
#[derive(Metrics)]
#[metrics(prefix = "connection")]
struct ConnectionMetrics {
    /// Messages.
    #[metric(
        slo(objective = 0.999, bad(outcome = "failed")),
        alert(name = "Silent", equals = 0, priority = "P1", summary = "Silent.")
    )]
    messages: Counter<Outcome>,
    /// Whether it is up.
    #[metric(alert(name = "Down", equals = 0, priority = "P0", summary = "Down."))]
    up: Gauge,
}

#[derive(Metrics)]
#[metrics(labels(host = "one"))]
struct Connections {
    #[metrics(flatten, labels(venue = "a"))]
    first: ConnectionMetrics,
    #[metrics(flatten, labels(venue = "b"))]
    second: ConnectionMetrics,
}

#[test]
fn metrics_of_one_name_share_what_they_declare_alike() {
    let registry = Registry::new();
    let _metrics = Connections::register(&registry).unwrap();
    let host = json!({"host": "one"});
    let expected = [
        (
            "connection_messages_total".to_owned(),
            json!({
                "objectives": [{
                    "name": "connection-messages", "objective": 0.999,
                    "indicator": {"bad": {"label": "outcome", "values": ["failed"]}},
                    "matchers": host, "priority": "P1"
                }],
                "alerts": [{
                    "name": "Silent", "of": "rate", "is": {"equals": 0.0}, "window_seconds": 300,
                    "priority": "P1", "summary": "Silent.", "by": ["venue"], "matchers": host
                }]
            }),
        ),
        (
            "connection_up".to_owned(),
            json!({
                "alerts": [{
                    "name": "Down", "of": "value", "is": {"equals": 0.0}, "priority": "P0",
                    "summary": "Down.", "matchers": host
                }]
            }),
        ),
    ];
    assert_eq!(declared(&registry), expected);
}

fn described(name: &str) -> Description {
    Description::new(name, "Help.")
}

fn alert(name: &str) -> declared::Alert {
    let priority = declared::Priority::P1;
    declared::Alert::new(name, Subject::Value, Condition::Above(1.0), priority, "One.")
}

#[test]
fn registrations_of_one_metric_add_their_declarations() {
    let registry = Registry::new();
    let first = declared::Panel::new().title("First");
    let second = declared::Panel::new().title("Second");
    for description in [
        described("open").alert(alert("One")),
        described("open").alert(alert("Two")).alert(alert("One")).panel(first.clone()),
        described("open").panel(second),
        described("open"),
    ] {
        registry.register::<Gauge>(&description).unwrap();
    }
    let descriptions = registry.descriptions();
    let [open] = descriptions.as_slice() else { panic!("{descriptions:?}") };
    assert!(open.alerts().iter().map(|alert| &*alert.name).eq(["One", "Two"]));
    assert_eq!(open.declared_panel(), Some(&first));
}

#[test]
fn labels_that_do_not_exist_are_refused() {
    let bad = |label: &str, value: &str| {
        let (label, values) = (label.to_owned(), vec![value.to_owned()]);
        declared::Objective::new("ends", 0.99, Indicator::Bad { label, values })
    };
    let orders = || described("orders_total").constant("venue", "a");
    for (description, why) in [
        (orders().alert(alert("One").by(["side"])), r#"its alert "One" names the label "side""#),
        (
            orders().panel(declared::Panel::new().by(["side"])),
            r#"its panel names the label "side""#,
        ),
        (orders().objective(bad("side", "a")), r#"its objective "ends" names the label "side""#),
        (
            orders().objective(bad("outcome", "refused")),
            r#"names the value "refused" of the label "outcome", which has ["filled", "#,
        ),
    ] {
        let error = Registry::new().register::<Counter<Outcome>>(&description).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    let fine =
        orders().alert(alert("One").by(["venue", "outcome"])).objective(bad("outcome", "failed"));
    Registry::new().register::<Counter<Outcome>>(&fine).unwrap();
}
