//! Protobuf, decoded by prost and brought into the shape of the text formats, as Prometheus does it.

use super::{Error, Families, Family, Labels, Number, canonical};
use crate::client_model::{Histogram, MetricType, Timestamp, decode};
use std::collections::BTreeMap;

/// The buckets of a native histogram.
#[derive(Clone, Debug, PartialEq)]
pub struct Native {
    pub schema: i32,
    pub zeros: u64,
    /// By index, without the empty ones.
    pub buckets: BTreeMap<i32, u64>,
}

/// The parsed content: the families, and the native histograms by their families' names and labels.
pub type Read = (Families, BTreeMap<(String, Labels), Native>);

/// Reads a whole exposition.
///
/// # Errors
/// Repeated or contradictory content.
pub fn read(bytes: &[u8]) -> Result<Read, Error> {
    let (mut families, mut natives) = (Families::new(), BTreeMap::new());
    for message in decode(bytes) {
        let name = message.name.clone().ok_or("a family without a name")?;
        let (kind, help) = (message.r#type(), message.help.clone().unwrap_or_default());
        let kind = match kind {
            MetricType::Counter => "counter",
            MetricType::Gauge => "gauge",
            MetricType::Histogram => "histogram",
            MetricType::Summary => "summary",
            other => return Err(format!("{name}: {other:?}")),
        };
        let unit = message.unit.clone().unwrap_or_default();
        let mut family = Family { kind: kind.into(), help, unit, ..Family::default() };
        for metric in message.metric {
            let mut labels = Labels::new();
            for pair in metric.label {
                let (Some(label), Some(value)) = (pair.name, pair.value) else {
                    return Err(format!("{name}: half a label"));
                };
                if labels.insert(label, value).is_some() {
                    return Err(format!("{name}: a label is there twice"));
                }
            }
            let which = if kind == "summary" { "quantile" } else { "le" };
            let mut push = |suffix: &str, edge: Option<f64>, value: f64| {
                let mut labels = labels.clone();
                labels.extend(edge.map(|edge| (which.to_owned(), canonical(edge))));
                let key = (format!("{name}{suffix}"), labels);
                match family.samples.insert(key, Number(value)) {
                    None => Ok(()),
                    Some(_) => Err(format!("{name}: a series is there twice")),
                }
            };
            match (kind, metric.counter, metric.gauge, metric.histogram, metric.summary) {
                ("counter", Some(counter), None, None, None) => {
                    push("", None, counter.value.ok_or("a counter without a value")?)?;
                    if let Some(created) = counter.created_timestamp {
                        push("_created", None, seconds(created)?)?;
                    }
                }
                ("gauge", None, Some(gauge), None, None) => {
                    push("", None, gauge.value.ok_or("a gauge without a value")?)?;
                }
                ("summary", None, None, None, Some(summary)) => {
                    let count = summary.sample_count.ok_or("a summary without a count")? as f64;
                    push("_count", None, count)?;
                    push("_sum", None, summary.sample_sum.ok_or("a summary without a sum")?)?;
                    for quantile in &summary.quantile {
                        let rank = quantile.quantile.ok_or("a quantile without its rank")?;
                        push("", Some(rank), quantile.value.ok_or("a quantile without a value")?)?;
                    }
                }
                ("histogram", None, None, Some(histogram), None) => {
                    if let Some(created) = histogram.created_timestamp {
                        push("_created", None, seconds(created)?)?;
                    }
                    let count = histogram.sample_count.ok_or("a histogram without a count")? as f64;
                    let sum = histogram.sample_sum.ok_or("a histogram without a sum")?;
                    push("_sum", None, sum)?;
                    push("_count", None, count)?;
                    for bucket in &histogram.bucket {
                        let upper = bucket.upper_bound.ok_or("a bucket without an edge")?;
                        let below = bucket.cumulative_count.ok_or("a bucket without a count")?;
                        push("_bucket", Some(upper), below as f64)?;
                    }
                    push("_bucket", Some(f64::INFINITY), count)?;
                    if let Some(native) = native(&histogram)? {
                        natives.insert((name.clone(), labels.clone()), native);
                    }
                }
                _ => return Err(format!("{name}: a value of another kind")),
            }
        }
        if family.samples.is_empty() {
            return Err(format!("{name} has no metrics"));
        }
        if families.insert(name.clone(), family).is_some() {
            return Err(format!("{name} is there twice"));
        }
    }
    Ok((families, natives))
}

/// <https://protobuf.dev/reference/protobuf/google.protobuf/#timestamp>
fn seconds(timestamp: Timestamp) -> Result<f64, Error> {
    let Timestamp { seconds, nanos } = timestamp;
    let is_time = seconds > 0 && (0..1_000_000_000).contains(&nanos);
    let nanoseconds = is_time.then(|| seconds as u64 * 1_000_000_000 + nanos as u64);
    Ok(nanoseconds.ok_or("a time that is none")? as f64 / 1e9)
}

/// As in `metrics.proto`: spans of buckets, and for each bucket the difference from the one before.
fn native(histogram: &Histogram) -> Result<Option<Native>, Error> {
    let Some(schema) = histogram.schema else { return Ok(None) };
    let zeros = histogram.zero_count.ok_or("a native histogram without a zero bucket")?;
    let mut deltas = histogram.positive_delta.iter();
    let (mut index, mut count) = (0_i32, 0_i64);
    let (mut buckets, mut total) = (BTreeMap::new(), zeros);
    for (at, span) in histogram.positive_span.iter().enumerate() {
        let (offset, length) = (span.offset.unwrap_or(0), span.length.unwrap_or(0));
        if length == 0 || at > 0 && offset < 1 {
            return Err(format!("the span {span:?}"));
        }
        index += offset;
        for _ in 0..length {
            count = count.wrapping_add(*deltas.next().ok_or("fewer deltas than buckets")?);
            let count = u64::try_from(count).map_err(|_| "a bucket with less than nothing")?;
            total = total.wrapping_add(count);
            if count > 0 {
                buckets.insert(index, count);
            }
            index += 1;
        }
    }
    if deltas.next().is_some() {
        return Err("more deltas than buckets".into());
    }
    if histogram.sample_count != Some(total) {
        return Err(format!("{total} in the buckets, {:?} in all", histogram.sample_count));
    }
    Ok(Some(Native { schema, zeros, buckets }))
}
