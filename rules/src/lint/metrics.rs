//! All that an expression can refer to: the metrics of services, and what rules record.

use super::facts::Facts;
use super::similar::Similar;
use crate::catalogue::{Catalogue, Family, Kind, Sample};
use std::collections::{HashMap, HashSet};

/// The series that Prometheus makes of each scrape
/// (<https://prometheus.io/docs/concepts/jobs_instances/>).
const OF_TARGETS: [&str; 8] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_post_metric_relabeling",
    "scrape_samples_scraped",
    "scrape_series_added",
    "scrape_timeout_seconds",
    "scrape_sample_limit",
    "scrape_body_size_bytes",
];

/// The series that Prometheus makes of alerts.
const OF_ALERTS: [&str; 2] = ["ALERTS", "ALERTS_FOR_STATE"];

/// The metrics of all services.
#[derive(Debug)]
pub(super) struct Metrics {
    all: Catalogue,
    /// Names of series that are there, and of which nothing else is known: those of alerts, and
    /// those that are different things in several services.
    unknown: HashSet<String>,
    similar: Similar,
    /// Labels that Prometheus adds to all series of a target.
    pub(super) target_labels: Vec<String>,
    /// Labels that it may add.
    pub(super) possible_labels: Vec<String>,
}

/// What rules record, by name.
pub(super) type Recorded<'a> = HashMap<String, Option<Facts<'a>>>;

impl Metrics {
    pub(super) fn new(catalogues: &[Catalogue]) -> Self {
        let families = || catalogues.iter().flat_map(Catalogue::families);
        let own = OF_TARGETS.map(|name| Family::new(name, Kind::Gauge));
        let unknown = unknown(families);
        let names = families().flat_map(Family::samples).map(|(name, _)| name);
        let similar = Similar::of(names.chain(OF_TARGETS.map(str::to_owned)));
        Self {
            all: Catalogue::new(families().cloned().map(stored).chain(own)),
            unknown,
            similar,
            target_labels: vec!["instance".into(), "job".into()],
            possible_labels: Vec::new(),
        }
    }

    pub(super) fn catalogue(&self) -> &Catalogue {
        &self.all
    }

    pub(super) fn sample(&self, name: &str) -> Option<Sample<'_>> {
        self.all.sample(name)
    }

    /// Whether there are such series, without anything else that is known of them.
    pub(super) fn is_unknown(&self, name: &str) -> bool {
        self.unknown.contains(name)
    }

    /// The label of a family as it is stored: Prometheus renames one that the target has, too.
    pub(super) fn stored<'a>(&self, label: &'a str) -> std::borrow::Cow<'a, str> {
        let mut of_target = self.target_labels.iter().chain(&self.possible_labels);
        if of_target.any(|name| name == label) {
            format!("exported_{label}").into()
        } else {
            label.into()
        }
    }

    /// The name that is most similar to one that is unknown.
    pub(super) fn nearest(&self, name: &str, recorded: &Recorded<'_>) -> Option<String> {
        self.similar.nearest(name, recorded.keys().map(String::as_str))
    }
}

/// A family as Prometheus stores it. An empty value is that of a series without the label.
fn stored(mut family: Family) -> Family {
    for label in &mut family.labels {
        label.optional |= label.values.known().iter().any(String::is_empty);
    }
    family
}

/// The names of series of which nothing is known but that they are there.
fn unknown<'a, I: Iterator<Item = &'a Family>>(families: impl Fn() -> I) -> HashSet<String> {
    let mut things: HashMap<String, (&str, Kind)> = HashMap::new();
    let mut kinds: HashMap<&str, Kind> = HashMap::new();
    let mut several: HashSet<&str> = HashSet::new();
    let mut unknown: HashSet<String> = OF_ALERTS.map(str::to_owned).into();
    for family in families() {
        if *kinds.entry(&family.name).or_insert(family.kind) != family.kind {
            several.insert(&family.name);
        }
        let thing = (family.name.as_str(), family.kind);
        for (name, _) in family.samples() {
            if *things.entry(name.clone()).or_insert(thing) != thing {
                unknown.insert(name);
            }
        }
    }
    let of_several = families().filter(|family| several.contains(&*family.name));
    unknown.extend(of_several.flat_map(Family::samples).map(|(name, _)| name));
    unknown
}
