//! A reader of the text format 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details>).

use crate::quantile::Bucket;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// The most samples and families that are read. `top` keeps about a kilobyte for each series, and
/// nobody looks at so many.
pub(crate) const MOST: usize = 250_000;

/// A series of any exporter.
#[derive(Debug, PartialEq)]
pub(crate) struct Scraped<'a> {
    pub(crate) name: &'a str,
    /// As between the braces, without a histogram's `le`.
    pub(crate) labels: Arc<str>,
    pub(crate) help: Arc<str>,
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

/// The reason why an exposition can't be read.
#[derive(Debug, PartialEq)]
pub(crate) enum Wrong {
    /// The line is not valid in the format.
    Line(usize, String),
    /// There are more of these than [`MOST`].
    TooMany(&'static str),
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(number, line) => write!(
                f,
                "does not answer with metrics: line {number} is not a sample of the text format: {line}"
            ),
            Self::TooMany(what) => write!(
                f,
                "answers with more than {MOST} {what}, which is the limit of top: ask for \
                 fewer, as with ?name[]=NAME in the URL where the exporter knows that"
            ),
        }
    }
}

/// The family's properties, from its comments.
#[derive(Default)]
struct About<'a> {
    kind: &'a str,
    help: Arc<str>,
}

/// The part of a histogram that a sample belongs to.
#[derive(Clone, Copy)]
enum Part {
    Bucket,
    Sum,
    Count,
}

/// Reads an exposition.
pub(crate) fn parse(text: &str) -> Result<Vec<Scraped<'_>>, Wrong> {
    let mut families: HashMap<&str, About<'_>> = HashMap::new();
    let mut all: Vec<Scraped<'_>> = Vec::new();
    let mut histograms: HashMap<(&str, Arc<str>), usize> = HashMap::new();
    let mut samples = 0;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.trim_start().splitn(3, [' ', '\t']);
            match (words.next(), words.next(), words.next()) {
                (Some("TYPE"), Some(name), Some(kind)) => {
                    families.entry(name).or_default().kind = kind.trim();
                }
                (Some("HELP"), Some(name), Some(help)) => {
                    families.entry(name).or_default().help = unescape(help).into();
                }
                _ => {}
            }
            if families.len() > MOST {
                return Err(Wrong::TooMany("families"));
            }
            continue;
        }
        if line.is_empty() {
            continue;
        }
        samples += 1;
        if samples > MOST {
            return Err(Wrong::TooMany("samples"));
        }
        let sample =
            Sample::parse(line).ok_or_else(|| Wrong::Line(number, format!("{line:.80}")))?;
        let help = |name: &str| families.get(name).map_or_else(Arc::default, |it| it.help.clone());
        if let Some((name, part)) = sample.part_of(&families, "histogram") {
            let labels: Arc<str> = sample.text("le").into();
            let at = *histograms.entry((name, labels)).or_insert_with_key(|(_, labels)| {
                let value = Value::Histogram(Classic::default());
                all.push(Scraped { name, labels: labels.clone(), help: help(name), value });
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
        let labels = sample.text("").into();
        all.push(Scraped { name: sample.name, labels, help: help(family), value });
    }
    for one in &mut all {
        if let Value::Histogram(histogram) = &mut one.value {
            histogram.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
            // They are kept until the next scrape.
            histogram.buckets.shrink_to_fit();
        }
    }
    Ok(all)
}

struct Sample<'a> {
    name: &'a str,
    labels: Labels<'a>,
    value: f64,
}

/// The text behind an opening brace: names and values, still escaped. It ends at the closing brace,
/// or at an error in the format.
#[derive(Clone)]
struct Labels<'a>(&'a str);

impl<'a> Iterator for Labels<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let (label, after) = self.0.split_once('=').filter(|_| !self.0.starts_with('}'))?;
        let quoted = after.trim_start().strip_prefix('"')?;
        let end = closing_quote(quoted)?;
        let rest = quoted[end + 1..].trim_start();
        // The rest must be the next label, or the end.
        self.0 = match rest.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if rest.starts_with('}') => rest,
            None => "",
        };
        Some((label.trim(), &quoted[..end]))
    }
}

impl<'a> Sample<'a> {
    /// `name{label="value",…} value [timestamp]`
    fn parse(line: &'a str) -> Option<Self> {
        let end = line.find(['{', ' ', '\t']).filter(|&end| end > 0)?;
        let (name, rest) = line.split_at(end);
        let mut rest = rest.trim_start();
        let labels = Labels(rest.strip_prefix('{').map_or("", str::trim_start));
        if rest.starts_with('{') {
            let mut read = labels.clone();
            read.by_ref().for_each(drop);
            rest = read.0.strip_prefix('}')?;
        }
        let value = rest.split_whitespace().next()?.parse().ok()?;
        Some(Self { name, labels, value })
    }

    /// The family of a type that this sample belongs to.
    fn part_of(&self, families: &HashMap<&str, About<'_>>, kind: &str) -> Option<(&'a str, Part)> {
        let parts = [("_bucket", Part::Bucket), ("_sum", Part::Sum), ("_count", Part::Count)];
        parts.into_iter().find_map(|(suffix, part)| {
            let name = self.name.strip_suffix(suffix)?;
            (families.get(name)?.kind == kind).then_some((name, part))
        })
    }

    /// All labels but one.
    fn text(&self, without: &str) -> String {
        let mut text = String::new();
        for (name, value) in self.labels.clone().filter(|(name, _)| *name != without) {
            let comma = if text.is_empty() { "" } else { "," };
            text.extend([comma, name, "=\"", value, "\""]);
        }
        text
    }
}

impl Classic {
    fn add(&mut self, part: Part, sample: &Sample<'_>) {
        match part {
            Part::Sum => self.sum = sample.value,
            Part::Count => self.count = sample.value,
            Part::Bucket => {
                let mut labels = sample.labels.clone();
                let edge = labels.find(|(name, _)| *name == "le");
                if let Some(edge) = edge.and_then(|(_, edge)| edge.parse().ok()) {
                    self.buckets.push((edge, sample.value));
                }
            }
        }
    }

    /// The values after `earlier`; `None` if the process restarted in between.
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

/// The end of a label's value, behind its first quote.
pub(crate) fn closing_quote(text: &str) -> Option<usize> {
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
    use super::{Classic, MOST, Value, Wrong, parse};
    use std::sync::Arc;

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
        let found: Vec<_> = all.iter().map(|it| (it.name, &*it.labels, &it.value)).collect();
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
        assert_eq!(&*all[0].help, "The total number of HTTP requests.");
    }

    #[test]
    fn invalid_samples_are_reported() {
        for wrong in
            ["<html>", "a{b=\"c} 1", "a{b=c} 1", "a", "a one", "{} 1", "a{b=\"c\"d=\"e\"} 1"]
        {
            let text = format!("fine 1\n{wrong}\n");
            assert_eq!(parse(&text), Err(Wrong::Line(2, wrong.into())));
        }
    }

    #[test]
    fn input_that_would_fill_the_memory_is_refused() {
        let many = |line: &str, count| parse(&line.repeat(count)).map(|all| all.len());
        assert_eq!(many("a 1\n", MOST), Ok(MOST));
        assert_eq!(many("a 1\n", MOST + 1), Err(Wrong::TooMany("samples")));
        let buckets =
            "# TYPE a histogram\n".to_owned() + &"a_bucket{le=\"1\"} 1\n".repeat(MOST + 1);
        assert_eq!(parse(&buckets), Err(Wrong::TooMany("samples")));
        let names: Vec<_> = (0..=MOST).map(|number| format!("# HELP a{number} b\n")).collect();
        assert_eq!(parse(&names.concat()), Err(Wrong::TooMany("families")));
        let told = Wrong::TooMany("samples").to_string();
        assert!(told.contains("more than 250000 samples"), "{told}");
    }

    #[test]
    fn a_help_text_is_there_once() {
        let all = parse("# HELP a Long.\na{b=\"1\"} 1\na{b=\"2\"} 1\n").unwrap();
        assert!(Arc::ptr_eq(&all[0].help, &all[1].help));
    }

    #[test]
    fn a_process_that_began_anew_has_no_interval() {
        let of = |count| Classic { buckets: vec![(1.0, count)], sum: count, count };
        assert_eq!(of(5.0).since(&of(3.0)), Some(of(2.0)));
        assert_eq!(of(3.0).since(&of(5.0)), None);
    }
}
