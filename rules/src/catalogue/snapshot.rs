//! The catalogue of a program's own metrics.

use super::family::{Family, Kind, Label, Values};
use super::{Catalogue, merged};
use std::collections::BTreeSet;
use tickmetrics::{Kind as Declared, MetricLabels, Snapshot};

impl Catalogue {
    /// The metrics of a snapshot, such as one of another process's segment. It has no declarations: see
    /// [`of_registry`](Self::of_registry).
    ///
    /// A label that differs between metrics of one name, such as a constant one of several
    /// registries or one of a function's values, can have further values.
    pub fn of_snapshot(snapshot: &Snapshot) -> Self {
        Self::new(snapshot.families().map(|family| of(&family)))
    }
}

fn of(family: &tickmetrics::Family<'_>) -> Family {
    let kind = match family.kind() {
        Declared::Counter => Kind::Counter,
        Declared::UpDownCounter | Declared::Gauge => Kind::Gauge,
        Declared::Histogram if family.is_summary() => Kind::Summary,
        Declared::Histogram => Kind::Histogram,
        Declared::Summary => Kind::Summary,
    };
    let variable = || family.metric_labels().flat_map(MetricLabels::variable);
    let mut made = Family::new(family.name(), kind);
    family.unit().clone_into(&mut made.unit);
    family.help().clone_into(&mut made.help);
    made.labels = merged::labels(family.metric_labels().map(labels));
    let is_one = family.metric_labels().nth(1).is_none();
    for label in &mut made.labels {
        // Metrics of one name may come and go, with their constant labels.
        if let (false, Values::Fixed(values)) = (is_one, &label.values)
            && variable().all(|it| it.name() != label.name)
        {
            label.values = Values::Seen(values.clone());
        }
    }
    made.dynamic = family.metric_labels().filter_map(MetricLabels::most_sets).max();
    made.from_start = made.dynamic.is_none() && variable().all(|label| label.capacity().is_none());
    made.buckets = family.bucket_edges().collect();
    made.native = family.native_schema();
    made.quantiles = family.quantiles().collect();
    made.extremes = family.has_extremes();
    made.max = family.declared_max();
    // Histograms that something else keeps have none.
    made.outside = made.max.is_some();
    made
}

fn labels(metric: MetricLabels<'_>) -> Vec<Label> {
    let constant =
        metric.constant().map(|(name, value)| Label::new(name, Values::Constant(value.to_owned())));
    let variable = metric.variable().map(|label| {
        let values = match label.capacity() {
            Some(most) => Values::Interned(most),
            None => Values::Fixed(label.values().map(str::to_owned).collect()),
        };
        Label::new(label.name(), values)
    });
    // Those that the series of a dynamic family have so far.
    let names: BTreeSet<&str> =
        metric.sets().into_iter().flatten().flatten().map(|(name, _)| name).collect();
    let constants: BTreeSet<&str> = metric.constant().map(|(name, _)| name).collect();
    let most = metric.most_sets().unwrap_or(0);
    let dynamic = names
        .difference(&constants)
        .map(|&name| Label { optional: true, ..Label::new(name, Values::Interned(most)) });
    constant.chain(variable).chain(dynamic).collect()
}
