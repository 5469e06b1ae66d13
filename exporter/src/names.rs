use metrics_core::{Family, Kind, Snapshot};
use std::collections::{HashMap, HashSet};

/// Who exposes which name, where several registries share one response.
///
/// A name belongs to the registry that exposed it first, and in one response to the one that was
/// added first. It stays with it, so that no series ever goes on with another's value.
#[derive(Default)]
pub(crate) struct Names {
    exposed: HashSet<String>,
    /// For each registry, its families so far and whether they are exposed.
    families: Vec<HashMap<String, bool>>,
    left_out: usize,
}

impl Names {
    /// Whether a family of this registry is exposed: none of the names of its series is another
    /// registry's.
    pub(crate) fn admit(&mut self, registry: usize, family: Family<'_>) -> bool {
        if self.families.len() <= registry {
            self.families.resize_with(registry + 1, HashMap::new);
        }
        let families = &mut self.families[registry];
        if let Some(&admitted) = families.get(family.name()) {
            return admitted;
        }
        let names = series_names(family);
        let admitted = !names.iter().any(|name| self.exposed.contains(name));
        if admitted {
            self.exposed.extend(names);
        } else {
            self.left_out += 1;
        }
        families.insert(family.name().to_owned(), admitted);
        admitted
    }

    /// Whether a name is any registry's.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.exposed.contains(name)
    }

    /// How many families are left out.
    pub(crate) fn left_out(&self) -> usize {
        self.left_out
    }
}

/// All names that the series of a family can have, so that a counter `wait_count` and a histogram
/// `wait` never meet.
pub(crate) fn series_names(family: Family<'_>) -> Vec<String> {
    suffixes(family).map(|suffix| format!("{}{suffix}", family.name())).collect()
}

/// What the names of its series have behind the family's.
fn suffixes(family: Family<'_>) -> impl Iterator<Item = &'static str> {
    let is_histogram = family.kind() == Kind::Histogram;
    let measured: &[&str] = if is_histogram { &OF_HISTOGRAM } else { &[""] };
    let extremes: &[&str] = if family.has_extremes() { &OF_EXTREMES } else { &[] };
    let has_quantiles = family.quantiles().next().is_some();
    let quantiles: &[&str] = if has_quantiles { &OF_QUANTILES } else { &[] };
    measured.iter().chain(extremes).chain(quantiles).copied()
}

/// Whether a name is among the [`series_names`] of a snapshot's families.
pub(crate) fn exposes(snapshot: &Snapshot, name: &str) -> bool {
    let has = |suffix: &&str| {
        let family = name.strip_suffix(suffix).and_then(|name| snapshot.family(name));
        family.is_some_and(|family| suffixes(family).any(|known| known == *suffix))
    };
    OF_HISTOGRAM.iter().chain(&OF_EXTREMES).chain(&OF_QUANTILES).any(has)
}

/// The suffixes of a histogram's own series, and of those beside it.
const OF_HISTOGRAM: [&str; 6] =
    ["", "_bucket", "_sum", "_count", "_saturated_total", "_negative_total"];
const OF_EXTREMES: [&str; 2] = ["_max", "_min"];
const OF_QUANTILES: [&str; 3] = ["_summary", "_summary_sum", "_summary_count"];

#[cfg(test)]
mod tests {
    use super::Names;
    use metrics_core::{Counter, Description, Histogram, Metric, Registry};

    fn registry<M: Metric>(name: &str) -> Registry {
        let registry = Registry::new();
        registry.register::<M>(&Description::new(name, "Help.")).unwrap();
        registry
    }

    fn admitted(names: &mut Names, at: usize, registry: &Registry) -> bool {
        let snapshot = registry.snapshot();
        snapshot.families().all(|family| names.admit(at, family))
    }

    #[test]
    fn the_first_to_expose_a_name_keeps_it() {
        let (first, second) = (Registry::new(), registry::<Counter>("a_total"));
        let mut names = Names::default();
        assert!(admitted(&mut names, 1, &second));
        first.register::<Counter>(&Description::new("a_total", "Later.")).unwrap();
        assert!(!admitted(&mut names, 0, &first));
        assert!(admitted(&mut names, 1, &second));
        assert_eq!(names.left_out(), 1);
    }

    #[test]
    fn what_a_histogram_is_exposed_as_is_taken_too() {
        let histogram = registry::<Histogram>("wait");
        for taken in ["wait_bucket", "wait_sum", "wait_count", "wait_saturated_total"] {
            let counter = registry::<Counter>(taken);
            let mut names = Names::default();
            assert!(admitted(&mut names, 0, &histogram));
            assert!(!admitted(&mut names, 1, &counter), "{taken} after the histogram");
            let mut names = Names::default();
            assert!(admitted(&mut names, 0, &counter));
            assert!(!admitted(&mut names, 1, &histogram), "the histogram after {taken}");
        }
    }
}
