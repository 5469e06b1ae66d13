//! Prometheus' protobuf: length-delimited `io.prometheus.client.MetricFamily`
//! (<https://github.com/prometheus/client_model/blob/v0.6.2/io/prometheus/client/metrics.proto>).

use super::builder::Builder;
use super::error::{Fault, ParseError};
use super::lexer::check_labels;
use super::limits::Limits;
use super::native::Buckets;
use super::types::{Exemplar, Exposition, FamilyType, Histogram, Label, Summary, Value};
use super::wire::{Field, Message};
use std::borrow::Cow;

/// Parses Prometheus' protobuf: messages `io.prometheus.client.MetricFamily`, each behind its
/// length as a varint.
///
/// Unknown fields are skipped. As Prometheus does it, a histogram has native buckets if it has
/// spans, a zero threshold or values in the zero bucket. Integers above 2^53 are rounded.
///
/// # Errors
/// The first family that is not valid, or [`ParseError::TooMany`].
///
/// ```
/// use tickmetrics_exporter::{encode, parse::{self, Limits, Value}};
/// use tickmetrics::prelude::*;
///
/// let registry = Registry::new();
/// let wait: Histogram = registry.register(&Description::new("wait", "Waited.").sigfigs(2).native(3))?;
/// wait.record(8);
/// let mut body = Vec::new();
/// encode::protobuf(&registry.snapshot(), &mut body);
///
/// let exposition = parse::protobuf(&body, &Limits::default())?;
/// let Value::Histogram(wait) = &exposition.families[0].series[0].value else { panic!() };
/// let native = wait.native.as_ref().expect("native buckets");
/// let [(index, count)] = native.positive[..] else { panic!() };
/// assert_eq!((native.upper(index), count), (8.0, 1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn protobuf<'a>(body: &'a [u8], limits: &Limits) -> Result<Exposition<'a>, ParseError> {
    limits.check_bytes(body)?;
    let mut reader = Reader { builder: Builder::new(limits), labels: Vec::new() };
    let mut rest = Message(body);
    let mut number = 0;
    while !rest.0.is_empty() {
        number += 1;
        let family = rest.delimited().map_err(|fault| ParseError::message("", number, fault))?;
        let mut name = "";
        reader
            .family(Message(family), &mut name)
            .map_err(|fault| ParseError::message(name, number, fault))?;
    }
    Ok(Exposition { families: reader.builder.end() })
}

struct Reader<'a, 'l> {
    builder: Builder<'a, 'l>,
    /// Of the present metric.
    labels: Vec<Label<'a>>,
}

impl<'a> Reader<'a, '_> {
    fn family(&mut self, message: Message<'a>, name: &mut &'a str) -> Result<(), Fault> {
        let (mut help, mut unit, mut of_type) = ("", "", 0);
        let mut fields = message;
        while let Some((number, field)) = fields.next()? {
            match number {
                1 => *name = field.text()?,
                2 => help = field.text()?,
                3 => of_type = field.uint()?,
                5 => unit = field.text()?,
                _ => {}
            }
        }
        if name.is_empty() {
            return Err("it has no name".into());
        }
        let (family_type, of_value) = match of_type {
            0 => (FamilyType::Counter, 3),
            1 => (FamilyType::Gauge, 2),
            2 => (FamilyType::Summary, 4),
            3 => (FamilyType::Unknown, 5),
            4 => (FamilyType::Histogram, 7),
            5 => (FamilyType::GaugeHistogram, 7),
            _ => return Err("there is no such type".into()),
        };
        check_unit(name, unit, family_type)?;
        let name = Cow::Borrowed(*name);
        let at = match self.builder.find(&name) {
            Some(at) if self.builder.at(at).family_type == family_type => at,
            Some(_) => self.builder.add(name)?,
            None => self.builder.family(name)?,
        };
        let family = self.builder.at(at);
        family.family_type = family_type;
        if !help.is_empty() {
            family.help = help.into();
        }
        if !unit.is_empty() {
            family.unit = unit.into();
        }
        let mut fields = message;
        while let Some((number, field)) = fields.next()? {
            if number == 4 {
                self.metric(at, family_type, of_value, field.message()?)?;
            }
        }
        Ok(())
    }

    fn metric(
        &mut self,
        family: usize,
        family_type: FamilyType,
        of_value: u64,
        mut message: Message<'a>,
    ) -> Result<(), Fault> {
        self.labels.clear();
        let most = self.builder.limits.labels;
        let (mut metric, mut time, mut has_value) = (Metric::default(), None, false);
        while let Some((number, field)) = message.next()? {
            match number {
                1 => push_label(&mut self.labels, field.message()?, most)?,
                6 => time = Some(field.uint()?.cast_signed()),
                _ if number == of_value => {
                    has_value = true;
                    let message = field.message()?;
                    match family_type {
                        FamilyType::Summary => metric.summary(&mut self.builder, message)?,
                        FamilyType::Histogram | FamilyType::GaugeHistogram => {
                            metric.histogram(&mut self.builder, message)?;
                        }
                        _ => metric.number(&mut self.builder, message)?,
                    }
                }
                _ => {}
            }
        }
        check_labels(&self.labels)?;
        if !has_value {
            return Err("a metric has no value of the family's type".into());
        }
        self.builder.count(1)?;
        let value = match family_type {
            FamilyType::Summary => {
                self.builder.count(1)?;
                Value::Summary(Box::new(metric.summary))
            }
            FamilyType::Histogram | FamilyType::GaugeHistogram => {
                self.builder.count(1)?;
                let count = metric.count();
                let mut histogram = metric.histogram.unwrap_or_else(Histogram::begin);
                histogram.count = count;
                histogram.native = metric.native.end()?;
                Value::Histogram(Box::new(histogram))
            }
            _ => Value::Number(metric.value),
        };
        let series = self.builder.push(family, &mut self.labels, time, value);
        series.created = metric.created.map(Time::seconds).transpose()?;
        series.exemplars = metric.exemplars;
        Ok(())
    }
}

/// The content of a `Metric`, of any type. What is there twice is merged, as protobuf demands.
#[derive(Default)]
struct Metric<'a> {
    value: f64,
    summary: Summary,
    histogram: Option<Histogram>,
    count: u64,
    float_count: f64,
    native: Buckets,
    created: Option<Time>,
    exemplars: Vec<Exemplar<'a>>,
}

impl<'a> Metric<'a> {
    /// Of floats, it has the float, as in Prometheus.
    fn count(&self) -> f64 {
        if self.float_count > 0.0 { self.float_count } else { self.count as f64 }
    }

    /// `Counter`, `Gauge` or `Untyped`.
    fn number(
        &mut self,
        builder: &mut Builder<'a, '_>,
        mut message: Message<'a>,
    ) -> Result<(), Fault> {
        while let Some((number, field)) = message.next()? {
            match number {
                1 => self.value = field.double()?,
                2 => self.exemplar(builder, field)?,
                3 => Time::read(&mut self.created, field.message()?)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn summary(
        &mut self,
        builder: &mut Builder<'a, '_>,
        mut message: Message<'a>,
    ) -> Result<(), Fault> {
        while let Some((number, field)) = message.next()? {
            match number {
                1 => self.summary.count = Some(field.uint()? as f64),
                2 => self.summary.sum = Some(field.double()?),
                3 => {
                    let (mut rank, mut value) = (0.0, 0.0);
                    let mut quantile = field.message()?;
                    while let Some((number, field)) = quantile.next()? {
                        match number {
                            1 => rank = field.double()?,
                            2 => value = field.double()?,
                            _ => {}
                        }
                    }
                    builder.count(1)?;
                    self.summary.quantiles.push((rank, value));
                }
                4 => Time::read(&mut self.created, field.message()?)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn histogram(
        &mut self,
        builder: &mut Builder<'a, '_>,
        mut message: Message<'a>,
    ) -> Result<(), Fault> {
        while let Some((number, field)) = message.next()? {
            let histogram = self.histogram.get_or_insert_with(Histogram::begin);
            match number {
                1 => self.count = field.uint()?,
                4 => self.float_count = field.double()?,
                2 => histogram.sum = Some(field.double()?),
                3 => {
                    let bucket = self.bucket(builder, field.message()?)?;
                    builder.count(1)?;
                    if let Some(histogram) = &mut self.histogram {
                        histogram.buckets.push(bucket);
                    }
                }
                5..=14 => self.native.field(builder, number, field)?,
                15 => Time::read(&mut self.created, field.message()?)?,
                16 => self.exemplar(builder, field)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn bucket(
        &mut self,
        builder: &mut Builder<'a, '_>,
        mut message: Message<'a>,
    ) -> Result<(f64, f64), Fault> {
        let (mut count, mut float_count, mut upper) = (0, 0.0, 0.0_f64);
        while let Some((number, field)) = message.next()? {
            match number {
                1 => count = field.uint()?,
                2 => upper = field.double()?,
                3 => self.exemplar(builder, field)?,
                4 => float_count = field.double()?,
                _ => {}
            }
        }
        if upper.is_nan() {
            return Err("the edge of a bucket is not a number".into());
        }
        Ok((upper, if float_count > 0.0 { float_count } else { count as f64 }))
    }

    fn exemplar(&mut self, builder: &mut Builder<'a, '_>, field: Field<'a>) -> Result<(), Fault> {
        let mut message = field.message()?;
        let (mut labels, mut value, mut time) = (Vec::new(), 0.0, None);
        while let Some((number, field)) = message.next()? {
            match number {
                1 => push_label(&mut labels, field.message()?, builder.limits.labels)?,
                2 => value = field.double()?,
                3 => Time::read(&mut time, field.message()?)?,
                _ => {}
            }
        }
        check_labels(&labels)?;
        builder.count(1)?;
        let time = time.map(Time::seconds).transpose()?;
        self.exemplars.push(Exemplar { labels, value, time });
        Ok(())
    }
}

fn push_label<'a>(
    labels: &mut Vec<Label<'a>>,
    mut message: Message<'a>,
    most: usize,
) -> Result<(), Fault> {
    let (mut name, mut value) = ("", "");
    while let Some((number, field)) = message.next()? {
        match number {
            1 => name = field.text()?,
            2 => value = field.text()?,
            _ => {}
        }
    }
    if name.is_empty() {
        return Err("a label has no name".into());
    }
    if labels.len() >= most {
        return Err(Fault::TooMany("labels of a sample", most));
    }
    labels.push((name.into(), value.into()));
    Ok(())
}

/// As Prometheus 3 demands it: the name ends in an underscore and the unit, and a counter's in
/// `_total` behind them.
fn check_unit(name: &str, unit: &str, family_type: FamilyType) -> Result<(), Fault> {
    let stem = match family_type {
        FamilyType::Counter => name.strip_suffix("_total").unwrap_or(name),
        _ => name,
    };
    let before = stem.strip_suffix(unit);
    if unit.is_empty() || before.is_some_and(|before| before.ends_with('_')) {
        return Ok(());
    }
    Err("the name does not end in an underscore and the unit".into())
}

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, Default)]
struct Time {
    seconds: i64,
    nanos: i32,
}

impl Time {
    #[expect(clippy::cast_possible_truncation, reason = "as protobuf demands")]
    fn read(time: &mut Option<Self>, mut message: Message<'_>) -> Result<(), Fault> {
        let time = time.get_or_insert_default();
        while let Some((number, field)) = message.next()? {
            match number {
                1 => time.seconds = field.uint()?.cast_signed(),
                2 => time.nanos = (field.uint()? as u32).cast_signed(),
                _ => {}
            }
        }
        Ok(())
    }

    fn seconds(self) -> Result<f64, Fault> {
        match self.nanos {
            0..1_000_000_000 => Ok(self.seconds as f64 + f64::from(self.nanos) / 1e9),
            _ => Err("a time has more than a second of nanoseconds".into()),
        }
    }
}
