//! Text formats 0.0.4 and 1.0.0.

use crate::flat::flat;
use std::borrow::Cow;
use tickmetrics_exporter::parse::{self, Limits, ParseError};

pub(crate) fn parsed(text: &str) -> String {
    match parse::text(text.as_bytes(), &Limits::default()) {
        Ok(exposition) => flat(&exposition),
        Err(error) => panic!("{error}\n{text}"),
    }
}

fn reason(text: &str) -> (usize, String) {
    match parse::text(text.as_bytes(), &Limits::default()) {
        Err(ParseError::Line { number, reason, .. }) => (number, reason.into()),
        other => panic!("{other:?}\n{text}"),
    }
}

/// The example of
/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-example>, in short.
#[test]
fn the_formats_own_example() {
    let text = r#"# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320
# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.5"} 4773
rpc_duration_seconds_sum 1.7560473e+07
rpc_duration_seconds_count 2693
"#;
    let expected = r#"http_requests_total: Counter "The total number of HTTP requests." ""
  {method="post",code="200"} 1027 at 1395066363000
msdos_file_access_time_seconds: Unknown "" ""
  {path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1458255915
metric_without_timestamp_and_labels: Unknown "" ""
  {} 12.47
something_weird: Unknown "" ""
  {problem="division by zero"} inf at -3982045
http_request_duration_seconds: Histogram "" ""
  {} 144320 Some(53423.0) [(0.05, 24054.0), (inf, 144320.0)]
rpc_duration_seconds: Summary "" ""
  {} Some(2693.0) Some(17560473.0) [(0.5, 4773.0)]
"#;
    assert_eq!(parsed(text), expected);
}

#[test]
fn lines_that_prometheus_accepts() {
    for (text, expected) in [
        ("", ""),
        ("\n\n  \n\t\n", ""),
        ("a 1", "a: Unknown \"\" \"\"\n  {} 1\n"),
        ("  a\t1  7\t\n", "a: Unknown \"\" \"\"\n  {} 1 at 7\n"),
        ("a { b = \"c\" , } 1", "a: Unknown \"\" \"\"\n  {b=\"c\"} 1\n"),
        ("a{b=\"1\" c=\"2\"} 1", "a: Unknown \"\" \"\"\n  {b=\"1\",c=\"2\"} 1\n"),
        ("a{}1", "a: Unknown \"\" \"\"\n  {} 1\n"),
        (":a:b:{c=\"\"} NaN", ":a:b:: Unknown \"\" \"\"\n  {c=\"\"} NaN\n"),
        // Names in quotes, anywhere.
        ("{\"a.b\"} 1", "a.b: Unknown \"\" \"\"\n  {} 1\n"),
        ("{c=\"d\",\"a.b\",\"e.f\"=\"g\"} 1", "a.b: Unknown \"\" \"\"\n  {c=\"d\",e.f=\"g\"} 1\n"),
        ("{\"a\\\"b\\\\c\\nd\"} 1", "a\"b\\c\nd: Unknown \"\" \"\"\n  {} 1\n"),
        ("# TYPE \"a.b\" gauge\n{\"a.b\"} 1", "a.b: Gauge \"\" \"\"\n  {} 1\n"),
        // Only these escapes; other backslashes stay.
        (r#"a{b="\q\t\\n\n\""} 1"#, "a: Unknown \"\" \"\"\n  {b=\"\\\\q\\\\t\\\\n\\n\\\"\"} 1\n"),
        ("# HELP a \\\\ \\n \\\" \\q\n", "a: Unknown \"\\\\ \\n \\\\\\\" \\\\q\" \"\"\n"),
        // Comments that are none of the two, which may be empty.
        ("#\n# \n#a\n#HELP a b\n# HELPa b\n# HELP\n# TYPE\n# EOF\n## TYPE a b\n", ""),
        ("# HELP a\n# TYPE a untyped\n", "a: Unknown \"\" \"\"\n"),
        (" #\t HELP \t a  b \n", "a: Unknown \" b \" \"\"\n"),
        // The last comment wins, and holds for what follows.
        ("# TYPE a gauge\n# TYPE a counter\na 1", "a: Counter \"\" \"\"\n  {} 1\n"),
        (
            "a_sum 1\n# TYPE a summary\na_sum 2\na 5\n",
            "a_sum: Unknown \"\" \"\"\n  {} 1\na: Summary \"\" \"\"\n  {} None Some(2.0) []\n  {} 5\n",
        ),
    ] {
        assert_eq!(parsed(text), expected, "{text}");
    }
}

#[test]
fn families_in_pieces_and_interleaved_histograms() {
    let text = "# TYPE a histogram\n# TYPE b counter\n\
                b{x=\"1\"} 1\n\
                a_bucket{le=\"1\",x=\"1\",y=\"1\"} 1\n\
                a_bucket{x=\"2\",le=\"+Inf\"} 5\n\
                a_bucket{x=\"1\",y=\"1\",le=\"0.5\"} 0\n\
                b{x=\"2\"} 2\n\
                a_count{y=\"1\",x=\"1\"} 3\n\
                a_sum{x=\"2\"} 7\n\
                a_bucket{x=\"1\",y=\"1\",le=\"1\"} 9\n\
                a_count{x=\"1\",y=\"1\"} 4 1000\n";
    let expected = "a: Histogram \"\" \"\"\n  \
                    {x=\"1\",y=\"1\"} 3 None [(0.5, 0.0), (1.0, 1.0), (inf, 3.0)]\n  \
                    {x=\"2\"} 5 Some(7.0) [(inf, 5.0)]\n  \
                    {x=\"1\",y=\"1\"} 4 None [(inf, 4.0)] at 1000\n\
                    b: Counter \"\" \"\"\n  {x=\"1\"} 1\n  {x=\"2\"} 2\n";
    assert_eq!(parsed(text), expected);
}

/// Prometheus takes these as series of their own.
#[test]
fn samples_that_are_no_part_of_a_histogram() {
    let text = "# TYPE a histogram\na 1\na_bucket 2\na_bucket{le=\"x\"} 3\na_bucket{le=\"NaN\"} 4\n\
                # TYPE b summary\nb 5\nb{quantile=\"x\"} 6\nb_bucket{le=\"1\"} 7\n";
    let expected = "a: Histogram \"\" \"\"\n  {} 1\n\
                    a_bucket: Unknown \"\" \"\"\n  {} 2\n  {le=\"x\"} 3\n  {le=\"NaN\"} 4\n\
                    b: Summary \"\" \"\"\n  {} 5\n  {quantile=\"x\"} 6\n\
                    b_bucket: Unknown \"\" \"\"\n  {le=\"1\"} 7\n";
    assert_eq!(parsed(text), expected);
}

#[test]
fn lines_that_prometheus_refuses() {
    const NO_NAME: &str = "there is no valid name of a metric";
    const NO_LABEL: &str = "there is no valid name of a label";
    const MORE: &str = "there is more text than the format has in this place";
    for (line, expected) in [
        ("<html>", NO_NAME),
        ("1a 1", NO_NAME),
        ("{} 1", NO_NAME),
        ("{\"\"} 1", NO_LABEL),
        ("{a=\"b\"} 1", NO_NAME),
        ("a{\"b\"} 1", "there is a second name of the metric"),
        ("{\"a\",\"b\"} 1", "there is a second name of the metric"),
        ("a", "there is no value"),
        ("a ", "there is no value"),
        ("a{b=\"c\"}", "there is no value"),
        ("a one", "the value is not a number"),
        ("a 0x1p3", "the value is not a number"),
        ("a 1_0", "the value is not a number"),
        ("a 1\r", "the value is not a number"),
        ("a 1 1.5", "the time is not a whole number of milliseconds"),
        ("a 1 1 1", MORE),
        ("a.b 1", "the name of a metric has a character that it has only in quotes"),
        ("a{,b=\"c\"} 1", NO_LABEL),
        ("a{b=\"c\",,} 1", NO_LABEL),
        ("a{1b=\"c\"} 1", NO_LABEL),
        ("a{b:c=\"d\"} 1", "there is no = behind the name of a label"),
        ("a{b} 1", "there is no = behind the name of a label"),
        ("a{b=c} 1", "the value of a label is not in double quotes"),
        ("a{b='c'} 1", "the value of a label is not in double quotes"),
        ("a{b=\"c} 1", "a double quote is not closed"),
        ("a{b=\"c\\", "a double quote is not closed"),
        ("a{b=\"c\"", NO_LABEL),
        ("a{b=\"1\",c=\"2\",b=\"3\"} 1", "the label \"b\" is there twice"),
        ("a{__name__=\"b\"} 1", "the label __name__ is that of the metric's name"),
        ("# TYPE a counters", "the type is not counter, gauge, histogram, summary or untyped"),
        ("# TYPE a", "the type is not counter, gauge, histogram, summary or untyped"),
        ("# TYPE 1a counter", NO_NAME),
        ("# HELP ", NO_NAME),
    ] {
        let text = format!("fine 1\n{line}\nfine 1\n");
        let (number, reason) = reason(&text);
        assert_eq!((number, &*reason), (2, expected), "{line}");
    }
}

#[test]
fn errors_show_the_line() {
    let text = format!("a 1\na{{b=\"\u{1b}[31m{}\"}} x\n", "ü".repeat(100));
    let error = parse::text(text.as_bytes(), &Limits::default()).unwrap_err();
    let shown = format!(
        "line 2 is not valid: the value is not a number: \"a{{b=\\\"\\u{{1b}}[31m{}\"",
        "ü".repeat(70)
    );
    assert_eq!(error.to_string(), shown);
    let error = parse::text(b"a 1\nb 2\nc{d=\"\xff\"} 3\n", &Limits::default()).unwrap_err();
    assert!(
        error.to_string().starts_with("line 3 is not valid: the text is not UTF-8: "),
        "{error}"
    );
}

#[test]
fn text_is_borrowed_where_nothing_is_escaped() {
    let text = "# HELP a b\na{c=\"d\",e=\"\\n\"} 1\n";
    let exposition = parse::text(text.as_bytes(), &Limits::default()).unwrap();
    let family = &exposition.families[0];
    let [(c, d), (e, n)] = &family.series[0].labels[..] else { panic!("two labels") };
    for text in [&family.name, &family.help, c, d, e] {
        assert!(matches!(text, Cow::Borrowed(_)), "{text}");
    }
    assert!(matches!(n, Cow::Owned(_)));
}
