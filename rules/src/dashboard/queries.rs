//! The queries of panels. Each selects what the variables of the dashboard choose.

use crate::catalogue::{Catalogue, Family, Indicator, Kind, Label, Objective, Values};
use crate::query::Selector;
pub(super) use crate::query::{aggregated, sum};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The label that the variable `symbol` chooses values of.
pub(super) const SYMBOL: &str = "symbol";

/// The range of rates: Grafana makes it long enough for the distance of two points and of two scrapes.
pub(super) const INTERVAL: &str = "$__rate_interval";
/// All the time that is shown.
pub(super) const SHOWN: &str = "$__range";

/// More lines than this are not read.
const MOST_LINES: usize = 8;

/// The series of a metric, or of a part of it with a suffix.
pub(super) fn series(family: &Family, suffix: &str) -> Selector {
    let of_target = target(&format!("{}{suffix}", family.name));
    if family.label(SYMBOL).is_some() { of_target.matching(SYMBOL, "$symbol") } else { of_target }
}

/// The series of a name, of the targets that are chosen.
pub(super) fn target(name: &str) -> Selector {
    of_service(name).matching("instance", "$instance")
}

/// The series of a name, of the services that are chosen.
pub(super) fn of_service(name: &str) -> Selector {
    Selector::new(name).matching("job", "$service")
}

/// The names of series that these labels distinguish.
pub(super) fn legend(labels: &[String]) -> String {
    labels.iter().map(|label| format!("{{{{{label}}}}}")).collect::<Vec<_>>().join(" ")
}

/// The labels whose values have lines of their own: those that are declared, or all that have few
/// values together.
pub(super) fn lines_by(family: &Family) -> Vec<String> {
    let declared = family.panel.as_ref().map_or(&[][..], |panel| &panel.by);
    if !declared.is_empty() {
        return declared.iter().filter(|name| family.label(name).is_some()).cloned().collect();
    }
    let count = |label: &Label| match &label.values {
        Values::Fixed(values) | Values::Seen(values) => values.len(),
        Values::Constant(_) | Values::Interned(_) => 0,
    };
    let mut counts: Vec<_> = (family.labels.iter())
        .filter(|label| label.name != SYMBOL && count(label) > 1)
        .map(|label| (count(label), &label.name))
        .collect();
    // A label with more values says more.
    counts.sort_by_key(|(count, _)| Reverse(*count));
    let mut lines = 1;
    counts.retain(|(count, _)| {
        let is_few = lines * count <= MOST_LINES;
        lines *= if is_few { *count } else { 1 };
        is_few
    });
    let is_few = |label: &&Label| counts.iter().any(|(_, name)| **name == label.name);
    family.labels.iter().filter(is_few).map(|label| label.name.clone()).collect()
}

/// The labels that differ between the series of a metric and of its targets.
pub(super) fn all_labels(family: &Family) -> Vec<String> {
    let varies = |label: &&Label| !matches!(label.values, Values::Constant(_));
    let own = family.labels.iter().filter(varies).map(|label| label.name.clone());
    own.chain(["instance".to_owned()]).collect()
}

/// How the values of a histogram are asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Distribution<'a> {
    family: &'a Family,
    /// Whether native buckets are used.
    pub(super) is_native: bool,
}

impl<'a> Distribution<'a> {
    /// `None` without buckets.
    pub(super) fn of(family: &'a Family, prefers_native: bool) -> Option<Self> {
        let has_classic = !family.buckets.is_empty();
        let is_native = family.reads_native(prefers_native);
        (has_classic || is_native).then_some(Self { family, is_native })
    }

    /// The values in each bucket: a second, or at present for a distribution of the present.
    fn buckets(&self, matchers: &BTreeMap<String, String>, window: &str) -> String {
        let suffix = if self.is_native { "" } else { "_bucket" };
        let buckets = matched(self.family, series(self.family, suffix), matchers);
        if self.family.kind == Kind::GaugeHistogram {
            buckets.to_string()
        } else {
            buckets.rate(window)
        }
    }

    /// A quantile of the values, for each value of some labels.
    pub(super) fn quantile(
        &self,
        rank: f64,
        by: &[String],
        matchers: &BTreeMap<String, String>,
    ) -> String {
        let le = (!self.is_native).then(|| "le".to_owned());
        let by: Vec<_> = le.into_iter().chain(by.iter().cloned()).collect();
        let buckets = sum(&by, &self.buckets(matchers, INTERVAL));
        format!("histogram_quantile({rank}, {buckets})")
    }

    /// The values a second.
    pub(super) fn events(&self, by: &[String]) -> String {
        if self.is_native {
            let buckets = sum(by, &self.buckets(&BTreeMap::new(), INTERVAL));
            return format!("histogram_count({buckets})");
        }
        sum(by, &series(self.family, "_count").rate(INTERVAL))
    }

    /// The values in each bucket.
    pub(super) fn heatmap(&self) -> String {
        let by = if self.is_native { Vec::new() } else { vec!["le".to_owned()] };
        sum(&by, &self.buckets(&BTreeMap::new(), INTERVAL))
    }

    /// The share of values up to a bound.
    fn up_to(&self, bound: f64, matchers: &BTreeMap<String, String>, window: &str) -> String {
        if self.is_native {
            let buckets = sum(&[], &self.buckets(matchers, window));
            return format!("histogram_fraction(-Inf, {bound}, {buckets})");
        }
        let of = |suffix| matched(self.family, series(self.family, suffix), matchers);
        let good = sum(&[], &of("_bucket").edge(bound).rate(window));
        let all = sum(&[], &of("_count").rate(window));
        format!("{good} / {all}")
    }
}

/// The events a second of one counter as a share of those of another.
pub(super) fn share(
    catalogue: &Catalogue,
    family: &Family,
    of: &str,
    by: &[String],
    matchers: &BTreeMap<String, String>,
    window: &str,
) -> String {
    let unknown = Family::new(of, Kind::Counter);
    let known = catalogue.family(of);
    let whole = known.unwrap_or(&unknown);
    // Both sides need the labels to match.
    let is_common = |label: &&String| known.is_none_or(|whole| whole.label(label).is_some());
    let by: Vec<_> = by.iter().filter(is_common).cloned().collect();
    let rate =
        |family: &Family| sum(&by, &matched(family, series(family, ""), matchers).rate(window));
    let part = rate(family);
    // A counter without an event may have no series yet.
    let is_there = family.from_start || !by.is_empty();
    let part = if is_there { part } else { format!("({part} or vector(0))") };
    format!("{part} / {}", rate(whole))
}

/// The share of bad events of an objective; `None` if the metric can't tell.
pub(super) fn bad_share(
    catalogue: &Catalogue,
    family: &Family,
    objective: &Objective,
    prefers_native: bool,
    window: &str,
) -> Option<String> {
    let matchers = &objective.matchers;
    Some(match &objective.indicator {
        Indicator::Under(bound) => {
            let distribution = Distribution::of(family, prefers_native)?;
            format!("1 - {}", distribution.up_to(*bound, matchers, window))
        }
        Indicator::ErrorsOf(all) => share(catalogue, family, all, &[], matchers, window),
        Indicator::Bad { label, values } => {
            let all = matched(family, series(family, ""), matchers);
            let bad = sum(&[], &all.clone().one_of(label, values).rate(window));
            let bad = if family.from_start { bad } else { format!("({bad} or vector(0))") };
            format!("{bad} / {}", sum(&[], &all.rate(window)))
        }
    })
}

/// With matchers for the labels that the metric has.
pub(super) fn matched(
    family: &Family,
    series: Selector,
    matchers: &BTreeMap<String, String>,
) -> Selector {
    let own = matchers.iter().filter(|(label, _)| family.label(label).is_some());
    own.fold(series, |series, (label, value)| series.equal(label, value))
}
