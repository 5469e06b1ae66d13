//! Series of tests, in promtool's notation
//! (<https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series>).

use super::super::scope::Scope;
use crate::catalogue::Family;
use crate::query::{Selector, edge_forms};
use serde::Serialize;
use std::collections::BTreeMap;

/// A series with its samples.
#[derive(Serialize)]
pub(super) struct Input {
    pub(super) series: String,
    pub(super) values: String,
}

/// So many steps with the same growth.
pub(super) type Phase<T> = (u32, T);

/// Values of a histogram in each step, with how many there are of each.
pub(super) type Values = Vec<(f64, f64)>;

/// Native buckets of tests: each power of two has 8. A value and nine tenths of it are apart.
const SCHEMA: i32 = 3;

/// The labels of a series of a family: those that rules select, and an example of each other one.
pub(super) fn labels(
    scope: Scope<'_>,
    family: &Family,
    matchers: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for label in &scope.generator.by {
        labels.insert(label.clone(), "any".to_owned());
    }
    labels.insert("job".into(), scope.service.into());
    labels.insert("instance".into(), "localhost:9464".into());
    for label in &family.labels {
        let value = label.values.known().first().map_or("any", String::as_str);
        labels.insert(label.name.clone(), value.to_owned());
    }
    labels.extend(scope.fixed(family, matchers));
    labels
}

/// A gauge, which has a value for so many steps.
pub(super) fn gauge(name: &str, labels: &BTreeMap<String, String>, phases: &[Phase<f64>]) -> Input {
    // The first phase has the sample before its first step as well.
    let more = |index: usize, steps: u32| if index == 0 { steps } else { steps.saturating_sub(1) };
    let parts = phases.iter().enumerate();
    let parts = parts.map(|(index, (steps, value))| format!("{value}x{}", more(index, *steps)));
    Input { series: series(name, labels), values: parts.collect::<Vec<_>>().join(" ") }
}

/// A counter, which begins with 0.
pub(super) fn counter(
    name: &str,
    labels: &BTreeMap<String, String>,
    phases: &[Phase<f64>],
) -> Input {
    Input { series: series(name, labels), values: growing(phases) }
}

/// The series of a histogram that rules read.
pub(super) fn histogram(
    scope: Scope<'_>,
    family: &Family,
    labels: &BTreeMap<String, String>,
    phases: &[Phase<Values>],
) -> Vec<Input> {
    if scope.generator.is_native(family) {
        return vec![Input { series: series(&family.name, labels), values: native(phases) }];
    }
    let below = |edge: f64| -> Vec<Phase<f64>> {
        let count = |values: &Values| {
            values
                .iter()
                .filter(|(value, _)| *value <= edge)
                .fold(0.0, |sum, (_, count)| sum + count)
        };
        phases.iter().map(|(steps, values)| (*steps, count(values))).collect()
    };
    let bucket = |edge: f64, text: String| {
        let mut labels = labels.clone();
        labels.insert("le".into(), text);
        counter(&format!("{}_bucket", family.name), &labels, &below(edge))
    };
    let mut inputs = Vec::new();
    for edge in beside(&family.buckets, phases) {
        inputs.extend(edge_forms(edge).into_iter().next().map(|text| bucket(edge, text)));
    }
    inputs.push(bucket(f64::INFINITY, "+Inf".into()));
    inputs.push(counter(&format!("{}_count", family.name), labels, &below(f64::INFINITY)));
    inputs
}

/// The edges of the buckets that have values. Others change nothing.
fn beside(edges: &[f64], phases: &[Phase<Values>]) -> Vec<f64> {
    let values = || phases.iter().flat_map(|(_, values)| values).map(|(value, _)| *value);
    let mut used = Vec::new();
    for (index, edge) in edges.iter().enumerate() {
        let below = index.checked_sub(1).and_then(|index| edges.get(index));
        let above = edges.get(index + 1).copied().unwrap_or(f64::INFINITY);
        let is_upper = |value: f64| value <= *edge && below.is_none_or(|below| value > *below);
        let is_lower = |value: f64| value > *edge && value <= above;
        if values().any(|value| is_upper(value) || is_lower(value)) {
            used.push(*edge);
        }
    }
    used
}

/// The samples of a counter.
fn growing(phases: &[Phase<f64>]) -> String {
    let mut parts = Vec::new();
    let mut last = 0.0;
    for (index, (steps, growth)) in phases.iter().enumerate() {
        // The first phase has the sample before its first step as well.
        let (first, more) =
            if index == 0 { (0.0, *steps) } else { (last + growth, steps.saturating_sub(1)) };
        parts.push(format!("{first}+{growth}x{more}"));
        // Step by step as promtool does, so that rounding makes no counter fall.
        last = (0..more).fold(first, |last, _| last + growth);
    }
    parts.join(" ")
}

/// The samples of a native histogram.
fn native(phases: &[Phase<Values>]) -> String {
    let indices = || phases.iter().flat_map(|(_, values)| values).map(|(value, _)| index(*value));
    let (lowest, highest) = (indices().min().unwrap_or(0), indices().max().unwrap_or(0));
    let counts = |values: &Values| -> Vec<f64> {
        let mut counts = vec![0.0; (lowest..=highest).count()];
        for (value, count) in values {
            let at = usize::try_from(index(*value) - lowest).ok();
            at.and_then(|at| counts.get_mut(at)).into_iter().for_each(|it| *it += count);
        }
        counts
    };
    let text = |buckets: &[f64]| {
        let texts: Vec<_> = buckets.iter().map(f64::to_string).collect();
        let count = buckets.iter().fold(0.0, |sum, count| sum + count);
        let buckets = texts.join(" ");
        // The first bucket of an offset ends with 2 to the power of offset / 2^schema.
        format!("{{{{schema:{SCHEMA} count:{count} sum:0 offset:{lowest} buckets:[{buckets}]}}}}")
    };
    let mut parts = Vec::new();
    let mut last = counts(&Vec::new());
    for (at, (steps, values)) in phases.iter().enumerate() {
        let growth = counts(values);
        let add = |to: &[f64]| -> Vec<f64> { to.iter().zip(&growth).map(|(a, b)| a + b).collect() };
        let (first, more) =
            if at == 0 { (last.clone(), *steps) } else { (add(&last), steps.saturating_sub(1)) };
        parts.push(format!("{}+{}x{more}", text(&first), text(&growth)));
        last = (0..more).fold(first, |last, _| add(&last));
    }
    parts.join(" ")
}

/// The bucket of a value.
#[expect(clippy::cast_possible_truncation, reason = "a logarithm of a number is within 1100")]
pub(super) fn index(value: f64) -> i32 {
    // A value that is an edge is in the bucket that it ends, whatever the logarithm's last digit is.
    (value.log2() * f64::from(1 << SCHEMA) - 1e-6).ceil() as i32
}

/// The upper edge of a bucket.
pub(super) fn upper(index: i32) -> f64 {
    (f64::from(index) / f64::from(1 << SCHEMA)).exp2()
}

/// A series, as promtool reads it.
pub(super) fn series(name: &str, labels: &BTreeMap<String, String>) -> String {
    let selector = Selector::new(name);
    labels
        .iter()
        .fold(selector, |selector, (label, value)| selector.equal(label, value))
        .to_string()
}
