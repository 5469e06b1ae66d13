//! Parsed expositions as lines, for tables.

use std::fmt::Write;
use tickmetrics_exporter::parse::{Exposition, Label, Value};

/// A line for each family, and one for each series.
pub(crate) fn flat(exposition: &Exposition<'_>) -> String {
    let mut out = String::new();
    for family in &exposition.families {
        let (name, of, help, unit) = (&family.name, family.family_type, &family.help, &family.unit);
        let _ = writeln!(out, "{name}: {of:?} {help:?} {unit:?}");
        for series in &family.series {
            let _ = write!(out, "  {}", labels(&series.labels));
            let _ = match &series.value {
                Value::Number(number) => write!(out, " {number}"),
                Value::Histogram(it) => write!(out, " {} {:?} {:?}", it.count, it.sum, it.buckets),
                Value::Summary(it) => {
                    write!(out, " {:?} {:?} {:?}", it.count, it.sum, it.quantiles)
                }
                other => write!(out, " {other:?}"),
            };
            if let Some(time) = series.timestamp_ms {
                let _ = write!(out, " at {time}");
            }
            if let Some(created) = series.created {
                let _ = write!(out, " since {created}");
            }
            for exemplar in &series.exemplars {
                let (value, time) = (exemplar.value, exemplar.time);
                let _ = write!(out, " # {} {value} {time:?}", labels(&exemplar.labels));
            }
            out.push('\n');
        }
    }
    out
}

fn labels(labels: &[Label<'_>]) -> String {
    let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", labels.join(","))
}
