//! The remains of an earlier run of the program in the segment, until this run registers them
//! again.

use crate::directory::{MetricEntry, SetPlace, Source};
use std::collections::HashMap;
use std::fmt;

/// Metrics and values of an earlier run that this run has not claimed yet.
#[derive(Debug, Default)]
pub(crate) struct Resumed {
    /// By their names.
    metrics: HashMap<String, Vec<ResumedMetric>>,
    /// By the names of their interners.
    sets: HashMap<String, ResumedSet>,
}

#[derive(Debug)]
struct ResumedMetric {
    /// The position of its entry.
    at: u64,
    metric: MetricEntry,
    /// Whether a different metric already replaced it.
    replaced: bool,
}

/// The values of an interned label.
#[derive(Debug)]
pub(crate) struct ResumedSet {
    pub(crate) set: SetPlace,
    pub(crate) capacity: u32,
    pub(crate) values: Vec<String>,
    /// The numbers of the retired ones.
    pub(crate) retired: Vec<u32>,
}

/// The match for a metric in an earlier run.
pub(crate) enum Claim {
    Nothing,
    /// The metric whose entry is at this position.
    Same(u64, Box<MetricEntry>),
    /// A different metric of that name, with the differences.
    Changed(String),
}

impl Resumed {
    pub(crate) fn add_metric(&mut self, at: u64, metric: MetricEntry) {
        let of_name = self.metrics.entry(metric.name.clone()).or_default();
        of_name.push(ResumedMetric { at, metric, replaced: false });
    }

    pub(crate) fn add_set(&mut self, identity: String, set: ResumedSet) {
        // The first of several with the same name counts: a metric with another of them starts from
        // zero.
        self.sets.entry(identity).or_insert(set);
    }

    /// The values of the interner with this name. The next one of that name finds none.
    pub(crate) fn take_set(&mut self, identity: &str) -> Option<ResumedSet> {
        self.sets.remove(identity)
    }

    /// The match for a metric, whose own cells are ignored. A change is returned once.
    pub(crate) fn find(&mut self, wanted: &MetricEntry) -> Claim {
        let Some(of_name) = self.metrics.get_mut(&wanted.name) else { return Claim::Nothing };
        // A metric of the same name with other constant labels, as each function under `#[timed]`
        // has, is another one.
        let mut changed = None;
        for resumed in of_name {
            let ResumedMetric { at, metric, replaced } = resumed;
            if (metric.registry, &metric.constants) != (wanted.registry, &wanted.constants) {
                continue;
            }
            let differences = differences(metric, wanted);
            if differences.is_empty() {
                return Claim::Same(*at, Box::new(metric.clone()));
            }
            if !*replaced && changed.is_none() {
                changed = Some((replaced, differences));
            }
        }
        match changed {
            Some((replaced, differences)) => {
                *replaced = true;
                Claim::Changed(differences.join(", "))
            }
            None => Claim::Nothing,
        }
    }

    /// Forgets the metric with this entry: it is claimed.
    pub(crate) fn claimed(&mut self, name: &str, at: u64) {
        if let Some(of_name) = self.metrics.get_mut(name) {
            of_name.retain(|resumed| resumed.at != at);
        }
    }
}

/// In place of a name: the dimension of a dynamic family has none.
const LABEL_SETS: &str = "(known at run time)";

/// The differences that prevent a metric from continuing with the cells of another: everything that
/// its cells, and the readers of these, depend on. The help text may differ.
fn differences(before: &MetricEntry, now: &MetricEntry) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, before: &dyn fmt::Debug, now: &dyn fmt::Debug| {
        let (before, now) = (format!("{before:?}"), format!("{now:?}"));
        if before != now {
            found.push(format!("{what} (was {before}, is {now})"));
        }
    };
    let labels = |metric: &MetricEntry| {
        let names = metric.dimensions.iter().map(|(name, _)| name.as_str());
        let names = names.map(|name| if name.is_empty() { LABEL_SETS } else { name });
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    compare("kind", &before.kind, &now.kind);
    compare("unit", &before.unit, &now.unit);
    compare("scale", &before.scale, &now.scale);
    compare("labels", &labels(before), &labels(now));
    for ((label, before), (_, now)) in before.dimensions.iter().zip(&now.dimensions) {
        let label = if label.is_empty() { LABEL_SETS } else { label };
        match (before, now) {
            (Source::Fixed(before), Source::Fixed(now)) => {
                compare(&format!("values of the label {label}"), before, now);
            }
            (Source::Set { capacity: before, .. }, Source::Set { capacity: now, .. })
                if before != now =>
            {
                compare(&format!("capacity of the label {label}"), before, now);
            }
            _ if before != now => {
                let (before, now) = (how_it_is_numbered(before), how_it_is_numbered(now));
                compare(&format!("values of the label {label}"), &before, &now);
            }
            _ => {}
        }
    }
    if let (Some(before), Some(now)) = (&before.distribution, &now.distribution) {
        compare("significant digits", &before.sigfigs, &now.sigfigs);
        compare("maximum", &before.max, &now.max);
        compare("buckets", &before.edges, &now.edges);
        compare("native schema", &before.native, &now.native);
        compare("extremes", &before.extremes, &now.extremes);
        compare("quantiles", &before.quantiles, &now.quantiles);
    }
    found
}

/// In words that differ whenever two sources differ that are not compared otherwise.
fn how_it_is_numbered(source: &Source) -> String {
    match source {
        Source::Fixed(_) => "known when compiling".into(),
        Source::Set { set, .. } => format!("interned as set {set}"),
    }
}

#[cfg(all(test, not(tickmetrics_loom)))]
mod tests {
    use super::differences;
    use crate::directory::{Kind, MetricEntry, Source};

    fn family(name: &str, capacity: u32) -> MetricEntry {
        MetricEntry {
            registry: 0,
            kind: Kind::Counter,
            first: 0,
            series: capacity + 1,
            declared: 0,
            scale: 1.0,
            name: "n_total".into(),
            help: "Help.".into(),
            unit: String::new(),
            constants: Vec::new(),
            dimensions: vec![(name.into(), Source::Set { set: 0, capacity })],
            distribution: None,
        }
    }

    #[test]
    fn differences_name_the_labels() {
        let told = |before, now| differences(&before, &now).join("; ");
        assert_eq!(
            told(family("", 5), family("", 7)),
            "capacity of the label (known at run time) (was 5, is 7)"
        );
        assert_eq!(
            told(family("", 5), family("symbol", 5)),
            r#"labels (was ["(known at run time)"], is ["symbol"])"#
        );
        assert_eq!(told(family("symbol", 5), family("symbol", 5)), "");
    }
}
