//! Expressions with the variables of Grafana.

use tickmetrics_rules::expression::{self, Expression, Kind, NotChecked, Value, Variables};

fn read(text: &str) -> Expression {
    expression::parse_with(text, &Variables::new())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Everything that a variable sets, as text, in source order.
fn variable(read: &Expression) -> Vec<&str> {
    let mut places = Vec::new();
    for node in read.nodes() {
        let mut add = |is_variable: bool, place: &std::ops::Range<usize>| {
            if is_variable {
                places.push(place.clone());
            }
        };
        match &node.kind {
            Kind::Number(value) => add(value.is_variable(), &node.place),
            Kind::Text(value) => add(value.is_variable(), &node.place),
            Kind::Selector(selector) => {
                selector.name.iter().for_each(|name| add(name.value.is_variable(), &name.place));
                for matcher in &selector.matchers {
                    add(matcher.name.value.is_variable(), &matcher.name.place);
                    add(matcher.value.value.is_variable(), &matcher.value.place);
                }
                let range = selector.range.iter();
                range.for_each(|range| add(range.value.is_variable(), &range.place));
                let offset = selector.offset.iter();
                offset.for_each(|offset| add(offset.value.is_variable(), &offset.place));
            }
            Kind::Subquery(subquery) => {
                add(subquery.range.value.is_variable(), &subquery.range.place);
                let step = subquery.step.iter();
                step.for_each(|step| add(step.value.is_variable(), &step.place));
            }
            Kind::Call(call) => add(call.function.value.is_variable(), &call.function.place),
            Kind::Aggregate(aggregate) => {
                add(aggregate.op.value.is_variable(), &aggregate.op.place);
                let labels = aggregate.grouping.iter().flat_map(|grouping| &grouping.labels);
                labels.for_each(|label| add(label.value.is_variable(), &label.place));
            }
            Kind::Binary(binary) => {
                add(binary.op.value.is_variable(), &binary.op.place);
                let on = binary.matching.iter().flat_map(|matching| &matching.labels);
                let group = binary.group.iter().flat_map(|group| &group.labels);
                on.chain(group).for_each(|label| add(label.value.is_variable(), &label.place));
            }
            _ => {}
        }
    }
    places.into_iter().map(|place| read.text_of(&place)).collect()
}

/// An expression, and what a variable sets in it.
const SET: &[(&str, &[&str])] = &[
    ("a{x=\"$x\"}", &["\"$x\""]),
    ("a{x=~'${x:regex}|b', y=\"c\"}", &["'${x:regex}|b'"]),
    ("a{x=~`[[x]].*`, y!~\"[[y:pipe]]\"}", &["`[[x]].*`", "\"[[y:pipe]]\""]),
    ("a{x=\"b$\", y=~\"[[:alpha:]]+\"}", &[]),
    ("label_replace(a, \"x\", \"$1-${2}\", \"y\", \"(.*)$\")", &[]),
    ("label_replace(a, \"x\", \"$name\", \"y\", \"(.*)\")", &["\"$name\""]),
    ("rate(a[$__rate_interval])", &["$__rate_interval"]),
    ("rate(a[${__interval}] offset ${shift})", &["${__interval}", "${shift}"]),
    ("rate(a[[[range]]] offset -$shift)", &["[[range]]", "-$shift"]),
    ("rate(a[$__range_s s])", &[]),
    ("rate(a[${__range_s}s])", &["${__range_s}s"]),
    ("rate(a[${n}m])", &["${n}m"]),
    ("rate(a[5$unit])", &["5$unit"]),
    ("rate(a[${n}${unit}])", &["${n}${unit}"]),
    ("max_over_time(a[$range:$step])", &["$range", "$step"]),
    ("max_over_time(a[$__range:])", &["$__range"]),
    ("max_over_time(a[1h:$__interval])", &["$__interval"]),
    ("$metric", &["$metric"]),
    ("$metric{x=\"y\"}", &["$metric"]),
    ("rate($metric[5m])", &["$metric"]),
    ("sum($metric)", &["$metric"]),
    ("${prefix}_total + a_${x}_b", &["${prefix}_total", "a_${x}_b"]),
    ("job:${a}:$b", &["job:${a}:$b"]),
    ("a > $limit", &["$limit"]),
    ("a > -$limit * 2", &["-$limit"]),
    ("topk($k, a)", &["$k"]),
    ("histogram_quantile($q, sum by (le) (rate(a[5m])))", &["$q"]),
    ("quantile_over_time(0.$q, a[5m])", &["0.$q"]),
    ("increase(a[$__range]) / $__range_s", &["$__range", "$__range_s"]),
    ("sum by ($labels) (a)", &["$labels"]),
    ("sum(a) by (x, ${labels:csv})", &["${labels:csv}"]),
    ("a * on ($x) group_left ($y, z) b", &["$x", "$y"]),
    ("a{$filter}", &["$filter", "$filter"]),
    ("a{x=\"y\", $filter}", &["$filter", "$filter"]),
    ("a{x=\"y\" $filter}", &["$filter", "$filter"]),
    ("a{$filter x=\"y\"}", &["$filter", "$filter"]),
    ("a{$label=\"y\"}", &["$label"]),
    ("a{${x}_id=~\"y\"}", &["${x}_id"]),
    ("a{x=$x, y=~${y:doublequote}}", &["$x", "${y:doublequote}"]),
    ("$fn(a[5m])", &["$fn"]),
    ("$fn(a)", &["$fn"]),
    ("$fn by (x) (a)", &["$fn"]),
    ("$fn(a) by (x)", &["$fn"]),
    ("$fn(5, a) by (x)", &["$fn"]),
    ("${fn}_over_time(a[5m])", &["${fn}_over_time"]),
    ("rate(a[5m]) $op 5", &["$op"]),
    ("a $offset", &["$offset"]),
    ("a # $comment\n > $x", &["$x"]),
    ("{__name__=~\"$metric\"}", &["\"$metric\""]),
    ("{__name__=\"$metric\", x=\"y\"}", &["\"$metric\""]),
    ("a @ $time", &[]),
    ("a{x=\"${x.text}\"}", &["\"${x.text}\""]),
];

#[test]
fn what_a_variable_sets_is_marked() {
    for (text, expected) in SET {
        match expression::parse_with(text, &Variables::new()) {
            Ok(read) => {
                assert!(read.is_placed(), "{text}");
                assert_eq!(variable(&read), *expected, "{text}");
            }
            Err(error) => assert_eq!(*text, "rate(a[$__range_s s])", "{error}"),
        }
    }
}

#[test]
fn names_and_places_of_variables() {
    let text = "a{x=\"$x\"} / ${y:csv} + [[z]] # $c $1\n * \"$\"";
    let read = expression::parse_with("a{x=\"$x\"} / ${y:csv} + [[z]]", &Variables::new()).unwrap();
    let usages: Vec<_> =
        read.variables().iter().map(|it| (&*it.name, read.text_of(&it.place))).collect();
    assert_eq!(usages, [("x", "$x"), ("y", "${y:csv}"), ("z", "[[z]]")]);
    assert!(expression::parse_with(text, &Variables::new()).is_err());
}

#[test]
fn one_value_is_known() {
    let variables = Variables::new()
        .with("x", ["buy"])
        .with("range", ["10m"])
        .with("fn", ["rate"])
        .with("limit", ["0.5"])
        .with("filter", ["side=\"sell\",venue!=\"a\""])
        .with("labels", ["side, venue"]);
    let text = "sum by ($labels) ($fn(a{x=\"$x\", $filter}[$range])) > $limit";
    let read = expression::parse_with(text, &variables).unwrap();
    assert_eq!(variable(&read), [] as [&str; 0]);
    let plain = "sum by (side, venue) (rate(a{x=\"buy\", side=\"sell\",venue!=\"a\"}[10m])) > 0.5";
    let plain = expression::parse(plain).unwrap();
    assert_eq!(without_places(&read), without_places(&plain));
    let matchers: Vec<_> = read.selectors().next().unwrap().1.matchers.iter().collect();
    assert_eq!(read.text_of(&matchers[1].place), "$filter");
    assert_eq!(read.text_of(&matchers[2].place), "$filter");
}

#[test]
fn several_values_are_not_known() {
    let variables = Variables::new()
        .with("fn", ["sum", "max"])
        .with("x", ["a", "b"])
        .with("extra", ["2 * a", "1"]);
    let text = "$fn(rate(a{x=\"$x\"}[5m]))";
    let read = expression::parse_with(&format!("{text} + $extra"), &variables).unwrap();
    assert_eq!(variable(&read), ["$fn", "\"$x\"", "$extra"]);
    let read = expression::parse_with(text, &variables).unwrap();
    let Kind::Aggregate(aggregate) = &read.root().kind else { panic!("{read:?}") };
    assert_eq!(aggregate.op.value, Value::Variable);
}

/// A value that would change what is around it, or that Grafana escapes, is not used.
#[test]
fn odd_values_are_any() {
    for value in ["", "$__all", "a\"b", "a\\b", "a.b|c", "\"} or vector(1) or a{x=\"", "(a|b)"] {
        let variables = Variables::new().with("x", [value]);
        let read = expression::parse_with("a{x=~\"$x\"}", &variables).unwrap();
        assert_eq!(variable(&read), ["\"$x\""], "{value}");
        assert_eq!(read.nodes().count(), 1);
    }
}

#[test]
fn macros_of_other_languages_are_not_checked() {
    let text = "SELECT 1 WHERE $__timeFilter(time)";
    let error = expression::parse_with(text, &Variables::new()).unwrap_err();
    assert_eq!(error, NotChecked::Macro { name: "__timeFilter".into(), place: 15..28 });
}

#[test]
fn a_rule_has_no_variables() {
    let error = expression::parse("a > $limit").unwrap_err();
    assert_eq!(error, NotChecked::Character { character: '$', place: 4..5 });
}

/// The text at a node's place is the node.
#[test]
fn text_of_a_node_is_the_node() {
    for (text, _) in SET.iter().filter(|(text, _)| !text.contains("$__range_s s")) {
        let read = read(text);
        for node in read.nodes() {
            let text = format!("{}{}", " ".repeat(node.place.start), read.text_of(&node.place));
            let alone = expression::parse_with(&text, &Variables::new()).unwrap();
            // Alone, a variable can be a number or a metric.
            if !read.text_of(&node.place).starts_with('$') {
                assert_eq!(alone.root(), node, "{text}");
            }
        }
    }
}

fn without_places(read: &Expression) -> String {
    let text = format!("{:?}", read.root());
    let parts = text.split("place: ");
    parts.map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')).collect()
}

/// Words, numbers and strings, each of which a variable can set.
const WHOLE: &[&str] = &[
    "sum by (job, le) (rate(a_bucket{x=\"v1\", y!~'v2'}[5m] offset 1h)) > bool 31",
    "a * on (x) group_left (y) b{z=~`v3`} unless max_over_time((c - -d)[1h:1m] @ 10)",
    "topk(3, rate(job:a:b[10m])) without (x) / 60 or count_values('v4', {__name__=\"a\", y=\"v5\"})",
    "label_replace(a, \"v6\", \"v7\", \"v8\", \"v9\") == 0.5",
];

/// A variable in the place of a word leaves the tree as it is if it has the word as its one value.
/// If it can have any, the rest of the tree is as it was.
#[test]
fn a_variable_can_stand_for_each_word() {
    let keywords =
        ["by", "without", "on", "group_left", "bool", "offset", "or", "unless", "__name__"];
    let mut count = 0;
    for text in WHOLE {
        let plain = expression::parse(text).unwrap();
        let is_word = |c: char| c.is_ascii_alphanumeric() || "_:.".contains(c);
        let mut at = 0;
        while let Some(start) = text[at..].find(is_word).map(|found| at + found) {
            at = start + text[start..].find(|c| !is_word(c)).unwrap_or(text.len() - start);
            let word = &text[start..at];
            // A step, which begins with a colon, and a range are two words.
            let colon = word.find(':').filter(|_| word.starts_with(|c: char| c.is_ascii_digit()));
            let end = colon.map_or(at, |colon| start + colon);
            at = colon.map_or(at, |_| end + 1);
            let word = &text[start..end];
            if keywords.contains(&word) {
                continue;
            }
            let with = format!("{}${{v}}{}", &text[..start], &text[end..]);
            let known = expression::parse_with(&with, &Variables::new().with("v", [word])).unwrap();
            assert_eq!(without_places(&known), without_places(&plain), "{with}");
            assert_eq!(variable(&known), [] as [&str; 0], "{with}");
            let any = expression::parse_with(&with, &Variables::new());
            let any = any.unwrap_or_else(|error| panic!("{with}: {error}"));
            assert!(any.is_placed());
            // A number takes the minus before it.
            let minus = usize::from(text[..start].ends_with('-'));
            assert_eq!(any.nodes().count(), plain.nodes().count() - minus, "{with}");
            // An `@` has no mark among these.
            let marks = usize::from(word != "10");
            let set = variable(&any);
            assert_eq!(set.len(), marks, "{with}: {set:?}");
            assert!(set.iter().all(|text| text.contains("${v}")), "{with}: {set:?}");
            count += 1;
        }
    }
    assert!(count > 40, "{count}");
}
