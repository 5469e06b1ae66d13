//! Text formats 0.0.4 and 1.0.0
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).

use super::builder::Builder;
use super::error::{Fault, ParseError};
use super::lexer::{Lexer, unescape};
use super::limits::Limits;
use super::number::{float, milliseconds};
use super::types::{Exposition, FamilyType, Label, Value};
use std::borrow::Cow;

/// Parses the text formats 0.0.4 and 1.0.0, which differ only in the names that have quotes.
///
/// It accepts what Prometheus accepts: samples without comments, families in several pieces, blanks
/// between the parts of a line, a last line without a line feed. The samples before a `# TYPE` line
/// are not of that type. There are these differences:
///
/// - The whole text must be UTF-8, also in comments that Prometheus skips.
/// - A line feed in a label's value has to be escaped, as the format demands.
/// - A time may be negative, as in the example of the format's documentation.
/// - Blanks may be in front of a name, as the format allows. Prometheus takes them for a part of it.
/// - A number must not follow a name without a blank or a brace: Prometheus reads `a.5` as 0.5.
///
/// # Errors
/// The first line that is not valid, or [`ParseError::TooMany`].
///
/// ```
/// use tickmetrics_exporter::parse::{self, FamilyType, Limits, Value};
///
/// let body = b"# TYPE ticks_total counter\nticks_total{side=\"buy\"} 7\n";
/// let exposition = parse::text(body, &Limits::default())?;
/// let family = &exposition.families[0];
/// assert_eq!((&*family.name, family.family_type), ("ticks_total", FamilyType::Counter));
/// assert_eq!(family.series[0].value, Value::Number(7.0));
///
/// let error = parse::text(b"ticks_total 7\nticks_total seven\n", &Limits::default()).unwrap_err();
/// assert_eq!(error.to_string(), r#"line 2 is not valid: the value is not a number: "ticks_total seven""#);
/// # Ok::<(), parse::ParseError>(())
/// ```
pub fn text<'a>(body: &'a [u8], limits: &Limits) -> Result<Exposition<'a>, ParseError> {
    limits.check_bytes(body)?;
    let mut lexer = Lexer::new(body)?;
    let mut reader = Reader { builder: Builder::new(limits), labels: Vec::new(), latest: None };
    while !lexer.is_at_end() {
        reader.line(&mut lexer).map_err(|fault| lexer.error(fault))?;
    }
    Ok(Exposition { families: reader.builder.end() })
}

/// The part of its family that a sample is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Number,
    Quantile,
    Bucket,
    Sum,
    Count,
}

struct Reader<'a, 'l> {
    builder: Builder<'a, 'l>,
    /// Of the present sample.
    labels: Vec<Label<'a>>,
    /// The name of the sample before, and what it is.
    latest: Option<(Cow<'a, str>, usize, Part)>,
}

impl<'a> Reader<'a, '_> {
    fn line(&mut self, lexer: &mut Lexer<'a>) -> Result<(), Fault> {
        lexer.blanks();
        match lexer.peek() {
            None | Some(b'\n') => {}
            Some(b'#') => self.comment(lexer)?,
            Some(_) => self.sample(lexer)?,
        }
        lexer.end_line()
    }

    fn comment(&mut self, lexer: &mut Lexer<'a>) -> Result<(), Fault> {
        lexer.eat(b'#');
        let word = if lexer.blanks() { lexer.word() } else { "" };
        if !matches!(word, "HELP" | "TYPE") || !lexer.blanks() {
            lexer.rest();
            return Ok(());
        }
        let name = lexer.name()?;
        let rest = lexer.rest();
        if !matches!(rest.as_bytes().first(), None | Some(b' ' | b'\t')) {
            return Err("there is no valid name of a metric".into());
        }
        let text = rest.get(1..).unwrap_or_default();
        let family = self.builder.family(name)?;
        if word == "HELP" {
            self.builder.at(family).help = unescape(text, false);
        } else {
            self.builder.at(family).family_type = match text {
                "counter" => FamilyType::Counter,
                "gauge" => FamilyType::Gauge,
                "histogram" => FamilyType::Histogram,
                "summary" => FamilyType::Summary,
                "untyped" => FamilyType::Unknown,
                _ => {
                    return Err(
                        "the type is not counter, gauge, histogram, summary or untyped".into()
                    );
                }
            };
            self.latest = None;
        }
        Ok(())
    }

    fn sample(&mut self, lexer: &mut Lexer<'a>) -> Result<(), Fault> {
        let most = self.builder.limits.labels;
        let name = lexer.series::<false>(&mut self.labels, most)?;
        lexer.blanks();
        let value = match lexer.word() {
            "" => return Err("there is no value".into()),
            text => float(text).ok_or("the value is not a number")?,
        };
        lexer.blanks();
        let time = match lexer.word() {
            "" => None,
            text => {
                Some(milliseconds(text).ok_or("the time is not a whole number of milliseconds")?)
            }
        };
        lexer.blanks();
        self.builder.count(1)?;
        let (family, part) = self.part(name.clone())?;
        let edge = match part {
            Part::Bucket => self.take_edge("le"),
            Part::Quantile => self.take_edge("quantile"),
            _ => None,
        };
        let (family, part) = match (part, edge) {
            // A series like any other.
            (Part::Bucket, None) => (self.builder.family(name)?, Part::Number),
            (Part::Quantile, None) => (family, Part::Number),
            _ => (family, part),
        };
        if part == Part::Number {
            self.builder.push(family, &mut self.labels, time, Value::Number(value));
            return Ok(());
        }
        match (&mut self.builder.whole(family, &mut self.labels, time).value, part, edge) {
            (Value::Histogram(it), Part::Bucket, Some(edge)) => it.buckets.push((edge, value)),
            (Value::Histogram(it), Part::Sum, _) => _ = it.sum.get_or_insert(value),
            (Value::Histogram(it), Part::Count, _) if it.count.is_nan() => it.count = value,
            (Value::Summary(it), Part::Quantile, Some(rank)) => it.quantiles.push((rank, value)),
            (Value::Summary(it), Part::Sum, _) => _ = it.sum.get_or_insert(value),
            (Value::Summary(it), Part::Count, _) => _ = it.count.get_or_insert(value),
            _ => {}
        }
        Ok(())
    }

    /// The family of a sample with this name, and its part in it.
    fn part(&mut self, name: Cow<'a, str>) -> Result<(usize, Part), Fault> {
        if let Some((latest, family, part)) = &self.latest
            && *latest == name
        {
            return Ok((*family, *part));
        }
        let parts = [("_bucket", Part::Bucket), ("_sum", Part::Sum), ("_count", Part::Count)];
        let of_whole = parts.into_iter().find_map(|(suffix, part)| {
            let family = self.builder.find(name.strip_suffix(suffix)?)?;
            let is_part = match self.builder.at(family).family_type {
                FamilyType::Histogram => true,
                FamilyType::Summary => part != Part::Bucket,
                _ => false,
            };
            is_part.then_some((family, part))
        });
        let (family, part) = if let Some(found) = of_whole {
            found
        } else {
            let family = self.builder.family(name.clone())?;
            match self.builder.at(family).family_type {
                FamilyType::Summary => (family, Part::Quantile),
                _ => (family, Part::Number),
            }
        };
        self.latest = Some((name, family, part));
        Ok((family, part))
    }

    /// Takes a bucket's edge or a quantile's rank out of the labels, if it is there and a number.
    fn take_edge(&mut self, label: &str) -> Option<f64> {
        let at = self.labels.iter().rposition(|(name, _)| name == label)?;
        let edge = float(&self.labels[at].1).filter(|edge| !edge.is_nan())?;
        self.labels.remove(at);
        Some(edge)
    }
}
