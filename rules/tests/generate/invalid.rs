//! Declarations that make no rule: each is named, with what to do.

use crate::catalogue::read;
use tickmetrics_rules::generate::{Generator, Invalid, matchers};

/// A catalogue whose family has this declaration.
fn invalid(family: &str, declaration: &str) -> Vec<String> {
    let family = match family {
        "counter" => {
            r#""kind": "counter", "labels": [{"name": "status", "values": ["ok", "bad"]}]"#
        }
        "histogram" => r#""kind": "histogram", "unit": "seconds", "buckets": [0.1, 1.0]"#,
        "native" => r#""kind": "histogram", "native": 3"#,
        "bare" => r#""kind": "histogram""#,
        _ => r#""kind": "gauge""#,
    };
    let json = format!(
        r#"{{"tickmetrics_catalogue": 1, "service": "feed", "families": [
            {{"name": "x", "from_start": true, {family}, {declaration}}},
            {{"name": "all_total", "kind": "counter", "from_start": true}},
            {{"name": "level", "kind": "gauge", "from_start": true}}]}}"#
    );
    match Generator::new().outputs(&[read(&json)]) {
        Ok(_) => Vec::new(),
        Err(Invalid { problems, .. }) => problems.iter().map(ToString::to_string).collect(),
    }
}

fn objective(name: &str, objective: f64, indicator: &str) -> String {
    format!(
        r#""objectives": [{{"name": "{name}", "objective": {objective}, "indicator": {indicator}}}]"#
    )
}

fn alert(fields: &str) -> String {
    format!(r#""alerts": [{{"name": "High", "priority": "P0", "summary": "x", {fields}}}]"#)
}

#[test]
fn objectives_that_make_no_rule_are_named() {
    let under = r#"{"under": 0.1}"#;
    let bad = |label: &str, values: &str| {
        format!(r#"{{"bad": {{"label": "{label}", "values": {values}}}}}"#)
    };
    for (family, name, share, indicator, expected) in [
        ("histogram", "wait", 0.999, under, ""),
        ("native", "wait", 0.999, r#"{"under": 0.123}"#, ""),
        ("counter", "wait", 0.999, &bad("status", r#"["bad"]"#), ""),
        ("counter", "wait", 0.999, r#"{"errors_of": "all_total"}"#, ""),
        ("histogram", "Wait", 0.999, under, r#"the objective "Wait" needs a name such as"#),
        ("histogram", "wait-", 0.999, under, r#"the objective "wait-" needs a name such as"#),
        ("histogram", "wait", 1.0, under, "the objective wait is 1: give a share between 0 and 1"),
        ("histogram", "wait", 99.9, under, "the objective wait is 99.9: give a share"),
        ("histogram", "wait", 0.9306, under, ""),
        ("histogram", "wait", 0.999_999_99, under, ""),
        ("histogram", "wait", 0.999_999_999, under, "leaves no budget: give at most 0.99999999"),
        (
            "histogram",
            "wait",
            0.93,
            under,
            "is 93 %, so that not even an outage burns the budget 14.4",
        ),
        (
            "histogram",
            "wait",
            0.999,
            r#"{"under": 0.5}"#,
            "is about 0.5, which is no bucket edge: add it, or take one of 0.1, 1",
        ),
        (
            "histogram",
            "wait",
            0.999,
            r#"{"under": 0.0}"#,
            "is about values up to 0: give more than 0",
        ),
        ("bare", "wait", 0.999, under, "needs buckets: declare 0.1 as an edge, or native buckets"),
        ("counter", "wait", 0.999, under, "needs a histogram, and this is a counter"),
        (
            "gauge",
            "wait",
            0.999,
            r#"{"errors_of": "all_total"}"#,
            "needs a counter, and this is a gauge",
        ),
        (
            "counter",
            "wait",
            0.999,
            r#"{"errors_of": "none_total"}"#,
            "is a share of none_total, which the catalogue does not have",
        ),
        (
            "counter",
            "wait",
            0.999,
            r#"{"errors_of": "x"}"#,
            "is a share of itself: name the counter of all events",
        ),
        (
            "counter",
            "wait",
            0.999,
            r#"{"errors_of": "level"}"#,
            "is a share of level, which is a gauge and no counter",
        ),
        (
            "counter",
            "wait",
            0.999,
            &bad("code", r#"["bad"]"#),
            "is about the label code: it has status",
        ),
        ("counter", "wait", 0.999, &bad("status", "[]"), "names no value of status for bad events"),
        (
            "counter",
            "wait",
            0.999,
            &bad("status", r#"["5xx"]"#),
            r#"status has no value "5xx": its values are ok, bad"#,
        ),
        (
            "counter",
            "wait",
            0.999,
            &bad("status", r#"["bad", "ok"]"#),
            "takes every value of status for a bad event",
        ),
    ] {
        expect(&invalid(family, &objective(name, share, indicator)), expected);
    }
    let objective = objective("wait", 0.999, under);
    let twice = objective.replace(']', &format!(", {}", &objective[15..]));
    expect(&invalid("histogram", &twice), "the objective wait is there twice");
    let matchers = objective.replace("\"name\"", r#""matchers": {"venue": "a"}, "name""#);
    expect(&invalid("histogram", &matchers), "selects by the label venue: it has none");
}

/// A family, the fields of its alert, and what is wrong with it.
const ALERTS: &[(&str, &str, &str)] = &[
    ("gauge", r#""of": "value", "is": {"above": 1.0}"#, ""),
    ("counter", r#""of": "rate", "is": {"above": 0.0}, "window_seconds": 300"#, ""),
    ("gauge", r#""of": "value", "is": {"above": -0.0}"#, ""),
    ("gauge", r#""of": "value", "is": {"above": 1e308}"#, "is about 1e308: give a size between"),
    (
        "gauge",
        r#""of": "value", "is": {"below": 5e-324}"#,
        "is about 5e-324: give a size between 1e-100 and 1e100",
    ),
    ("histogram", r#""of": {"quantile": 0.9}, "is": {"above": 0.1}, "window_seconds": 300"#, ""),
    (
        "gauge",
        r#""of": "value", "is": {"above": 1.0}, "window_seconds": 300"#,
        "whose value has no window: leave out window_seconds",
    ),
    ("counter", r#""of": "value", "is": {"above": 1.0}"#, "needs a gauge, and this is a counter"),
    (
        "gauge",
        r#""of": "rate", "is": {"above": 1.0}"#,
        "needs a counter or a histogram, and this is a gauge",
    ),
    (
        "counter",
        r#""of": "rate", "is": {"above": 1.0}"#,
        "needs a window: give window_seconds, such as 300",
    ),
    (
        "counter",
        r#""of": "rate", "is": {"above": 1.0}, "window_seconds": 18446744073709551615"#,
        "has a window of 18446744073709551615 s: give at most a day",
    ),
    (
        "gauge",
        r#""of": "value", "is": {"above": 1.0}, "for_seconds": 18446744073709551615"#,
        "must last for 18446744073709551615 s: give at most 7 days",
    ),
    (
        "counter",
        r#""of": "rate", "is": {"above": -1.0}, "window_seconds": 300"#,
        "is about more than -1, which always holds: give at least 0",
    ),
    (
        "counter",
        r#""of": "rate", "is": {"below": 0.0}, "window_seconds": 300"#,
        "is about less than 0, which never holds: give more than 0",
    ),
    (
        "counter",
        r#""of": "rate", "is": {"equals": 1.0}, "window_seconds": 300"#,
        "compares with one number, which is met by chance",
    ),
    (
        "histogram",
        r#""of": {"quantile": 0.9}, "is": {"above": 1.0}, "window_seconds": 300"#,
        "is about more than 1, which is the top edge",
    ),
    (
        "histogram",
        r#""of": {"quantile": 0.9}, "is": {"above": 0.5}, "window_seconds": 300"#,
        "is about 0.5, which is no bucket edge",
    ),
    (
        "histogram",
        r#""of": {"quantile": 99.0}, "is": {"above": 0.1}, "window_seconds": 300"#,
        "is about the quantile 99: give one between 0 and 1",
    ),
    (
        "native",
        r#""of": {"quantile": 0.9}, "is": {"above": 0.0}, "window_seconds": 300"#,
        "compares a quantile with 0: give more than 0",
    ),
    (
        "counter",
        r#""of": {"share_of": "all_total"}, "is": {"above": 1.0}, "window_seconds": 300"#,
        "is about a share of more than 1, and all is 1",
    ),
    (
        "counter",
        r#""of": {"share_of": "all_total"}, "is": {"above": 0.1}, "by": ["status"], "window_seconds": 300"#,
        "looks at values of status apart, which is no label of all_total: it has none",
    ),
    (
        "counter",
        r#""of": "rate", "is": {"above": 1.0}, "by": ["side"], "window_seconds": 300"#,
        "looks at values of side apart, which is no label of x: it has status",
    ),
    (
        "counter",
        r#""of": "rate", "is": {"above": 1.0}, "matchers": {"status": "none"}, "window_seconds": 300"#,
        r#"selects status="none", and its values are ok, bad"#,
    ),
];

#[test]
fn alerts_that_make_no_rule_are_named() {
    for (family, fields, expected) in ALERTS {
        expect(&invalid(family, &alert(fields)), expected);
    }
    let fields = alert(r#""of": "value", "is": {"equals": 1.0}"#);
    expect(
        &invalid("gauge", &fields.replace("High", "high")),
        r#"the alert "high" needs a name such as"#,
    );
    let two = |name: &str| {
        let second = fields.replace("\"alerts\": [", ", ").replace("High", name);
        invalid("gauge", &(fields.trim_end_matches(']').to_owned() + &second))
    };
    expect(&two("High"), "x has an alert High as well: name one of them otherwise");
    expect(&two("HighAbsent"), "x has an alert HighAbsent as well");
    expect(&two("Higher"), "");
}

fn expect(problems: &[String], expected: &str) {
    if expected.is_empty() {
        assert!(problems.is_empty(), "{problems:?}");
    } else {
        assert!(
            problems.iter().any(|it| it.starts_with("feed: x: ") && it.contains(expected)),
            "{expected}: {problems:?}"
        );
    }
}

#[test]
fn services_name_files() {
    let problems = |services: &[Option<&str>]| {
        let catalogues: Vec<_> = services
            .iter()
            .map(|service| {
                let catalogue = read(r#"{"tickmetrics_catalogue": 1, "families": []}"#);
                service.map_or(catalogue.clone(), |service| catalogue.service(service))
            })
            .collect();
        let outputs = Generator::new().outputs(&catalogues);
        outputs.map_or_else(|invalid| invalid.to_string(), |_| String::new())
    };
    assert_eq!(problems(&[Some("feed"), Some("market-data_2.b")]), "");
    assert!(problems(&[None]).contains("catalogue 1: it names no service"));
    assert!(
        problems(&[Some("feed"), Some("feed")])
            .contains("feed: two catalogues are of this service")
    );
    for name in ["", "../feed", ".feed", "-feed", "a/b", "a b", "a\nb", &"a".repeat(201)] {
        assert!(problems(&[Some(name)]).contains("it names files"), "{name}");
    }
}

#[test]
fn settings_are_checked() {
    let problems = |generator: Generator| {
        generator.outputs(&[]).map_or_else(|invalid| invalid.to_string(), |_| String::new())
    };
    assert_eq!(problems(Generator::new().webhook("https://[::1]:8080/a?b=c")), "");
    for wrong in ["", "x y", "ftp://x", "http://", "http://a\nb", "{{"] {
        let problem = problems(Generator::new().webhook(wrong));
        assert!(problem.contains("is no address: give one such as"), "{wrong}: {problem}");
    }
    assert!(problems(Generator::new().by(["slo"])).contains("rules set slo"));
    for wrong in ["", "__name__"] {
        assert!(problems(Generator::new().by([wrong])).contains("is no label"), "{wrong}");
        assert!(problems(Generator::new().select(wrong, "a")).contains("is no label"), "{wrong}");
    }
}

#[test]
fn selectors_are_labels_with_values() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(matchers(r#"job="feed""#), Ok(vec![pair("job", "feed")]));
    let two = vec![pair("job", "a\"b"), pair("env", "x,y")];
    assert_eq!(matchers(r#"{job="a\"b", env="x,y"}"#), Ok(two));
    for wrong in ["", "job", "job=feed", r#"job=~"feed""#, r#"job!="feed""#, r#"up{job="a"}"#, "1"]
    {
        assert!(matchers(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn labels_of_rules_are_not_those_of_series() {
    let of = |family: &str| {
        let families = format!(
            r#"{{"tickmetrics_catalogue": 1, "service": "feed", "families": [
                {{"name": "x", "from_start": true, "labels": [{{"name": "service", "values": ["a", "b"]}},
                {{"name": "job", "values": ["a", "b"]}}], {family}}}]}}"#
        );
        let outputs = Generator::new().outputs(&[read(&families)]);
        outputs.map_or_else(|invalid| invalid.to_string(), |_| String::new())
    };
    let value = alert(r#""of": "value", "is": {"above": 1.0}"#);
    let said = of(&format!(r#""kind": "gauge", {value}"#));
    assert!(said.contains("values of service apart, and rules set that label"), "{said}");
    let one = value.replace("\"of\"", r#""matchers": {"service": "a"}, "of""#);
    assert_eq!(of(&format!(r#""kind": "gauge", {one}"#)), "");
    let rate = alert(r#""of": "rate", "is": {"above": 1.0}, "window_seconds": 300"#);
    assert_eq!(of(&format!(r#""kind": "counter", {rate}"#)), "");
    let by = rate.replace("\"of\"", r#""by": ["service"], "of""#);
    let said = of(&format!(r#""kind": "counter", {by}"#));
    assert!(said.contains("values of service apart, and rules set that label"), "{said}");
    let bad = objective("wait", 0.999, r#"{"bad": {"label": "job", "values": ["b"]}}"#);
    let said = of(&format!(r#""kind": "counter", {bad}"#));
    assert!(said.contains("the label job, by which series are selected"), "{said}");
}
