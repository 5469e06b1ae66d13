//! Families of one name, made one.

use super::family::{Family, Kind, Label, Values};
use std::mem;

/// Sorted by name, each name once.
pub(super) fn merged(families: impl IntoIterator<Item = Family>) -> Vec<Family> {
    let mut all: Vec<Family> = families.into_iter().collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.dedup_by(|later, kept| {
        let same = later.name == kept.name;
        if same {
            add(kept, later);
        }
        same
    });
    all
}

/// Adds another family of the name: it has the series of both.
fn add(kept: &mut Family, other: &mut Family) {
    for label in &mut kept.labels {
        match other.label(&label.name) {
            Some(same) => {
                label.optional |= same.optional;
                label.values = both(&label.values, &same.values);
            }
            None => label.optional = true,
        }
    }
    let known = kept.labels.len();
    for mut label in other.labels.drain(..) {
        if kept.labels[..known].iter().all(|it| it.name != label.name) {
            label.optional = true;
            kept.labels.push(label);
        }
    }
    kept.from_start &= other.from_start;
    // Of an exporter, each format has a part of these.
    if kept.unit.is_empty() {
        kept.unit = mem::take(&mut other.unit);
    }
    add_numbers(&mut kept.buckets, other.buckets.iter().copied());
    add_numbers(&mut kept.quantiles, other.quantiles.iter().copied());
    kept.native = kept.native.max(other.native);
    add_missing(&mut kept.objectives, &mut other.objectives);
    add_missing(&mut kept.alerts, &mut other.alerts);
    kept.panel = kept.panel.take().or_else(|| other.panel.take());
}

/// Adds items that are not there yet.
fn add_missing<T: PartialEq>(kept: &mut Vec<T>, other: &mut Vec<T>) {
    for item in other.drain(..) {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
}

/// Adds numbers that are not there yet, in order.
pub(super) fn add_numbers(sorted: &mut Vec<f64>, numbers: impl Iterator<Item = f64>) {
    for number in numbers {
        if let Err(at) = sorted.binary_search_by(|it| it.total_cmp(&number)) {
            sorted.insert(at, number);
        }
    }
}

/// The values of both.
fn both(one: &Values, other: &Values) -> Values {
    match (one, other) {
        (Values::Interned(most), Values::Interned(others)) => {
            Values::Interned(most.saturating_add(*others))
        }
        (Values::Interned(most), rest) | (rest, Values::Interned(most)) => {
            Values::Interned(most.saturating_add(rest.known().len()))
        }
        (one, other) if one == other => one.clone(),
        (one, other) => {
            let mut values = one.known().to_vec();
            values.extend(other.known().iter().filter(|it| !one.known().contains(it)).cloned());
            if one.is_complete() && other.is_complete() {
                Values::Fixed(values)
            } else {
                Values::Seen(values)
            }
        }
    }
}

/// The labels of several series or metrics of a family, with the values of all. The parts that
/// lack a label make it optional.
pub(super) fn labels(parts: impl IntoIterator<Item = Vec<Label>>) -> Vec<Label> {
    let families = parts.into_iter().map(|labels| {
        let mut family = Family::new("", Kind::Unknown);
        family.labels = labels;
        family
    });
    merged(families).pop().map(|family| family.labels).unwrap_or_default()
}
