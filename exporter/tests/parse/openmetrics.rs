//! `OpenMetrics` 1.0.0.

use crate::flat::flat;
use tickmetrics_exporter::parse::{self, Limits, ParseError};

fn parsed(text: &str) -> String {
    match parse::openmetrics(text.as_bytes(), &Limits::default()) {
        Ok(exposition) => flat(&exposition),
        Err(error) => panic!("{error}\n{text}"),
    }
}

#[test]
fn all_types() {
    let text = r#"# HELP c Counts \"it\".
# TYPE c counter
c_total{a="1"} 5 # {trace_id="x"} 2 1700000000.25
c_created{a="1"} 1600000000.5
c_total{a="2"} 6 123.4565
# TYPE g_seconds gauge
# UNIT g_seconds seconds
g_seconds 1.5
# TYPE h histogram
h_bucket{le="1.0"} 1 # {} 0.5
h_bucket{le="+Inf"} 2
h_sum 3
h_count 2
h_created 1600000000
# TYPE gh gaugehistogram
gh_bucket{le="+Inf"} 2 # {a="b"} 7
gh_gsum -3
gh_gcount 2
# TYPE s summary
s{quantile="0.5"} 1
s_sum 2
s_count 3
s_created 4
# TYPE i info
i_info{version="1"} 1
# TYPE st stateset
st{st="on"} 1
st{st="off"} 0
# TYPE u unknown
u 1
bare 2
# HELP only A comment.
# EOF
"#;
    let expected = r#"c_total: Counter "Counts \"it\"." ""
  {a="1"} 5 since 1600000000.5 # {trace_id="x"} 2 Some(1700000000.25)
  {a="2"} 6 at 123457
g_seconds: Gauge "" "seconds"
  {} 1.5
h: Histogram "" ""
  {} 2 Some(3.0) [(1.0, 1.0), (inf, 2.0)] since 1600000000 # {} 0.5 None
gh: GaugeHistogram "" ""
  {} 2 Some(-3.0) [(inf, 2.0)] # {a="b"} 7 None
s: Summary "" ""
  {} Some(3.0) Some(2.0) [(0.5, 1.0)] since 4
i_info: Info "" ""
  {version="1"} 1
st: StateSet "" ""
  {st="on"} 1
  {st="off"} 0
u: Unknown "" ""
  {} 1
bare: Unknown "" ""
  {} 2
only: Unknown "A comment." ""
"#;
    assert_eq!(parsed(text), expected);
}

fn refused(text: &str) -> (usize, String) {
    match parse::openmetrics(text.as_bytes(), &Limits::default()) {
        Err(ParseError::Line { number, reason, .. }) => (number, reason.into()),
        other => panic!("{other:?}\n{text}"),
    }
}

#[test]
fn text_that_is_accepted() {
    for text in [
        "# EOF",
        "# EOF\n",
        "# HELP a \n# EOF\n",
        // Interleaved, as Prometheus reads it.
        "# TYPE a histogram\na_count{b=\"1\"} 1\na_count{b=\"2\"} 2\na_sum{b=\"1\"} 1\n# EOF\n",
        "# TYPE a counter\na_created 1\na_total 2\n# EOF\n",
        "{\"a.b\",c=\"d\"} 1\n# TYPE \"e.f\" counter\n{\"e.f_total\"} 2\n# EOF\n",
        "a{} 1 1e3\n# EOF\n",
        "a_bucket{le=\"x\"} 1\n# EOF\n",
        "# TYPE a gauge\na 1\na_total 2\n# EOF\n",
    ] {
        parsed(text);
    }
}

#[test]
fn text_that_is_refused() {
    const NO_VALUE: &str = "there is no value behind one blank";
    const MORE: &str = "there is more text than the format has in this place";
    const NO_COMMENT: &str = "the format has no comments but # HELP, # TYPE, # UNIT and # EOF";
    const NO_EXEMPLAR: &str = "only counters and buckets have exemplars";
    const BEHIND: &str = "a comment is behind samples of its family";
    let name = |name: &str| {
        format!(
            "the name {name:?} is that of an earlier family or of its samples: families must be in \
             one piece, and have different names"
        )
    };
    let long = format!("# TYPE a counter\na_total 1 # {{b=\"{}\"}} 1", "ü".repeat(128));
    let cases: [(&str, &str); 37] = [
        (
            "a{b=\"c\",} 1\n# EOF",
            "there is neither a comma with a label nor a brace behind a label",
        ),
        ("", "the text does not end with # EOF"),
        ("a 1", "the text does not end with # EOF"),
        ("# EOF\n\n", "there is text behind # EOF"),
        ("# EOF\na 1\n", "there is text behind # EOF"),
        ("# EOF ", MORE),
        ("a 1\n\n# EOF", "the format has no empty lines"),
        ("# a comment\n# EOF", NO_COMMENT),
        ("#HELP a b\n# EOF", NO_COMMENT),
        ("# HELP a\n# EOF", "there is no blank behind the name"),
        (" a 1\n# EOF", "there is no valid name of a metric"),
        ("a  1\n# EOF", NO_VALUE),
        ("a\t1\n# EOF", NO_VALUE),
        ("a 1 \n# EOF", "the time is not a number of seconds"),
        ("a 1 NaN\n# EOF", "the time is not a number of seconds"),
        ("a 1\r\n# EOF", "the value is not a number"),
        ("a{b=\"c\", d=\"e\"} 1\n# EOF", "there is no valid name of a label"),
        (
            "a{b=\"c\"d=\"e\"} 1\n# EOF",
            "there is neither a comma with a label nor a brace behind a label",
        ),
        ("# TYPE a untyped\n# EOF", "there is no such type"),
        ("# UNIT a seconds\n# EOF", "the name does not end in an underscore and the unit"),
        ("# UNIT aseconds seconds\n# EOF", "the name does not end in an underscore and the unit"),
        ("# TYPE a gauge\n# TYPE a gauge\n# EOF", "the family has two such comments"),
        ("a 1\n# TYPE a gauge\n# EOF", BEHIND),
        ("# TYPE a counter\na_total 1\n# HELP a b\n# EOF", BEHIND),
        ("a 1\nb 1\na 2\n# EOF", "a"),
        ("# TYPE a counter\na 1\n# EOF", "a"),
        ("# TYPE a counter\n# TYPE a_total gauge\n# EOF", "a_total"),
        ("a_created 1\n# TYPE a counter\na_total 1\n# EOF", "a_created"),
        ("# TYPE a histogram\na_bucket 1\n# EOF", "the bucket has no label le with a number"),
        (
            "# TYPE a histogram\na_bucket{le=\"x\"} 1\n# EOF",
            "the bucket has no label le with a number",
        ),
        (
            "# TYPE a summary\na{quantile=\"x\"} 1\n# EOF",
            "the sample has no label quantile with a number",
        ),
        (
            "# TYPE a stateset\na{b=\"c\"} 1\n# EOF",
            "the state has no label with the name of its family",
        ),
        ("# TYPE a counter\na_created 1\n# EOF", "the start has no counter"),
        ("# TYPE a counter\na_created NaN\n# EOF", "the start is not a number of seconds"),
        ("a 1 # {b=\"c\"} 1\n# EOF", NO_EXEMPLAR),
        ("# TYPE a histogram\na_count 1 # {b=\"c\"} 1\n# EOF", NO_EXEMPLAR),
        (&long, "the labels of the exemplar have more than 128 characters"),
    ];
    for (text, expected) in cases {
        let (number, reason) = refused(text);
        let expected = if expected.contains(' ') { expected.to_owned() } else { name(expected) };
        assert_eq!(reason, expected, "{text}");
        assert!((1..=3).contains(&number), "{text}");
    }
}

#[test]
fn exemplars_that_are_refused() {
    for exemplar in [
        "# {b=\"c\"}",
        "# {b=\"c\"} x",
        "# {b=\"c\"} 1 x",
        "# {b=\"c\"} 1 1 1",
        "#{b=\"c\"} 1",
        "# b 1",
        "# {\"b\"} 1",
        "# {b=\"c\",b=\"d\"} 1",
    ] {
        let (number, _) = refused(&format!("# TYPE a counter\na_total 1 {exemplar}\n# EOF\n"));
        assert_eq!(number, 2, "{exemplar}");
    }
    let longest = "ü".repeat(127);
    parsed(&format!("# TYPE a counter\na_total 1 # {{b=\"{longest}\"}} 1\n# EOF\n"));
}
