//! Wrong rules: the generated tests find each of them.

use crate::catalogue::{engine, gateway};
use crate::tools::{Folder, promtools};
use tickmetrics_rules::Catalogue;
use tickmetrics_rules::generate::Generator;

/// What is declared, a text of its rules, and what is written instead of it.
const GATEWAY: &[(&str, &[(&str, &str)])] = &[
    (
        "order-latency",
        &[
            ("_bucket{le=\"0.0001\"}[5m]", "_bucket{le=\"0.0001\"}[10m]"),
            ("le=\"0.0001\"", "le=\"0.001\""),
            ("_count[", "_bucket["),
            ("1 - 0.9995", "1 - 0.995"),
            ("1 - 0.9995", "1 - 0.99995"),
            ("priority: P0", "priority: P1"),
            ("priority: P1", "priority: P2"),
            ("fires if more than 0.72 %", "fires if more than 0.7 %"),
            ("runbooks/order-latency", "runbooks"),
            ("sum by (job)", "sum by (job, venue)"),
        ],
    ),
    (
        "tail-latency",
        &[
            ("_count{venue=\"b\"}", "_count{venue=\"a\"}"),
            ("_bucket{venue=\"b\",", "_bucket{venue=\"a\","),
            ("1\\\\.0|1", "0.01"),
        ],
    ),
    (
        "availability",
        &[
            ("> 14.4 *", "> 28.9 *"),
            ("> 14.4 *", "> 12.9 *"),
            ("> 6 *", "> 12.1 *"),
            ("> 6 *", "> 5 *"),
            ("> 3 *", "> 2.5 *"),
            ("> 3 *", "> 6.1 *"),
            ("> 1 *", "> 2.1 *"),
            ("> 1 *", "> 0.8 *"),
            ("ratio_rate1h{", "ratio_rate30m{"),
            ("ratio_rate6h{", "ratio_rate2h{"),
            ("ratio_rate5m{", "ratio_rate30m{"),
            ("ratio_rate30m{", "ratio_rate5m{"),
            ("record: slo:sli_error:ratio_rate1h", "record: slo:sli_error:ratio_rate60m"),
            ("[5m]", "[8m]"),
            ("[30m]", "[25m]"),
            ("[30m]", "[35m]"),
            ("[1h]))\n", "[30m]))\n"),
            ("[1h]))\n", "[2h]))\n"),
            ("[2h]", "[1h]"),
            ("[2h]", "[3h]"),
            ("[6h]", "[5h]"),
            ("[6h]", "[8h]"),
            ("[1d]", "[20h]"),
            ("[1d]", "[2d]"),
            ("[3d]", "[2d]"),
            ("[3d]", "[4d]"),
            ("\n      and\n", "\n      or\n"),
            ("{service=\"gateway\", slo=\"availability\"}", "{service=\"gateway\", slo=\"other\"}"),
            ("500|503", "404|503"),
            ("sum by (job)", "sum by (job, instance)"),
            ("sum by (job)", "sum"),
            ("      slo: availability\n", ""),
            ("      service: gateway\n", ""),
            ("priority: P1", "priority: P2"),
            ("priority: P2", "priority: P1"),
            ("humanizePercentage", "humanize"),
            ("floor: ", "flour: "),
            ("absent(requests_total)", "absent(missing_total)"),
            ("for: 10m", "for: 1d"),
            ("for: 1h", "for: 1d"),
            ("increase(requests_total[1h])", "increase(requests_total[3h])"),
            ("increase(requests_total[1h])", "increase(requests_total[30m])"),
            ("< 1 / (14.4 *", "< 3 / (14.4 *"),
            ("< 1 / (14.4 *", "< 0.4 / (14.4 *"),
        ],
    ),
    (
        "order-success",
        &[
            ("  or\n        0 * ", "  or\n        1 * "),
            ("        or\n        0 * sum by (job) (rate(orders_total[1h]))\n", ""),
            ("absent(orders_total)", "absent(order_errors_total)"),
        ],
    ),
    (
        "OrderP99High",
        &[
            ("(0.99,", "(0.999,"),
            ("> 0.005\n", "> 0.001\n"),
            ("> 0.005\n", "> 0.02\n"),
            (
                "rate(order_latency_seconds_bucket[5m])",
                "sum by (le) (rate(order_latency_seconds_bucket[5m]))",
            ),
            ("{{ \"{{\" }} 5", "{{ 5"),
            ("rate(", "("),
            ("[5m]", "[3h]"),
            ("for: 2m", "for: 5h"),
            ("over 5m", "over 6m"),
        ],
    ),
    ("FewOrders", &[("< 2.5\n", "< 1.2\n"), ("< 2.5\n", "< 2.8\n"), ("_count[", "_sum[")]),
    (
        "NoOrders",
        &[
            ("== 0\n", "< 0\n"),
            ("== 0\n", ">= 0\n"),
            ("orders_total{venue=\"b\"}", "orders_total{venue=\"a\"}"),
            ("sum without (venue) (", "sum without (job) ("),
            ("sum without (venue) (", "("),
            ("absent(orders_total", "absent(orders"),
            ("The rate of orders_total", "The orders_total"),
        ],
    ),
    ("ManyOrders", &[("> 1000\n", "> 2000\n"), ("> 1000\n", "> 890\n")]),
    (
        "OrderErrors",
        &[
            ("> 0.05\n", "> 0.11\n"),
            ("> 0.05\n", "> 0.04\n"),
            ("rate(orders_total", "rate(order_errors_total"),
            ("sum without (code) (", "sum without (code, venue) ("),
            ("humanizePercentage", "humanize"),
        ],
    ),
    (
        "FewErrors",
        &[
            ("< 0.01\n", "< 0.004\n"),
            ("< 0.01\n", "< 0.012\n"),
            ("  or\n        0 * ", "  or\n        1 * "),
            ("without (venue, code)", "without (venue)"),
        ],
    ),
    (
        "FirstError",
        &[
            ("(order_errors_total unless order_errors_total offset 5m) / 300 or ", ""),
            ("order_errors_total offset 5m) / 300", "order_errors_total offset 5m) / 60"),
            ("order_errors_total offset 5m) / 300", "order_errors_total offset 5h) / 300"),
            (" or rate(order_errors_total[5m])", ""),
            ("without (venue)", "without (code, venue)"),
            ("runbooks/error", "runbooks"),
        ],
    ),
    (
        "QueueFull",
        &[
            ("> 80\n", "> 161\n"),
            ("> 80\n", "> 70\n"),
            ("> 80\n", "< 170\n"),
            ("expr: queue_depth", "expr: sum(queue_depth)"),
            ("printf", "print"),
        ],
    ),
    (
        "DailyLoss",
        &[
            ("< -5000\n", "< -8000\n"),
            ("< -5000\n", "< -4000\n"),
            ("absent(profit_usd)", "absent(profit)"),
        ],
    ),
    (
        "WebsocketDown",
        &[
            ("expr: websocket_connected == 0", "expr: websocket_connected == 1"),
            ("expr: websocket_connected == 0", "expr: websocket_connected < 2"),
            ("absent(websocket_connected)", "absent(websocket_connected) == 0"),
            ("for: 10m", "for: 1d"),
        ],
    ),
];

const ENGINE: &[(&str, &[(&str, &str)])] = &[
    (
        "match-latency",
        &[
            ("histogram_fraction(0, 0.00005,", "histogram_fraction(0, 0.0001,"),
            ("histogram_fraction(0, 0.00005,", "histogram_fraction(0, 0.00002,"),
            ("1 - histogram_fraction", "histogram_fraction"),
            ("histogram_count(increase", "histogram_sum(increase"),
            ("absent(match_seconds)", "absent(match)"),
        ],
    ),
    (
        "MatchP99High",
        &[("(0.99,", "(0.999,"), ("> 0.0005\n", "> 0.0012\n"), ("> 0.0005\n", "> 0.0004\n")],
    ),
    ("NoMatches", &[("histogram_count(rate", "histogram_sum(rate"), ("< 1\n", "< 0.4\n")]),
    (
        "FirstReject",
        &[
            ("histogram_count(reject_seconds unless reject_seconds offset 5m) / 300 or ", ""),
            (" or histogram_count(rate(reject_seconds[5m]))", ""),
        ],
    ),
];

#[test]
fn each_wrong_rule_of_classic_buckets_is_found() {
    found(&gateway(), GATEWAY, false);
}

#[test]
fn each_wrong_rule_of_native_buckets_is_found() {
    found(&engine(), ENGINE, true);
}

/// The catalogue with one objective or alert alone.
fn only(catalogue: &Catalogue, name: &str) -> Catalogue {
    let families = catalogue.families().iter().cloned().map(|mut family| {
        family.objectives.retain(|objective| objective.name == name);
        family.alerts.retain(|alert| alert.name == name);
        family
    });
    Catalogue::new(families).service(catalogue.service.clone().unwrap())
}

fn found(catalogue: &Catalogue, declarations: &[(&str, &[(&str, &str)])], is_native: bool) {
    // One version is enough, and the last one is the newest.
    let Some(promtool) = promtools().pop().filter(|it| !is_native || it.has_native_tests()) else {
        return;
    };
    let service = catalogue.service.clone().unwrap();
    let file = format!("{service}.rules.yml");
    let mut missed = Vec::new();
    for (name, mutants) in declarations {
        let folder =
            Folder::new(&format!("mutants-{name}"), &Generator::new(), &[only(catalogue, name)]);
        let right = folder.read(&file);
        let test = ["test", "rules", &format!("{service}.test.yml")];
        promtool.run(&folder, &test);
        for (from, to) in *mutants {
            let wrong = right.replace(from, to);
            assert_ne!(wrong, right, "{name}: {from}");
            folder.write(&file, &wrong);
            if promtool.output(&folder, &test).status.success() {
                missed.push((name, from, to));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
