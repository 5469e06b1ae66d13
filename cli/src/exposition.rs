//! The answer of any exporter: read, and as the series that `top` shows.

use std::fmt;
use std::sync::Arc;
use tickmetrics_exporter::parse::{
    self, Exposition, Family, FamilyType, Histogram, Label, Limits, ParseError,
};

/// The most samples and families that are read. `top` keeps about a kilobyte for each series, and
/// nobody looks at so many.
pub(crate) const MOST: usize = 250_000;

/// A series of any exporter.
#[derive(Debug, PartialEq)]
pub(crate) struct Scraped {
    pub(crate) name: String,
    /// As between the braces in text, without a histogram's `le`.
    pub(crate) labels: String,
    pub(crate) help: Arc<str>,
    /// Empty if the exposition has none.
    pub(crate) unit: Arc<str>,
    pub(crate) value: Value,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Counter(f64),
    Gauge(f64),
    Histogram(Box<Histogram>),
}

/// The reason why an answer can't be shown.
#[derive(Debug, PartialEq)]
pub(crate) struct Wrong(ParseError);

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ParseError::TooMany { what, limit } => write!(
                f,
                "answers with more than {limit} {what}, which is the limit here: ask for \
                 fewer, as with ?name[]=NAME in the URL where the exporter knows that"
            ),
            other => write!(f, "does not answer with metrics: {other}"),
        }
    }
}

/// Reads an exposition. An answer of an unknown type is read as text, such as a file that a server
/// knows nothing about.
pub(crate) fn read<'a>(
    body: &'a [u8],
    content_type: Option<&str>,
) -> Result<Exposition<'a>, Wrong> {
    let limits = Limits { samples: MOST, families: MOST, ..Limits::default() };
    let parsed = match parse::exposition(body, content_type, &limits) {
        Err(ParseError::ContentType(_)) => parse::text(body, &limits),
        other => other,
    };
    parsed.map_err(Wrong)
}

/// The series of an exposition.
pub(crate) fn parse(body: &[u8], content_type: Option<&str>) -> Result<Vec<Scraped>, Wrong> {
    let parsed = read(body, content_type)?;
    let mut all = Vec::new();
    for family in &parsed.families {
        let texts = Texts { help: (&*family.help).into(), unit: (&*family.unit).into() };
        add(family, &texts, &mut all);
    }
    Ok(all)
}

/// The texts of a family, once for all of its series.
struct Texts {
    help: Arc<str>,
    unit: Arc<str>,
}

fn add(family: &Family<'_>, texts: &Texts, all: &mut Vec<Scraped>) {
    let mut push = |suffix: &str, labels: String, value: Value| {
        let unit = if suffix == "_count" { Arc::default() } else { texts.unit.clone() };
        let name = [&*family.name, suffix].concat();
        all.push(Scraped { name, labels, help: texts.help.clone(), unit, value });
    };
    for series in &family.series {
        let labels = label_text(&series.labels);
        match &series.value {
            parse::Value::Number(value) => {
                let is_counter = family.family_type == FamilyType::Counter;
                let of = if is_counter { Value::Counter } else { Value::Gauge };
                push("", labels, of(*value));
            }
            parse::Value::Histogram(histogram) => {
                push("", labels, Value::Histogram(histogram.clone()));
            }
            parse::Value::Summary(summary) => {
                for (rank, value) in &summary.quantiles {
                    let comma = if labels.is_empty() { "" } else { "," };
                    let labels = format!("{labels}{comma}quantile=\"{rank}\"");
                    push("", labels, Value::Gauge(*value));
                }
                for (suffix, value) in [("_sum", summary.sum), ("_count", summary.count)] {
                    if let Some(value) = value {
                        push(suffix, labels.clone(), Value::Counter(value));
                    }
                }
            }
            _ => {}
        }
    }
}

/// As in the text format.
fn label_text(labels: &[Label<'_>]) -> String {
    let mut text = String::new();
    for (name, value) in labels {
        let comma = if text.is_empty() { "" } else { "," };
        text.extend([comma, name, "=\""]);
        for c in value.chars() {
            match c {
                '\\' => text.push_str("\\\\"),
                '"' => text.push_str("\\\""),
                '\n' => text.push_str("\\n"),
                c => text.push(c),
            }
        }
        text.push('"');
    }
    text
}

/// The values of a histogram after an `earlier` reading; `None` if the process restarted in
/// between.
pub(crate) fn since(now: &Histogram, earlier: &Histogram) -> Option<Box<Histogram>> {
    let mut interval = Box::new(now.clone());
    interval.count -= earlier.count;
    interval.sum = now.sum.zip(earlier.sum).map(|(now, then)| now - then);
    let is_later = interval.count >= 0.0 && now.buckets.len() == earlier.buckets.len();
    let buckets = interval.buckets.iter_mut().zip(&earlier.buckets);
    let mut grew = buckets.map(|(now, then)| {
        now.1 -= then.1;
        now.0 == then.0 && now.1 >= 0.0
    });
    if !is_later || !grew.all(|one| one) {
        return None;
    }
    if let Some(native) = &mut interval.native {
        let earlier = earlier.native.as_ref()?;
        native.zero_count -= earlier.zero_count;
        let is_same = native.schema == earlier.schema
            && native.zero_threshold == earlier.zero_threshold
            && native.zero_count >= 0.0;
        if !is_same
            || !subtract(&mut native.positive, &earlier.positive)
            || !subtract(&mut native.negative, &earlier.negative)
        {
            return None;
        }
    }
    Some(interval)
}

/// Takes away the counts of an earlier reading. Returns whether that had no more.
fn subtract(now: &mut [(i32, f64)], earlier: &[(i32, f64)]) -> bool {
    let mut now = now.iter_mut();
    earlier.iter().all(|(index, count)| {
        now.find(|bucket| bucket.0 >= *index).is_some_and(|bucket| {
            bucket.1 -= count;
            bucket.0 == *index && bucket.1 >= 0.0
        })
    })
}

/// The end of a label's value, behind its first quote.
pub(crate) fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::{MOST, Scraped, Value, Wrong, parse, since};
    use std::sync::Arc;
    use tickmetrics::prelude::*;
    use tickmetrics_exporter::encode::{Format, render_as};
    use tickmetrics_exporter::parse::Histogram as Parsed;

    fn text(text: &str) -> Result<Vec<Scraped>, Wrong> {
        parse(text.as_bytes(), Some("text/plain"))
    }

    fn histogram(all: &[Scraped]) -> &Parsed {
        let Some(Scraped { value: Value::Histogram(histogram), .. }) = all.last() else {
            panic!("{all:?}")
        };
        histogram
    }

    #[test]
    fn every_series_has_a_title() {
        let body = r#"
# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9
# TYPE rpc_duration_seconds summary
rpc_duration_seconds{a="b",quantile="0.5"} 4773
rpc_duration_seconds_sum{a="b"} 1.7560473e+07
rpc_duration_seconds_count{a="b"} 2693
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320
"#;
        let mut all = text(body).unwrap();
        assert_eq!(&*all[0].help, "The total number of HTTP requests.");
        let buckets = [(0.05, 24_054.0), (f64::INFINITY, 144_320.0)];
        assert_eq!(histogram(&all).buckets, buckets);
        all.pop();
        let found: Vec<_> = all.iter().map(|it| (&*it.name, &*it.labels, &it.value)).collect();
        let expected = [
            ("http_requests_total", r#"method="post",code="200""#, &Value::Counter(1027.0)),
            (
                "msdos_file_access_time_seconds",
                r#"path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\"""#,
                &Value::Gauge(1.458_255_915e9),
            ),
            ("rpc_duration_seconds", r#"a="b",quantile="0.5""#, &Value::Gauge(4773.0)),
            ("rpc_duration_seconds_sum", r#"a="b""#, &Value::Counter(1.756_047_3e7)),
            ("rpc_duration_seconds_count", r#"a="b""#, &Value::Counter(2693.0)),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn errors_name_the_line() {
        let told = text("fine 1\n<html>\n").unwrap_err().to_string();
        let expected = "does not answer with metrics: line 2 is not valid: there is no valid name \
                        of a metric: \"<html>\"";
        assert_eq!(told, expected);
        // A server that knows no type, and a page that is none.
        assert!(parse(b"a 1\n", Some("application/octet-stream")).is_ok());
        assert!(parse(b"<html>", Some("text/html")).is_err());
    }

    #[test]
    fn input_that_would_fill_the_memory_is_refused() {
        assert_eq!(text(&"a 1\n".repeat(MOST)).unwrap().len(), MOST);
        let told = text(&"a 1\n".repeat(MOST + 1)).unwrap_err().to_string();
        assert!(told.contains("more than 250000 samples"), "{told}");
        let names: Vec<_> = (0..=MOST).map(|number| format!("# HELP a{number} b\n")).collect();
        let told = text(&names.concat()).unwrap_err().to_string();
        assert!(told.contains("more than 250000 families"), "{told}");
    }

    #[test]
    fn a_help_text_is_there_once() {
        let all = text("# HELP a Long.\na{b=\"1\"} 1\na{b=\"2\"} 1\n").unwrap();
        assert!(Arc::ptr_eq(&all[0].help, &all[1].help));
    }

    #[test]
    fn an_interval_is_a_difference() {
        let registry = Registry::new();
        let description = Description::new("wait", "Waited.").sigfigs(2).native(3);
        let wait: Histogram = registry.register(&description).unwrap();
        let read = || {
            let body = render_as(&registry.snapshot(), Format::Protobuf.into());
            parse(&body, Some(Format::Protobuf.content_type())).unwrap()
        };
        [0, 1, 8].into_iter().for_each(|value| wait.record(value));
        let first = read();
        [0, 8, 100].into_iter().for_each(|value| wait.record(value));
        let second = read();
        let interval = since(histogram(&second), histogram(&first)).unwrap();
        assert_eq!((interval.count, interval.sum), (3.0, Some(108.0)));
        let native = interval.native.unwrap();
        let counts: Vec<_> = native.positive.iter().map(|bucket| bucket.1).collect();
        assert_eq!((native.zero_count, counts), (1.0, vec![0.0, 1.0, 1.0]));
        // The process began anew.
        assert_eq!(since(histogram(&first), histogram(&second)), None);
        let classic = |count| {
            text(&format!("# TYPE a histogram\na_bucket{{le=\"1\"}} {count}\na_count 9\n")).unwrap()
        };
        assert!(since(histogram(&classic(5)), histogram(&classic(3))).is_some());
        assert_eq!(since(histogram(&classic(3)), histogram(&classic(5))), None);
    }
}
