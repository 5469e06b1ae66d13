//! What other parsers accept and refuse: Prometheus itself, which scrapes each text, promtool, and
//! Prometheus' client for Python.

use std::collections::BTreeMap;
use tests::programs::{PROMETHEUS_CLIENT, feed, python, skip};
use tests::prometheus::{Prometheus, serve};
use tickmetrics_exporter::encode::Format;
use tickmetrics_exporter::parse::{self, Limits};

/// Texts of format 0.0.4.
const TEXTS: &[&str] = &[
    "",
    "\n\n",
    "a 1",
    "a 1\n",
    "a\t1\t\n",
    "a \t 1 \t 1700000000000 \t\n",
    "a 1 1700000000000\n",
    "a{b=\"c\"} 1\n",
    "a { b = \"c\" , } 1\n",
    "a{b=\"c\"}1\n",
    "a{} 1\n",
    "a{b=\"c\" d=\"e\"} 1\n",
    "a{b=\"c\"d=\"e\"} 1\n",
    "a{b=\"\\q\"} 1\n",
    "a{b=\"\"} 1\n",
    "a NaN\n",
    "a nan\n",
    "a +Inf\n",
    "a -inf\n",
    "a Infinity\n",
    "a 1e5\n",
    "a .5\n",
    "a 5.\n",
    "a +5\n",
    "# a comment\n#\n#HELP\n# HELPa b\n",
    "# HELP a\n",
    "# HELP a b \\n c\n",
    "# HELP\n",
    "# TYPE a untyped\n",
    "# TYPE a gauge\n# TYPE a counter\na 1\n",
    "a 1\n# TYPE a counter\n",
    "# TYPE a histogram\na 1\na_bucket 1\na_bucket{le=\"x\"} 1\n",
    "# TYPE a histogram\na_bucket{le=\"1\"} 1\n",
    "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"1\"} 1\n",
    "# TYPE a summary\na{quantile=\"x\"} 1\n",
    "a 1\nb 1\na{c=\"d\"} 1\n",
    "a 1\na 1\n",
    "# EOF\na 1\n",
    // Refused.
    "a\n",
    "a \n",
    "a one\n",
    "a 0x1p3\n",
    "a 0x10\n",
    "a 1_0\n",
    "a 1e999\n",
    "a +nan\n",
    "a 1 1.5\n",
    "a 1 x\n",
    "a 1 +1\n",
    "a 1 1 1\n",
    "a 1\r\n",
    "\r\n",
    "1a 1\n",
    "a-b 1\n",
    "a.b 1\n",
    "{} 1\n",
    "{b=\"c\"} 1\n",
    "a{b} 1\n",
    "a{b=c} 1\n",
    "a{b='c'} 1\n",
    "a{b=\"c} 1\n",
    "a{b=\"c\"\n",
    "a{1b=\"c\"} 1\n",
    "a{b:c=\"d\"} 1\n",
    "a{,b=\"c\"} 1\n",
    "a{b=\"c\",,d=\"e\"} 1\n",
    "a{b=\"c\",b=\"d\"} 1\n",
    "a{__name__=\"b\"} 1\n",
    "# TYPE a\n",
    "# TYPE a counters\n",
    "# TYPE a  counter\n",
    "# TYPE 1a counter\n",
    "# HELP \n",
    "<html>\n",
];

/// `OpenMetrics`, and whether Prometheus accepts what the specification forbids.
const OPENMETRICS: &[(&str, bool)] = &[
    ("# EOF", false),
    ("# EOF\n", false),
    ("a 1\n# EOF\n", false),
    ("a 1 1700000000.5\n# EOF\n", false),
    ("a{} 1\n# EOF\n", false),
    ("# HELP a \n# EOF\n", false),
    ("# TYPE a counter\na_total 1 # {b=\"c\"} 1 1.5\n# EOF\n", false),
    ("# TYPE a counter\na_total 1 # {} 1\n# EOF\n", false),
    ("# TYPE a histogram\na_bucket{le=\"+Inf\"} 1 1700000000 # {b=\"c\"} 1\n# EOF\n", false),
    ("# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1\n# EOF\n", false),
    ("# TYPE a info\na_info{b=\"c\"} 1\n# EOF\n", false),
    ("# TYPE a stateset\na{a=\"c\"} 1\n# EOF\n", false),
    ("# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum 1\n# EOF\n", false),
    // Refused.
    ("", false),
    ("a 1\n", false),
    ("# EOF\n\n", false),
    ("# EOF\na 1\n", false),
    ("a 1\n\n# EOF\n", false),
    ("# a comment\n# EOF\n", false),
    ("a  1\n# EOF\n", false),
    (" a 1\n# EOF\n", false),
    ("a\t1\n# EOF\n", false),
    ("a 1 \n# EOF\n", false),
    ("a 1 x\n# EOF\n", false),
    ("a{b=\"c\",} 1\n# EOF\n", false),
    ("a{b=\"c\", d=\"e\"} 1\n# EOF\n", false),
    ("a{b=\"c\"d=\"e\"} 1\n# EOF\n", false),
    ("a 1\r\n# EOF\n", false),
    ("# TYPE a untyped\n# EOF\n", false),
    ("# UNIT aseconds seconds\n# EOF\n", false),
    ("# TYPE a counter\na_total 1 # {b=\"c\"}\n# EOF\n", false),
    ("# TYPE a counter\na_total 1 # {b=\"c\"} x\n# EOF\n", false),
    // Refused here alone.
    ("a 1\n# TYPE a gauge\n# EOF\n", true),
    ("# TYPE a gauge\n# TYPE a gauge\na 1\n# EOF\n", true),
    ("a 1\nb 1\na{c=\"d\"} 1\n# EOF\n", true),
    ("# TYPE a counter\na 1\n# EOF\n", true),
    ("# TYPE a histogram\na_bucket 1\n# EOF\n", true),
];

fn is_text(text: &str) -> bool {
    parse::text(text.as_bytes(), &Limits::default()).is_ok()
}

fn is_openmetrics(text: &str) -> bool {
    parse::openmetrics(text.as_bytes(), &Limits::default()).is_ok()
}

/// Each text is a target, which is down where Prometheus refuses it.
#[test]
fn prometheus_accepts_the_same() {
    let texts = TEXTS.iter().map(|&text| (text, Format::Text, is_text(text)));
    let openmetrics = OPENMETRICS.iter().map(|&(text, is_lenient)| {
        let is_accepted = is_openmetrics(text);
        assert!(!(is_accepted && is_lenient), "{text}");
        (text, Format::OpenMetrics, is_accepted || is_lenient)
    });
    let cases: Vec<_> = texts.chain(openmetrics).collect();
    assert!(cases.iter().any(|case| case.2) && cases.iter().any(|case| !case.2));
    let targets: Vec<_> = cases
        .iter()
        .enumerate()
        .map(|(at, &(text, format, _))| {
            let target = serve(move |_| (format.content_type(), text.as_bytes().to_vec()));
            (format!("case{at}"), target)
        })
        .collect();
    let jobs: Vec<_> = targets.iter().map(|(job, target)| (&**job, *target)).collect();
    let Some(prometheus) = Prometheus::start("parse", &jobs, &[]) else { return };
    let up = prometheus.until("all targets", || {
        prometheus.query("up", None).filter(|found| found.len() == cases.len())
    });
    let up: BTreeMap<&str, bool> = up
        .iter()
        .map(|one| (one["metric"]["job"].as_str().unwrap(), one["value"][1].as_str() == Some("1")))
        .collect();
    let others: Vec<_> = cases
        .iter()
        .zip(&jobs)
        .filter(|((_, _, expected), (job, _))| up[job] != *expected)
        .map(|(case, _)| case)
        .collect();
    assert!(others.is_empty(), "Prometheus decides otherwise: {others:#?}");
}

/// Texts that promtool may accept, unlike the server.
const PROMTOOL: &[&str] = &[
    "a 0x1p3\n",
    "a 1 +1\n",
    "a{__name__=\"b\"} 1\n",
    "# TYPE a\n",
    "# TYPE a  counter\n",
    "# HELP \n",
];

/// promtool reads text by another parser of the project.
#[test]
fn promtool_refuses_what_is_refused() {
    for text in TEXTS.iter().filter(|text| !is_text(text)) {
        // It accepts more than the server in these.
        if PROMTOOL.contains(text) {
            continue;
        }
        let Some(output) = feed("promtool", &["check", "metrics"], text) else {
            return skip("promtool is not installed (apt-get install prometheus)");
        };
        assert_eq!(output.status.code(), Some(1), "{text:?}: {output:?}");
    }
}

/// Python's parser of `OpenMetrics` is the strict one.
#[test]
fn python_refuses_what_the_specification_forbids() {
    const SCRIPT: &str = "
import json, sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read
def accepts(text):
    try:
        list(read(text))
        return True
    except Exception:
        return False
json.dump([accepts(text) for text in json.load(sys.stdin)], sys.stdout)
";
    let texts: Vec<_> = OPENMETRICS.iter().map(|(text, _)| *text).collect();
    let input = serde_json::to_string(&texts).unwrap();
    let (module, install) = PROMETHEUS_CLIENT;
    let Some(read) = python(module, install, &["-c", SCRIPT], &input) else { return };
    let accepted: Vec<bool> = serde_json::from_slice(&read).unwrap();
    let others: Vec<_> = texts
        .iter()
        .zip(accepted)
        // It accepts a blank between labels.
        .filter(|(text, _)| !text.contains(", d"))
        .filter(|(text, accepted)| is_openmetrics(text) != *accepted)
        .collect();
    assert!(others.is_empty(), "Python decides otherwise: {others:#?}");
}
