//! All that an expression can refer to: the metrics of services, and what rules record.

use super::facts::Facts;
use crate::catalogue::{Catalogue, Family, Kind, Sample};
use std::collections::HashMap;

/// A name that is not the same for more than this is another name, and no typing error.
const SIMILAR: f64 = 0.7;

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

/// The metrics of all services.
#[derive(Debug)]
pub(super) struct Metrics {
    all: Catalogue,
    /// Labels that Prometheus adds to all series of a target.
    pub(super) target_labels: Vec<String>,
    /// Labels that it may add.
    pub(super) possible_labels: Vec<String>,
}

/// What rules record, by name.
pub(super) type Recorded<'a> = HashMap<String, Option<Facts<'a>>>;

impl Metrics {
    pub(super) fn new(catalogues: &[Catalogue]) -> Self {
        let families = catalogues.iter().flat_map(|catalogue| catalogue.families().to_vec());
        let own = OF_TARGETS.map(|name| Family::new(name, Kind::Gauge));
        Self {
            all: Catalogue::new(families.chain(own)),
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

    /// The name that is most similar to one that is unknown.
    pub(super) fn nearest(&self, name: &str, recorded: &Recorded<'_>) -> Option<String> {
        let samples = self
            .all
            .families()
            .iter()
            .flat_map(|family| family.samples().map(|(sample, _)| sample));
        nearest(name, samples.chain(recorded.keys().cloned()))
    }
}

/// The text that is most similar to one, if one is similar.
pub(super) fn nearest(text: &str, others: impl Iterator<Item = String>) -> Option<String> {
    let likeness = |other: &str| strsim::normalized_levenshtein(text, other);
    let near = others.map(|other| (likeness(&other), other)).filter(|(like, _)| *like >= SIMILAR);
    near.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(&a.1))).map(|(_, other)| other)
}
