//! `OpenMetrics` 1.0.0.

use crate::flat::flat;
use tickmetrics_exporter::parse::{self, Limits};

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
