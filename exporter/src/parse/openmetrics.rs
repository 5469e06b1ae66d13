//! `OpenMetrics` 1.0.0 (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use super::builder::{Builder, taken};
use super::error::{Fault, ParseError};
use super::lexer::{Lexer, unescape};
use super::limits::Limits;
use super::number::{float, seconds, to_milliseconds};
use super::suffixes::{Part, family_type, parts, renamed};
use super::types::{Exemplar, Exposition, FamilyType, Label, Value};
use std::borrow::Cow;
use std::collections::HashSet;

/// Parses the text format `OpenMetrics` 1.0.0, with names in quotes as Prometheus reads them.
///
/// The format is strict: the text ends with `# EOF`, a family is in one piece with its comments in
/// front, the suffix of each sample is one that the type has, and no name belongs to two families.
/// Exemplars are on the lines of counters and buckets alone, and their labels have at most 128
/// characters. As in Prometheus, the series of a family may be interleaved, and values are not
/// checked: a counter may be negative. Times are rounded to milliseconds.
///
/// # Errors
/// The first line that is not valid, or [`ParseError::TooMany`].
///
/// ```
/// use tickmetrics_exporter::parse::{self, FamilyType, Limits};
///
/// let body = b"\
/// ## TYPE ticks counter
/// ticks_total 7 # {trace_id=\"4bf9\"} 1 1700000000.5
/// ticks_created 1600000000
/// ## EOF
/// ";
/// let exposition = parse::openmetrics(body, &Limits::default())?;
/// let family = &exposition.families[0];
/// // The name that the series has in Prometheus.
/// assert_eq!((&*family.name, family.family_type), ("ticks_total", FamilyType::Counter));
/// let series = &family.series[0];
/// assert_eq!(series.created, Some(1_600_000_000.0));
/// assert_eq!(series.exemplars[0].time, Some(1_700_000_000.5));
/// # Ok::<(), parse::ParseError>(())
/// ```
pub fn openmetrics<'a>(body: &'a [u8], limits: &Limits) -> Result<Exposition<'a>, ParseError> {
    limits.check_bytes(body)?;
    let mut lexer = Lexer::new(body)?;
    let mut reader = Reader {
        builder: Builder::new(limits),
        names: HashSet::new(),
        current: None,
        labels: Vec::new(),
        latest: None,
        early: Vec::new(),
    };
    loop {
        match reader.line(&mut lexer) {
            Ok(false) => {}
            Ok(true) => break,
            Err(fault) => return Err(lexer.error(fault)),
        }
    }
    reader.end()
}

/// The beginnings of comments.
const COMMENTS: [&str; 3] = ["# HELP ", "# TYPE ", "# UNIT "];

/// The most characters of an exemplar's labels.
const EXEMPLAR: usize = 128;

struct Reader<'a, 'l> {
    builder: Builder<'a, 'l>,
    /// The names of all families and of their samples.
    names: HashSet<Cow<'a, str>>,
    current: Option<Current<'a>>,
    /// Of the present sample.
    labels: Vec<Label<'a>>,
    /// The name of the sample before, and its part of the current family.
    latest: Option<(Cow<'a, str>, Part)>,
    early: Vec<Early<'a>>,
}

/// The family whose lines are read.
struct Current<'a> {
    /// As in the comments.
    name: Cow<'a, str>,
    family: usize,
    /// Which of [`COMMENTS`] are there.
    has: [bool; 3],
    has_samples: bool,
}

/// The start of a counter that came before the counter.
struct Early<'a> {
    family: usize,
    labels: Vec<Label<'a>>,
    timestamp_ms: Option<i64>,
    created: f64,
    error: ParseError,
}

impl<'a> Reader<'a, '_> {
    /// Reads a line. Returns whether it was the last one.
    fn line(&mut self, lexer: &mut Lexer<'a>) -> Result<bool, Fault> {
        match lexer.peek() {
            None => return Err("the text does not end with # EOF".into()),
            Some(b'\n') => return Err("the format has no empty lines".into()),
            Some(b'#') => {
                if lexer.eat_text("# EOF") {
                    self.close()?;
                    lexer.end_line()?;
                    return if lexer.is_at_end() {
                        Ok(true)
                    } else {
                        Err("there is text behind # EOF".into())
                    };
                }
                self.comment(lexer)?;
            }
            Some(_) => self.sample(lexer)?,
        }
        lexer.end_line()?;
        Ok(false)
    }

    fn comment(&mut self, lexer: &mut Lexer<'a>) -> Result<(), Fault> {
        let Some(comment) = COMMENTS.iter().position(|comment| lexer.eat_text(comment)) else {
            return Err("the format has no comments but # HELP, # TYPE, # UNIT and # EOF".into());
        };
        let name = lexer.name()?;
        if !lexer.eat(b' ') {
            return Err("there is no blank behind the name".into());
        }
        let text = lexer.rest();
        if self.current.as_ref().is_none_or(|current| current.name != name) {
            self.open(name)?;
        }
        let Some(current) = &mut self.current else { return Ok(()) };
        if current.has_samples {
            return Err("a comment is behind samples of its family".into());
        }
        if std::mem::replace(&mut current.has[comment], true) {
            return Err("the family has two such comments".into());
        }
        let family = self.builder.at(current.family);
        match COMMENTS[comment] {
            "# HELP " => family.help = unescape(text, true),
            "# TYPE " => {
                family.family_type = family_type(text).ok_or("there is no such type")?;
            }
            _ => {
                let before = current.name.strip_suffix(text);
                if !text.is_empty() && !before.is_some_and(|before| before.ends_with('_')) {
                    return Err("the name does not end in an underscore and the unit".into());
                }
                family.unit = text.into();
            }
        }
        Ok(())
    }

    /// Begins a family.
    fn open(&mut self, name: Cow<'a, str>) -> Result<(), Fault> {
        self.close()?;
        self.claim(name.clone())?;
        let family = self.builder.add(name.clone())?;
        self.current = Some(Current { name, family, has: [false; 3], has_samples: false });
        Ok(())
    }

    /// Ends the comments of the current family: its type is known now.
    fn begin_samples(&mut self) -> Result<(), Fault> {
        let Some(current) = &mut self.current else { return Ok(()) };
        if std::mem::replace(&mut current.has_samples, true) {
            return Ok(());
        }
        let name = current.name.clone();
        let family = self.builder.at(current.family);
        let family_type = family.family_type;
        if let Some(suffix) = renamed(family_type) {
            family.name = Cow::Owned([&*name, suffix].concat());
        }
        for (suffix, _) in parts(family_type).iter().filter(|(suffix, _)| !suffix.is_empty()) {
            self.claim(Cow::Owned([&*name, suffix].concat()))?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.latest = None;
        let closed = self.begin_samples();
        self.current = None;
        closed
    }

    fn claim(&mut self, name: Cow<'a, str>) -> Result<(), Fault> {
        if self.names.contains(&name) {
            return Err(format!(
                "the name {name:?} is that of an earlier family or of its samples: families must \
                 be in one piece, and have different names"
            )
            .into());
        }
        self.names.insert(name);
        Ok(())
    }

    fn sample(&mut self, lexer: &mut Lexer<'a>) -> Result<(), Fault> {
        let most = self.builder.limits.labels;
        let name = lexer.series::<true>(&mut self.labels, most)?;
        let value = value(lexer)?;
        let mut exemplar = lexer.eat_text(" # {");
        let mut time = None;
        if !exemplar && lexer.eat(b' ') {
            time = Some(seconds(lexer.word()).ok_or("the time is not a number of seconds")?);
            exemplar = lexer.eat_text(" # {");
        }
        let time = time.map(to_milliseconds);
        let exemplar = if exemplar { Some(read_exemplar(lexer, most)?) } else { None };
        self.builder.count(1 + usize::from(exemplar.is_some()))?;
        let (family, part) = self.part(name)?;
        if exemplar.is_some() && !matches!(part, Part::Total | Part::Bucket) {
            return Err("only counters and buckets have exemplars".into());
        }
        self.add(lexer, family, part, time, value, exemplar)
    }

    /// The family of a sample with this name, and its part in it.
    fn part(&mut self, name: Cow<'a, str>) -> Result<(usize, Part), Fault> {
        if let (Some(current), Some((latest, part))) = (&self.current, &self.latest)
            && *latest == name
        {
            return Ok((current.family, *part));
        }
        let part = self.current.as_ref().and_then(|current| {
            let suffix = name.strip_prefix(&*current.name)?;
            let parts = parts(self.builder.at(current.family).family_type);
            parts.iter().find(|(part, _)| *part == suffix).map(|(_, part)| *part)
        });
        if part.is_none() {
            self.open(name.clone())?;
        }
        self.begin_samples()?;
        let part = part.unwrap_or(Part::Number);
        self.latest = Some((name, part));
        let family = self.current.as_ref().map_or(0, |current| current.family);
        Ok((family, part))
    }

    fn add(
        &mut self,
        lexer: &Lexer<'a>,
        family: usize,
        part: Part,
        time: Option<i64>,
        value: f64,
        exemplar: Option<Exemplar<'a>>,
    ) -> Result<(), Fault> {
        let Self { builder, labels, .. } = self;
        let family_type = builder.at(family).family_type;
        let edge = match part {
            Part::Number | Part::Total => {
                let name = self.current.as_ref().map_or("", |current| &current.name);
                let has_state =
                    |labels: &[Label<'_>]| labels.iter().any(|(label, _)| label == name);
                if family_type == FamilyType::StateSet && !has_state(labels) {
                    return Err("the state has no label with the name of its family".into());
                }
                let series = builder.push(family, labels, time, Value::Number(value));
                series.exemplars.extend(exemplar);
                return Ok(());
            }
            Part::Created if !value.is_finite() => {
                return Err("the start is not a number of seconds".into());
            }
            Part::Created if family_type == FamilyType::Counter => {
                match builder.find_series(family, labels, time) {
                    Some(at) => builder.at(family).series[at].created = Some(value),
                    None => self.early.push(Early {
                        family,
                        labels: taken(labels),
                        timestamp_ms: time,
                        created: value,
                        error: lexer.error("the start has no counter"),
                    }),
                }
                return Ok(());
            }
            Part::Bucket => {
                take_edge(labels, "le").ok_or("the bucket has no label le with a number")?
            }
            Part::Quantile => take_edge(labels, "quantile")
                .ok_or("the sample has no label quantile with a number")?,
            Part::Created | Part::Sum | Part::Count => 0.0,
        };
        let series = builder.whole(family, labels, time);
        series.exemplars.extend(exemplar);
        match (&mut series.value, part) {
            (_, Part::Created) => series.created = Some(value),
            (Value::Histogram(it), Part::Bucket) => it.buckets.push((edge, value)),
            (Value::Histogram(it), Part::Sum) => _ = it.sum.get_or_insert(value),
            (Value::Histogram(it), Part::Count) if it.count.is_nan() => it.count = value,
            (Value::Summary(it), Part::Quantile) => it.quantiles.push((edge, value)),
            (Value::Summary(it), Part::Sum) => _ = it.sum.get_or_insert(value),
            (Value::Summary(it), Part::Count) => _ = it.count.get_or_insert(value),
            _ => {}
        }
        Ok(())
    }

    fn end(mut self) -> Result<Exposition<'a>, ParseError> {
        for early in self.early {
            let Early { family, labels, timestamp_ms, created, error } = early;
            match self.builder.find_series(family, &labels, timestamp_ms) {
                Some(at) => self.builder.at(family).series[at].created = Some(created),
                None => return Err(error),
            }
        }
        Ok(Exposition { families: self.builder.end() })
    }
}

/// The value behind a blank.
fn value(lexer: &mut Lexer<'_>) -> Result<f64, Fault> {
    let text = if lexer.eat(b' ') { lexer.word() } else { "" };
    if text.is_empty() {
        return Err("there is no value behind one blank".into());
    }
    Ok(float(text).ok_or("the value is not a number")?)
}

/// Reads an exemplar from behind its opening brace.
fn read_exemplar<'a>(lexer: &mut Lexer<'a>, most: usize) -> Result<Exemplar<'a>, Fault> {
    let labels = lexer.exemplar_labels(most)?;
    let characters = |(name, value): &Label<'_>| name.chars().count() + value.chars().count();
    if labels.iter().map(characters).sum::<usize>() > EXEMPLAR {
        return Err("the labels of the exemplar have more than 128 characters".into());
    }
    let value = value(lexer)?;
    let time = if lexer.eat(b' ') {
        Some(seconds(lexer.word()).ok_or("the exemplar's time is not a number of seconds")?)
    } else {
        None
    };
    Ok(Exemplar { labels, value, time })
}

/// Takes a bucket's edge or a quantile's rank out of the labels.
fn take_edge(labels: &mut Vec<Label<'_>>, label: &str) -> Option<f64> {
    let at = labels.iter().rposition(|(name, _)| name == label)?;
    let edge = float(&labels[at].1).filter(|edge| !edge.is_nan())?;
    labels.remove(at);
    Some(edge)
}
