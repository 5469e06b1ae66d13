//! Text format 0.0.4, read
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details>).

use crate::quantile::Bucket;
use std::collections::HashMap;

/// A series of any exporter.
#[derive(Debug, PartialEq)]
pub(crate) struct Scraped {
    pub(crate) name: String,
    /// As between the braces, without a histogram's `le`.
    pub(crate) labels: String,
    pub(crate) help: String,
    pub(crate) value: Value,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Value {
    Counter(f64),
    Gauge(f64),
    Histogram(Classic),
}

/// A classic histogram.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Classic {
    /// Rising.
    pub(crate) buckets: Vec<Bucket>,
    pub(crate) sum: f64,
    pub(crate) count: f64,
}

/// What a family's name is known by.
#[derive(Default)]
struct About<'a> {
    kind: &'a str,
    help: String,
}

/// Which part of a histogram a sample is.
#[derive(Clone, Copy)]
enum Part {
    Bucket,
    Sum,
    Count,
}

/// Reads an exposition. The error says which line is none of the format.
pub(crate) fn parse(text: &str) -> Result<Vec<Scraped>, String> {
    let mut families: HashMap<&str, About<'_>> = HashMap::new();
    let mut all: Vec<Scraped> = Vec::new();
    let mut histograms: HashMap<(&str, String), usize> = HashMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.trim_start().splitn(3, [' ', '\t']);
            match (words.next(), words.next(), words.next()) {
                (Some("TYPE"), Some(name), Some(kind)) => {
                    families.entry(name).or_default().kind = kind.trim();
                }
                (Some("HELP"), Some(name), Some(help)) => {
                    families.entry(name).or_default().help = unescape(help);
                }
                _ => {}
            }
            continue;
        }
        if line.is_empty() {
            continue;
        }
        let sample = Sample::parse(line)
            .ok_or_else(|| format!("line {number} is no sample of the text format: {line:.80}"))?;
        let help = |name: &str| families.get(name).map_or("", |about| &about.help).to_owned();
        if let Some((name, part)) = sample.part_of(&families, "histogram") {
            let labels = sample.text(&["le"]);
            let at = *histograms.entry((name, labels.clone())).or_insert_with(|| {
                let value = Value::Histogram(Classic::default());
                all.push(Scraped { name: name.into(), labels, help: help(name), value });
                all.len() - 1
            });
            if let Value::Histogram(histogram) = &mut all[at].value {
                histogram.add(part, &sample);
            }
            continue;
        }
        let kind = |name: &str| families.get(name).map_or("", |about| about.kind);
        let of_summary = sample.part_of(&families, "summary").map(|(name, _)| name);
        // OpenMetrics names a counter's family without the end.
        let short = sample.name.strip_suffix("_total").filter(|name| kind(name) == "counter");
        let family = of_summary.or(short).unwrap_or(sample.name);
        let is_counter = of_summary.is_some() || kind(family) == "counter";
        let value = if is_counter { Value::Counter } else { Value::Gauge }(sample.value);
        let (name, labels) = (sample.name.to_owned(), sample.text(&[]));
        all.push(Scraped { name, labels, help: help(family), value });
    }
    for one in &mut all {
        if let Value::Histogram(histogram) = &mut one.value {
            histogram.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
    }
    Ok(all)
}

struct Sample<'a> {
    name: &'a str,
    /// Values are unescaped.
    labels: Vec<(&'a str, String)>,
    value: f64,
}

impl<'a> Sample<'a> {
    /// `name{label="value",…} value [timestamp]`
    fn parse(line: &'a str) -> Option<Self> {
        let end = line.find(['{', ' ', '\t']).filter(|&end| end > 0)?;
        let (name, rest) = line.split_at(end);
        let mut rest = rest.trim_start();
        let mut labels = Vec::new();
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner.trim_start();
            while !rest.starts_with('}') {
                let (label, after) = rest.split_once('=')?;
                let quoted = after.trim_start().strip_prefix('"')?;
                let end = closing_quote(quoted)?;
                labels.push((label.trim(), unescape(&quoted[..end])));
                rest = quoted[end + 1..].trim_start();
                match rest.strip_prefix(',') {
                    Some(after) => rest = after.trim_start(),
                    None if rest.starts_with('}') => {}
                    None => return None,
                }
            }
            rest = &rest[1..];
        }
        let value = rest.split_whitespace().next()?.parse().ok()?;
        Some(Self { name, labels, value })
    }

    /// The family of a type that this sample is a part of.
    fn part_of(&self, families: &HashMap<&str, About<'_>>, kind: &str) -> Option<(&'a str, Part)> {
        let parts = [("_bucket", Part::Bucket), ("_sum", Part::Sum), ("_count", Part::Count)];
        parts.into_iter().find_map(|(suffix, part)| {
            let name = self.name.strip_suffix(suffix)?;
            (families.get(name)?.kind == kind).then_some((name, part))
        })
    }

    fn text(&self, without: &[&str]) -> String {
        let shown = self.labels.iter().filter(|(name, _)| !without.contains(name));
        let shown: Vec<_> = shown.map(|(name, value)| format!("{name}={value:?}")).collect();
        shown.join(",")
    }
}

impl Classic {
    fn add(&mut self, part: Part, sample: &Sample<'_>) {
        match part {
            Part::Sum => self.sum = sample.value,
            Part::Count => self.count = sample.value,
            Part::Bucket => {
                let edge = sample.labels.iter().find(|(name, _)| *name == "le");
                if let Some(edge) = edge.and_then(|(_, edge)| edge.parse().ok()) {
                    self.buckets.push((edge, sample.value));
                }
            }
        }
    }

    /// What came after `earlier`; `None` where the process began anew in between.
    pub(crate) fn since(&self, earlier: &Self) -> Option<Self> {
        let pairs = || self.buckets.iter().zip(&earlier.buckets);
        let grew = self.count >= earlier.count
            && self.buckets.len() == earlier.buckets.len()
            && pairs().all(|(now, then)| now.0 == then.0 && now.1 >= then.1);
        grew.then(|| Self {
            buckets: pairs().map(|(now, then)| (now.0, now.1 - then.1)).collect(),
            sum: self.sum - earlier.sum,
            count: self.count - earlier.count,
        })
    }
}

/// Where a label's value ends.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => plain.push('\\'),
            },
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{Classic, Value, parse};

    #[test]
    fn the_formats_own_example() {
        let text = r#"
# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero", } +Inf -3982045
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
        let all = parse(text).unwrap();
        let found: Vec<_> =
            all.iter().map(|it| (it.name.as_str(), it.labels.as_str(), &it.value)).collect();
        let classic = Classic {
            buckets: vec![(0.05, 24_054.0), (f64::INFINITY, 144_320.0)],
            sum: 53_423.0,
            count: 144_320.0,
        };
        let expected = [
            ("http_requests_total", r#"method="post",code="200""#, &Value::Counter(1027.0)),
            (
                "msdos_file_access_time_seconds",
                r#"path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\"""#,
                &Value::Gauge(1.458_255_915e9),
            ),
            ("metric_without_timestamp_and_labels", "", &Value::Gauge(12.47)),
            ("something_weird", r#"problem="division by zero""#, &Value::Gauge(f64::INFINITY)),
            ("http_request_duration_seconds", "", &Value::Histogram(classic)),
            ("rpc_duration_seconds", r#"quantile="0.5""#, &Value::Gauge(4773.0)),
            ("rpc_duration_seconds_sum", "", &Value::Counter(1.756_047_3e7)),
            ("rpc_duration_seconds_count", "", &Value::Counter(2693.0)),
        ];
        assert_eq!(found, expected);
        assert_eq!(all[0].help, "The total number of HTTP requests.");
    }

    #[test]
    fn what_is_no_sample_is_told() {
        for wrong in
            ["<html>", "a{b=\"c} 1", "a{b=c} 1", "a", "a one", "{} 1", "a{b=\"c\"d=\"e\"} 1"]
        {
            let text = format!("fine 1\n{wrong}\n");
            assert!(parse(&text).unwrap_err().starts_with("line 2 "), "{wrong}");
        }
    }

    #[test]
    fn a_process_that_began_anew_has_no_interval() {
        let of = |count| Classic { buckets: vec![(1.0, count)], sum: count, count };
        assert_eq!(of(5.0).since(&of(3.0)), Some(of(2.0)));
        assert_eq!(of(3.0).since(&of(5.0)), None);
    }
}
