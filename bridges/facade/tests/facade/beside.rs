//! The same program with both recorders, and both expositions as data.

use crate::builder;
use metrics_exporter_prometheus::PrometheusBuilder;
use std::collections::BTreeMap;
use tickmetrics_exporter::parse::{self, FamilyType, Limits, Value};
use tickmetrics_facade::FacadeBuilder;

/// Families by name: type, help, and values by labels.
pub(crate) type Exposed = BTreeMap<String, (FamilyType, String, BTreeMap<String, Value>)>;

/// Runs a program with both recorders, and returns what each exposes: ours, and theirs.
pub(crate) fn both(
    ours: FacadeBuilder,
    theirs: PrometheusBuilder,
    program: impl Fn(),
) -> [Exposed; 2] {
    let ours = ours.build().unwrap();
    let theirs = theirs.build_recorder();
    metrics::with_local_recorder(&ours, &program);
    metrics::with_local_recorder(&theirs, &program);
    [exposed(&ours.handle().render()), exposed(&theirs.handle().render())]
}

/// Runs a program with both recorders, which must expose the same.
#[track_caller]
pub(crate) fn same(
    set: impl Fn(FacadeBuilder, PrometheusBuilder) -> (FacadeBuilder, PrometheusBuilder),
    program: impl Fn(),
) -> Exposed {
    let (ours, theirs) = set(builder(), PrometheusBuilder::new());
    let [ours, theirs] = both(ours, theirs, program);
    are_same(&ours, &theirs);
    ours
}

/// An exposition as data.
pub(crate) fn exposed(text: &str) -> Exposed {
    let exposition = parse::text(text.as_bytes(), &Limits::default()).unwrap();
    // A family without series is a help text and a type.
    let families = exposition.families.into_iter().filter(|family| !family.series.is_empty());
    let families = families.map(|family| {
        let series = family.series.into_iter().map(|series| {
            let mut labels: Vec<_> =
                series.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
            labels.sort();
            (labels.join(","), series.value)
        });
        let of_family = (family.family_type, family.help.to_string(), series.collect());
        (family.name.to_string(), of_family)
    });
    families.collect()
}

#[track_caller]
pub(crate) fn are_same(ours: &Exposed, theirs: &Exposed) {
    let names = |of: &Exposed| of.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(ours), names(theirs));
    for (name, (of_type, help, series)) in ours {
        let (their_type, their_help, their_series) = &theirs[name];
        assert_eq!(of_type, their_type, "{name}");
        // They have no line where nobody described the metric.
        let undescribed = help == "No description." && their_help.is_empty();
        assert!(undescribed || help == their_help, "{name}: {help:?} {their_help:?}");
        assert!(series.keys().eq(their_series.keys()), "{series:?} {their_series:?}");
        for (labels, value) in series {
            let theirs = &their_series[labels];
            assert!(is_same(value, theirs), "{name} {labels}: {value:?} {theirs:?}");
        }
    }
}

fn is_same(ours: &Value, theirs: &Value) -> bool {
    // Sums of integers of the scale, and quantiles of two digits.
    let near = |a: f64, b: f64, most: f64| (a - b).abs() <= most * b.abs();
    let sums = |a: Option<f64>, b: Option<f64>| near(a.unwrap(), b.unwrap(), 1e-9);
    match (ours, theirs) {
        (Value::Number(a), Value::Number(b)) => a == b,
        (Value::Histogram(a), Value::Histogram(b)) => {
            a.count == b.count && sums(a.sum, b.sum) && a.buckets == b.buckets
        }
        (Value::Summary(a), Value::Summary(b)) => {
            let quantiles = a.quantiles.iter().zip(&b.quantiles);
            a.count == b.count
                && sums(a.sum, b.sum)
                && a.quantiles.len() == b.quantiles.len()
                && quantiles.clone().all(|(a, b)| a.0 == b.0 && near(a.1, b.1, 0.01))
        }
        _ => false,
    }
}
