//! The places of an expression's parts, against cases that were written by hand.

use std::ops::Range;
use tickmetrics_rules::expression::{self, Expression, Kind, Node};

/// The cases: an expression, and the text of each node in source order.
const NODES: &[(&str, &[&str])] = &[
    ("up", &["up"]),
    ("  up # the end", &["up"]),
    ("# a (comment [\nup", &["up"]),
    ("up == 0", &["up == 0", "up", "0"]),
    ("a + b * c", &["a + b * c", "a", "b * c", "b", "c"]),
    ("a - b - c", &["a - b - c", "a - b", "a", "b", "c"]),
    ("a ^ b ^ c", &["a ^ b ^ c", "a", "b ^ c", "b", "c"]),
    ("(a + b) * c", &["(a + b) * c", "(a + b)", "a + b", "a", "b", "c"]),
    ("-a", &["-a", "a"]),
    ("- 1", &["- 1"]),
    ("- - + 1", &["- - + 1"]),
    ("+ 1", &["1"]),
    ("+a * b", &["a * b", "a", "b"]),
    ("-a * b", &["-a * b", "-a", "a", "b"]),
    ("-1 ^ 2", &["-1 ^ 2", "1 ^ 2", "1", "2"]),
    ("2 - -1", &["2 - -1", "2", "-1"]),
    ("a / 0x1F", &["a / 0x1F", "a", "0x1F"]),
    ("a > 1e-3", &["a > 1e-3", "a", "1e-3"]),
    ("a > 1h30m", &["a > 1h30m", "a", "1h30m"]),
    (
        "a > -Inf or a > NaN",
        &["a > -Inf or a > NaN", "a > -Inf", "a", "-Inf", "a > NaN", "a", "NaN"],
    ),
    ("rate(a[5m])", &["rate(a[5m])", "a[5m]"]),
    (
        "rate(a [ 5m ] offset -1h @ 10)",
        &["rate(a [ 5m ] offset -1h @ 10)", "a [ 5m ] offset -1h @ 10"],
    ),
    ("a @ end ( ) offset 5m", &["a @ end ( ) offset 5m"]),
    ("sum by (x) (a)", &["sum by (x) (a)", "a"]),
    ("SUM(a) WITHOUT (x, y,)", &["SUM(a) WITHOUT (x, y,)", "a"]),
    ("topk(3, a) by (x)", &["topk(3, a) by (x)", "3", "a"]),
    ("count_values('v', a)", &["count_values('v', a)", "'v'", "a"]),
    (
        "label_replace(a, \"b\", `\\d$1`, 'c', \"\")",
        &["label_replace(a, \"b\", `\\d$1`, 'c', \"\")", "a", "\"b\"", "`\\d$1`", "'c'", "\"\""],
    ),
    (
        "max_over_time(rate(a[5m])[1h:1m])",
        &["max_over_time(rate(a[5m])[1h:1m])", "rate(a[5m])[1h:1m]", "rate(a[5m])", "a[5m]"],
    ),
    (
        "max_over_time((a + b)[1h:] offset 1d)",
        &[
            "max_over_time((a + b)[1h:] offset 1d)",
            "(a + b)[1h:] offset 1d",
            "(a + b)",
            "a + b",
            "a",
            "b",
        ],
    ),
    ("a * on (x) group_left (y) b", &["a * on (x) group_left (y) b", "a", "b"]),
    ("a * ignoring (x) group_right b", &["a * ignoring (x) group_right b", "a", "b"]),
    ("a > bool on () b", &["a > bool on () b", "a", "b"]),
    ("{\"a.b\", x=\"ü\"} + b", &["{\"a.b\", x=\"ü\"} + b", "{\"a.b\", x=\"ü\"}", "b"]),
    (
        "a{x=~\"[)}]\", y!=',',} and on (x) b",
        &["a{x=~\"[)}]\", y!=',',} and on (x) b", "a{x=~\"[)}]\", y!=',',}", "b"],
    ),
    ("sum / on (by) without", &["sum / on (by) without", "sum", "without"]),
    ("job:a:rate5m unless ü", &[]),
    ("time() - start", &["time() - start", "time()", "start"]),
    ("a # x\n  / # y\n  b", &["a # x\n  / # y\n  b", "a", "b"]),
];

fn texts(expression: &Expression) -> Vec<&str> {
    expression.nodes().map(|node| expression.text_of(&node.place)).collect()
}

#[test]
fn each_node_has_its_place() {
    for (text, expected) in NODES {
        match expression::parse(text) {
            Ok(read) => {
                assert!(read.is_placed(), "{text}");
                assert_eq!(texts(&read), *expected, "{text}");
            }
            Err(error) => assert!(expected.is_empty(), "{text}: {error}"),
        }
    }
}

/// Each part of a node that has a place of its own, as text.
fn parts(text: &str) -> Vec<String> {
    let read = expression::parse(text).unwrap();
    let mut parts = Vec::new();
    let mut add = |place: &Range<usize>| parts.push(read.text_of(place).to_owned());
    for node in read.nodes() {
        match &node.kind {
            Kind::Selector(selector) => {
                selector.name.iter().for_each(|name| add(&name.place));
                for matcher in &selector.matchers {
                    [&matcher.place, &matcher.name.place, &matcher.value.place]
                        .into_iter()
                        .for_each(&mut add);
                }
                selector.range.iter().for_each(|range| add(&range.place));
                selector.offset.iter().for_each(|offset| add(&offset.place));
                selector.at.iter().for_each(|at| add(&at.place));
            }
            Kind::Subquery(subquery) => {
                add(&subquery.range.place);
                subquery.step.iter().for_each(|step| add(&step.place));
                subquery.offset.iter().for_each(|offset| add(&offset.place));
                subquery.at.iter().for_each(|at| add(&at.place));
            }
            Kind::Call(call) => add(&call.function.place),
            Kind::Aggregate(aggregate) => {
                add(&aggregate.op.place);
                if let Some(grouping) = &aggregate.grouping {
                    add(&grouping.place);
                    grouping.labels.iter().for_each(|label| add(&label.place));
                }
            }
            Kind::Binary(binary) => {
                add(&binary.op.place);
                if let Some(matching) = &binary.matching {
                    add(&matching.place);
                    matching.labels.iter().for_each(|label| add(&label.place));
                }
                if let Some(group) = &binary.group {
                    add(&group.place);
                    group.labels.iter().for_each(|label| add(&label.place));
                }
            }
            _ => {}
        }
    }
    parts
}

#[test]
fn parts_of_a_selector_have_places() {
    assert_eq!(
        parts("a {x = \"1\", y!~'2|3',}[1h30m] offset - 5m @ 1e3"),
        ["a", "x = \"1\"", "x", "\"1\"", "y!~'2|3'", "y", "'2|3'", "1h30m", "- 5m", "@ 1e3"]
    );
    assert_eq!(parts("{'a.b', \"c.d\"=`e`}"), ["'a.b'", "\"c.d\"=`e`", "\"c.d\"", "`e`"]);
    assert_eq!(parts("{x=\"1\", __name__ = \"a\"}"), ["\"a\"", "x=\"1\"", "x", "\"1\""]);
    assert_eq!(parts("{__name__=~'a'}"), ["__name__=~'a'", "__name__", "'a'"]);
    assert_eq!(parts("a @ start()"), ["a", "@ start()"]);
}

#[test]
fn parts_of_others_have_places() {
    assert_eq!(parts("a[1h:1m] @ end() offset 1w"), ["1h", "1m", "1w", "@ end()", "a"]);
    assert_eq!(parts("Sum(a) By (x, \"y.z\")"), ["Sum", "By (x, \"y.z\")", "x", "\"y.z\"", "a"]);
    assert_eq!(
        parts("a >= bool ignoring (x, y) group_left () b"),
        [">=", "ignoring (x, y)", "x", "y", "group_left ()", "a", "b"]
    );
    assert_eq!(parts("a or b"), ["or", "a", "b"]);
    assert_eq!(parts("abs(a)"), ["abs", "a"]);
}

/// A node alone, at its place.
fn alone(read: &Expression, node: &Node) -> Option<Node> {
    let text = format!("{}{}", " ".repeat(node.place.start), read.text_of(&node.place));
    expression::parse(&text).ok().map(|alone| alone.root().clone())
}

#[test]
fn text_of_a_node_is_the_node() {
    for (text, _) in NODES {
        let Ok(read) = expression::parse(text) else { continue };
        for node in read.nodes() {
            // As text, since NaN is not equal to itself.
            let alone = format!("{:?}", alone(&read, node));
            assert_eq!(alone, format!("{:?}", Some(node)), "{text}");
        }
    }
}

#[test]
fn values_of_numbers_and_strings() {
    let value = |text: &str| {
        let read = expression::parse(text).unwrap();
        assert!(read.is_placed(), "{text}");
        match &read.root().kind {
            Kind::Number(number) => number.known().unwrap().to_string(),
            Kind::Text(text) => text.known().unwrap().clone(),
            kind => panic!("{kind:?}"),
        }
    };
    for (text, expected) in [
        ("0755", "493"),
        ("08", "8"),
        ("0x1F", "31"),
        ("1_000", "1000"),
        ("-.5e1", "-5"),
        ("1h1ms", "3600.001"),
        ("0s", "0"),
        ("-Inf", "-inf"),
        ("'\\'\"'", "'\""),
        ("`\\d\"\n'`", "\\d\"\n'"),
        ("\"\\x41\\n\"", "A\n"),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

/// What the parser reads, and Prometheus does not.
#[test]
fn what_prometheus_refuses_is_not_read() {
    for text in [
        "a{x=\"1\" or y=\"2\"}",
        "ln(0)",
        "exp(NaN)",
        "rate(+a[5m])",
        "+'a'",
        "a[0]",
        "a[0s]",
        "max_over_time(a[1h:0s])",
    ] {
        assert!(expression::parse(text).is_err(), "{text}");
    }
}

/// What Prometheus reads, some of it with a feature flag, and the parser does not. A newer parser
/// can make this test fail: then the walk has to learn it.
#[test]
fn what_the_parser_cannot_read() {
    for text in [
        "rate(a[5m + 1m])",
        "rate(a[step()])",
        "a offset (1m * 2)",
        "rate(a[5m] smoothed)",
        "rate(a[5m] anchored)",
        "smoothed",
        "a </ 5",
        "a offset --5m",
    ] {
        assert!(expression::parse(text).is_err(), "{text}");
    }
}
