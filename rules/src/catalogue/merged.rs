//! Families of one name, made one.

use super::family::{Family, Kind, Label, Values};
use std::collections::{HashMap, HashSet};
use std::mem;

/// Sorted by name, each name once, with edges and quantiles in order.
pub(super) fn merged(families: impl IntoIterator<Item = Family>) -> Vec<Family> {
    let mut all: Vec<Family> = families.into_iter().collect();
    all.iter_mut().for_each(|family| {
        sort_numbers(&mut family.buckets);
        sort_numbers(&mut family.quantiles);
    });
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
    add_labels(&mut kept.labels, mem::take(&mut other.labels));
    kept.dynamic = kept.dynamic.max(other.dynamic);
    kept.from_start &= other.from_start;
    // Of an exporter, each format has a part of these.
    if kept.unit.is_empty() {
        kept.unit = mem::take(&mut other.unit);
    } else if !other.unit.is_empty() && kept.unit != other.unit {
        kept.unit.clear();
    }
    add_numbers(&mut kept.buckets, other.buckets.iter().copied());
    add_numbers(&mut kept.quantiles, other.quantiles.iter().copied());
    kept.native = kept.native.max(other.native);
    kept.extremes |= other.extremes;
    kept.outside |= other.outside;
    kept.max = kept.max.zip(other.max).map(|(one, other)| one.max(other));
    add_missing(&mut kept.objectives, &mut other.objectives);
    add_missing(&mut kept.alerts, &mut other.alerts);
    kept.panel = kept.panel.take().or_else(|| other.panel.take());
}

/// Adds the labels of other series. A label that only some series have is optional.
fn add_labels(kept: &mut Vec<Label>, others: Vec<Label>) {
    let known = kept.len();
    let at: HashMap<String, usize> =
        kept.iter().enumerate().map(|(at, label)| (label.name.clone(), at)).collect();
    let mut is_common = vec![false; known];
    for mut other in others {
        let same = at.get(&other.name).copied();
        if let Some((label, common)) =
            same.and_then(|at| kept.get_mut(at).zip(is_common.get_mut(at)))
        {
            *common = true;
            label.optional |= other.optional;
            label.values = both(&label.values, &other.values);
        } else {
            other.optional = true;
            kept.push(other);
        }
    }
    let only_kept = kept.iter_mut().zip(is_common).filter(|(_, common)| !common);
    only_kept.for_each(|(label, _)| label.optional = true);
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
    let is_new = |number: &f64| sorted.binary_search_by(|it| it.total_cmp(number)).is_err();
    let new: Vec<f64> = numbers.filter(is_new).collect();
    if !new.is_empty() {
        sorted.extend(new);
        sort_numbers(sorted);
    }
}

fn sort_numbers(numbers: &mut Vec<f64>) {
    numbers.retain(|number| number.is_finite());
    numbers.sort_by(f64::total_cmp);
    numbers.dedup();
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
            let known: HashSet<&String> = one.known().iter().collect();
            values.extend(other.known().iter().filter(|it| !known.contains(it)).cloned());
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
