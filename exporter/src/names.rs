//! Which family a name in an exposition belongs to.

use metrics_core::{Escaping, Family, Kind, Snapshot};
use std::collections::{HashMap, HashSet};

/// Who exposes which name, where several registries share one response.
///
/// A name belongs to the registry that exposed it first, and in one response to the one that was
/// added first. It stays with it, so that no series ever goes on with another's value. Within a
/// registry, names can only be the same once they are escaped: then it is the family's that needs no
/// escaping.
#[derive(Default)]
pub(crate) struct Names([Exposed; Escaping::ALL.len()]);

/// The names under one escaping.
#[derive(Default)]
struct Exposed {
    names: HashSet<String>,
    /// For each registry, its families so far and whether they are exposed.
    families: Vec<HashMap<String, bool>>,
    left_out: usize,
}

impl Names {
    /// Settles who has the names of a registry's families.
    pub(crate) fn admit_all(&mut self, escaping: Escaping, registry: usize, snapshot: &Snapshot) {
        let is_legacy = |family: &Family<'_>| Escaping::is_legacy_metric(family.name());
        let (legacy, others): (Vec<_>, Vec<_>) = snapshot.families().partition(is_legacy);
        for family in legacy.into_iter().chain(others) {
            self.admit(escaping, registry, family);
        }
    }

    /// Whether a family of this registry is exposed: none of the names of its series is another
    /// family's.
    pub(crate) fn admit(
        &mut self,
        escaping: Escaping,
        registry: usize,
        family: Family<'_>,
    ) -> bool {
        let Exposed { names, families, left_out } = &mut self.0[escaping as usize];
        if families.len() <= registry {
            families.resize_with(registry + 1, HashMap::new);
        }
        let families = &mut families[registry];
        if let Some(&admitted) = families.get(family.name()) {
            return admitted;
        }
        let own = series_names(escaping, family);
        let admitted = !own.iter().any(|name| names.contains(name));
        if admitted {
            names.extend(own);
        } else {
            *left_out += 1;
        }
        families.insert(family.name().to_owned(), admitted);
        admitted
    }

    /// Whether a name is any registry's.
    pub(crate) fn contains(&self, escaping: Escaping, name: &str) -> bool {
        self.0[escaping as usize].names.contains(name)
    }

    /// How many families are left out.
    pub(crate) fn left_out(&self, escaping: Escaping) -> usize {
        self.0[escaping as usize].left_out
    }
}

/// The families of one snapshot, each name once.
pub(crate) struct Distinct<'a> {
    snapshot: &'a Snapshot,
    /// Of those that are left out; empty where all names stay as they are.
    left_out: HashSet<&'a str>,
    names: Option<Box<Names>>,
    escaping: Escaping,
}

impl<'a> Distinct<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, escaping: Escaping) -> Self {
        let mut distinct = Self { snapshot, left_out: HashSet::new(), names: None, escaping };
        let is_legacy = |family: Family<'_>| Escaping::is_legacy_metric(family.name());
        if escaping != Escaping::AllowUtf8 && !snapshot.families().all(is_legacy) {
            let mut names = Box::<Names>::default();
            names.admit_all(escaping, 0, snapshot);
            let left_out = snapshot.families().filter(|&one| !names.admit(escaping, 0, one));
            distinct.left_out = left_out.map(|family| family.name()).collect();
            distinct.names = Some(names);
        }
        distinct
    }

    pub(crate) fn families(&self) -> impl Iterator<Item = Family<'a>> {
        self.snapshot.families().filter(|family| !self.left_out.contains(family.name()))
    }

    /// Whether a name is any series'.
    pub(crate) fn contains(&self, name: &str) -> bool {
        match &self.names {
            Some(names) => names.contains(self.escaping, name),
            None => exposes(self.snapshot, name),
        }
    }
}

/// All names that the series of a family can have, so that a counter `wait_count` and a histogram
/// `wait` never meet.
pub(crate) fn series_names(escaping: Escaping, family: Family<'_>) -> Vec<String> {
    let name = escaping.metric(family.name());
    suffixes(family).map(|suffix| format!("{name}{suffix}")).collect()
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
fn exposes(snapshot: &Snapshot, name: &str) -> bool {
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
const OF_QUANTILES: [&str; 3] = ["_quantiles", "_quantiles_sum", "_quantiles_count"];

#[cfg(test)]
mod tests {
    use super::{Distinct, Names};
    use metrics_core::{Counter, Description, Escaping, Gauge, Histogram, Metric, Registry};

    fn registry<M: Metric>(name: &str) -> Registry {
        let registry = Registry::new();
        registry.register::<M>(&Description::new(name, "Help.")).unwrap();
        registry
    }

    fn admitted(names: &mut Names, at: usize, registry: &Registry) -> bool {
        let snapshot = registry.snapshot();
        snapshot.families().all(|family| names.admit(Escaping::Underscores, at, family))
    }

    #[test]
    fn the_first_to_expose_a_name_keeps_it() {
        let (first, second) = (Registry::new(), registry::<Counter>("a_total"));
        let mut names = Names::default();
        assert!(admitted(&mut names, 1, &second));
        first.register::<Counter>(&Description::new("a_total", "Later.")).unwrap();
        assert!(!admitted(&mut names, 0, &first));
        assert!(admitted(&mut names, 1, &second));
        assert_eq!(names.left_out(Escaping::Underscores), 1);
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

    #[test]
    fn names_that_are_the_same_once_escaped_are_exposed_once() {
        let registry = registry::<Histogram>("a.b");
        for name in ["a_b_count", "a b", "a_dot_b"] {
            registry.register::<Gauge>(&Description::new(name, "Help.")).unwrap();
        }
        let snapshot = registry.snapshot();
        for (escaping, expected) in [
            (Escaping::AllowUtf8, vec!["a b", "a.b", "a_b_count", "a_dot_b"]),
            // The histogram would have the counter's name, and is the second to have `a_b`.
            (Escaping::Underscores, vec!["a b", "a_b_count", "a_dot_b"]),
            (Escaping::Dots, vec!["a b", "a_b_count", "a_dot_b"]),
            (Escaping::Values, vec!["a b", "a.b", "a_b_count", "a_dot_b"]),
        ] {
            let distinct = Distinct::new(&snapshot, escaping);
            let names: Vec<_> = distinct.families().map(|family| family.name()).collect();
            assert_eq!(names, expected, "{escaping:?}");
            assert!(distinct.contains(&escaping.metric("a b")));
        }
    }
}
