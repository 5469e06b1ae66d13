//! Names and settings, checked before anything is taken from the segment.
//!
//! Names: see [`names`](crate::names).

use super::description::Description;
use super::error::RegisterError;
use crate::bucket::Grid;
use crate::directory::{Kind, MAX_DIMENSIONS, are_quantiles};
use crate::labels::{Dimension, Values};
use crate::names::{self, beginning};
use crate::scale::{self, nanoseconds_to, right_unit};
use std::collections::HashSet;

/// The most bytes of a name, a label's name or its value, and then of a help text: all go into the
/// segment's directory, which no single metric may use up.
const MAX_TEXT_BYTES: usize = 1024;
const MAX_HELP_BYTES: usize = 8192;

impl Description {
    pub(crate) fn check(&self) -> Result<(), RegisterError> {
        description(self)
    }
}

fn description(metric: &Description) -> Result<(), RegisterError> {
    let Description { name, help, .. } = metric;
    if name.len() > MAX_TEXT_BYTES {
        let name = beginning(name, 64).to_owned() + "…";
        return Err(RegisterError::InvalidName { name, reason: "it has more than 1,024 bytes" });
    }
    if let Some(reason) = names::fault_of_metric(name) {
        return Err(RegisterError::InvalidName { name: name.clone(), reason });
    }
    let reason = if help.trim().is_empty() {
        Some("it is empty: say what the metric counts")
    } else if help.len() > MAX_HELP_BYTES {
        Some("it has more than 8,192 bytes")
    } else if help.chars().any(|c| c.is_control() && c != '\n') {
        Some("it has a control character other than a line break")
    } else {
        None
    };
    if let Some(reason) = reason {
        return Err(RegisterError::InvalidHelp { name: name.clone(), reason });
    }
    labels(metric)?;
    settings(metric).map_err(|reason| RegisterError::InvalidSetting { name: name.clone(), reason })
}

fn labels(metric: &Description) -> Result<(), RegisterError> {
    if let Some(label) = metric.label_names().find(|label| label.len() > MAX_TEXT_BYTES) {
        return Err(too_long(&metric.name, label, "it has more than 1,024 bytes"));
    }
    constants(&metric.name, &metric.constants)?;
    let labels: Vec<&str> = metric.label_names().collect();
    for (at, label) in labels.iter().enumerate() {
        let reason = if let Some(fault) = names::fault_of_label(label) {
            fault
        } else if metric.exposures().any(|series| series.label == Some(*label)) {
            match *label {
                "le" => "a histogram's buckets have that label",
                _ if metric.kind == Some(Kind::Summary) => "a summary's quantiles have that label",
                _ => "the quantiles that it is exposed with have that label",
            }
        } else if labels[..at].contains(label) {
            "it appears twice"
        } else if !names::are_told_apart(&labels[..=at].iter().copied()) {
            "a scraper that does not take all names would have another label under the same one"
        } else {
            continue;
        };
        let (name, label) = (metric.name.clone(), (*label).to_owned());
        return Err(RegisterError::InvalidLabel { name, label, reason });
    }
    Ok(())
}

/// Fails if the value of a constant label is too long.
pub(super) fn constants(name: &str, constants: &[(String, String)]) -> Result<(), RegisterError> {
    match constants.iter().find(|(_, value)| value.len() > MAX_TEXT_BYTES) {
        Some((label, _)) => Err(too_long(name, label, "its value has more than 1,024 bytes")),
        None => Ok(()),
    }
}

fn too_long(name: &str, label: &str, reason: &'static str) -> RegisterError {
    let label = beginning(label, 64).to_owned();
    RegisterError::InvalidLabel { name: name.to_owned(), label, reason }
}

/// Fails if two values of a label are the same.
pub(super) fn values(name: &str, dimensions: &[Dimension]) -> Result<(), RegisterError> {
    for Dimension { name: label, values } in dimensions {
        let Values::Fixed(values) = values else { continue };
        let mut known = HashSet::new();
        if !values.iter().all(|value| known.insert(value)) {
            let (name, label) = (name.to_owned(), (*label).to_owned());
            let reason = "two of its values are the same, and would be the same series";
            return Err(RegisterError::InvalidLabel { name, label, reason });
        }
    }
    Ok(())
}

/// Fails if a handle would record in another unit of time than the name's, by the rule of
/// `derive(Metrics)` for exact names. A scale shows that the name is intended. Values that are kept
/// elsewhere, and those of gauges, are in exported units, so their names may end in any unit.
pub(super) fn unit_in_name(metric: &Description) -> Result<(), RegisterError> {
    let Description { name, unit, .. } = metric;
    let (stem, or) = match metric.kind {
        Some(Kind::Histogram) => (&**name, "or a .scale(..) for values in another unit"),
        Some(Kind::Counter) => {
            let stem = name.strip_suffix("_total").unwrap_or(name);
            (stem, "and .scale(1.0) too if the program adds whole ones")
        }
        _ => return Ok(()),
    };
    let word = stem.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let right = scale::unit_in_name(word, metric.kind == Some(Kind::Histogram));
    let Some(right) = right.filter(|right| nanoseconds_to(right).is_some()) else { return Ok(()) };
    let reason = if metric.scale.is_some() || unit == right {
        return Ok(());
    } else if unit.is_empty() {
        format!("it ends in a unit: add .unit({right:?}) for recorded nanoseconds, {or}")
    } else if nanoseconds_to(unit).is_some() {
        format!(
            "it ends in {word:?}, and its unit is {unit:?}: end the name in {unit:?}, or write \
             .unit({right:?})"
        )
    } else {
        return Ok(());
    };
    Err(RegisterError::InvalidSetting { name: name.clone(), reason })
}

fn settings(metric: &Description) -> Result<(), String> {
    if metric.label_names().count() > MAX_DIMENSIONS {
        return Err(format!("it has more than {MAX_DIMENSIONS} labels"));
    }
    if metric.unit.len() > MAX_TEXT_BYTES {
        return Err("its unit has more than 1,024 bytes".into());
    }
    if metric.unit.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!(
            "its unit is {:?}, which has white space or a control character: take them out",
            metric.unit
        ));
    }
    if metric.unit == "total" || metric.unit.ends_with("_total") {
        return Err(format!(
            "its unit is {:?}, and `total` is the end of a counter's name, not a unit: leave it out",
            metric.unit
        ));
    }
    if let Some(right) = right_unit(&metric.unit) {
        return Err(format!("its unit is {:?}: call it {right:?}", metric.unit));
    }
    if let Some(scale) = metric.scale
        && !(scale.is_finite() && scale > 0.0)
    {
        return Err(format!("the scale is {scale}, and must be finite and more than 0"));
    }
    let scale = metric.exported_scale();
    if !scale.is_usable() {
        return Err("the scale is too near to 0 or infinity".into());
    }
    match metric.kind {
        Some(Kind::Histogram) => {}
        Some(Kind::Gauge | Kind::UpDownCounter) if metric.scale.is_some() => {
            return Err("gauges and up-down counters have no scale".into());
        }
        _ => return Ok(()),
    }
    let Description { sigfigs, max, .. } = *metric;
    if !Grid::SIGFIGS.contains(&sigfigs) {
        return Err(format!("it has {sigfigs} significant digits, and 1 to 3 are possible"));
    }
    if max < Grid::MIN_MAX {
        return Err(format!("its maximum is {max}, and must be {} or more", Grid::MIN_MAX));
    }
    if let (Some(schema), Some(grid)) = (metric.native, Grid::new(max, sigfigs)) {
        let schemas = grid.native_schemas();
        if !schemas.contains(&schema) {
            let (first, last) = (schemas.start(), schemas.end());
            return Err(format!(
                "its native schema is {schema}, and with {sigfigs} significant digits {first} to \
                 {last} are possible"
            ));
        }
    }
    if !are_quantiles(&metric.quantiles) {
        let quantiles = &metric.quantiles;
        return Err(format!("its quantiles must rise, from 0 to 1, and are {quantiles:?}"));
    }
    let is_empty = metric.native.is_none() && metric.quantiles.is_empty();
    if metric.edges.as_deref() == Some(&[]) && is_empty {
        return Err(
            "it has no buckets: leave .buckets(..) out for the default, list some, or add \
                    .native(..) or .quantiles(..)"
                .into(),
        );
    }
    let edges = metric.edges.as_deref().unwrap_or_default();
    if let Some((a, b)) = edges.iter().zip(edges.get(1..).unwrap_or_default()).find(|(a, b)| a >= b)
    {
        return Err(format!("its buckets must rise, and {b} follows {a}"));
    }
    let exported: Vec<f64> = metric.edges().iter().map(|&edge| scale.export(edge)).collect();
    if !exported.iter().all(|edge| edge.is_finite()) || !exported.is_sorted_by(|a, b| a < b) {
        return Err("two of its buckets are equal in the exported unit".into());
    }
    match edges.last() {
        Some(&edge) if edge > max => {
            Err(format!("its bucket {edge} is above its maximum {max}: raise the maximum"))
        }
        _ => Ok(()),
    }
}
