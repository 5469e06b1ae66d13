//! What a program exposes, by family.

use std::collections::BTreeMap;
use std::process::Command;
use tickmetrics_exporter::parse::{self, FamilyType, Limits, Series, Value};

/// By shape: `counter gateway_orders_total{side,venue}`.
pub(crate) type Families = BTreeMap<String, Family>;

#[derive(PartialEq)]
pub(crate) struct Family {
    family_type: FamilyType,
    /// The parts' numbers (`count`, `sum`, `le 0.1`…) by the labels, each `name="value"`.
    series: BTreeMap<Vec<String>, BTreeMap<String, f64>>,
}

/// What a program prints.
pub(crate) fn run(arguments: &[&str]) -> Families {
    let output = Command::new(env!("CARGO_BIN_EXE_migration")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let body = output.stdout;
    let openmetrics = "application/openmetrics-text; version=1.0.0";
    let content_type = body.ends_with(b"# EOF\n").then_some(openmetrics);
    let exposition = parse::exposition(&body, content_type, &Limits::default()).unwrap();
    let families = exposition.families.iter().map(|family| {
        let (name, family_type) = (&family.name, family.family_type);
        let kind = format!("{family_type:?}").to_lowercase();
        let series = family.series.iter().map(|series| (labels(series), numbers(&series.value)));
        let first = family.series.first().map(|series| &series.labels[..]).unwrap_or_default();
        let mut names: Vec<_> = first.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        let names =
            if names.is_empty() { String::new() } else { format!("{{{}}}", names.join(",")) };
        (format!("{kind} {name}{names}"), Family { family_type, series: series.collect() })
    });
    families.collect()
}

fn labels(series: &Series<'_>) -> Vec<String> {
    let labels = series.labels.iter().map(|(name, value)| format!("{name}={value:?}"));
    let mut labels: Vec<_> = labels.collect();
    labels.sort_unstable();
    labels
}

fn numbers(value: &Value) -> BTreeMap<String, f64> {
    let (count, sum, of, parts) = match value {
        Value::Number(number) => return BTreeMap::from([("value".to_owned(), *number)]),
        Value::Histogram(it) => (Some(it.count), it.sum, "le", &it.buckets),
        Value::Summary(it) => (it.count, it.sum, "quantile", &it.quantiles),
        _ => panic!("no such value"),
    };
    let parts = parts.iter().map(|(at, number)| (format!("{of} {at}"), *number));
    let all = [("count".to_owned(), count.unwrap()), ("sum".to_owned(), sum.unwrap())];
    all.into_iter().chain(parts).collect()
}

impl Family {
    /// Each series has its counterpart with the labels that the other family has, too. Of families of
    /// different types, count and sum are compared.
    pub(crate) fn assert_counts_as(&self, other: &Self, mut renamed: impl FnMut(String) -> String) {
        let name = |label: &String| label.split_once('=').map(|(name, _)| name.to_owned());
        let known: Vec<_> = other.series.keys().flatten().filter_map(name).collect();
        let series = self.series.iter().map(|(labels, numbers)| {
            let labels =
                labels.iter().filter(|label| name(label).is_some_and(|it| known.contains(&it)));
            let mut labels: Vec<_> = labels.cloned().map(&mut renamed).collect();
            labels.sort_unstable();
            (labels, self.common(other, numbers))
        });
        let others =
            other.series.iter().map(|(labels, it)| (labels.clone(), self.common(other, it)));
        assert_eq!(series.collect::<BTreeMap<_, _>>(), others.collect());
    }

    fn common(&self, other: &Self, numbers: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
        let mut numbers = numbers.clone();
        if self.family_type != other.family_type {
            numbers.retain(|part, _| part == "count" || part == "sum");
        }
        numbers
    }
}
