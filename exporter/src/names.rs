//! Which family a name in an exposition belongs to.
//!
//! One registry refuses metrics that would have a name in common. That metrics of two do is known only
//! when both are exposed.

use std::collections::{HashMap, HashSet};
use tickmetrics::{Escaping, Family, Snapshot};

/// Who exposes which name, where several registries share one response.
///
/// A name belongs to the registry that exposed it first, and in one response to the one that was
/// added first. It stays with it, so that no series ever goes on with another's value. Within a
/// registry it is the family's that needs no escaping.
#[derive(Default)]
pub(crate) struct Names {
    by_escaping: [Exposed; Escaping::ALL.len()],
    /// The number of the exporter's own registry, if it has one.
    own: Option<usize>,
    /// What is reported and what is still to be.
    reported: HashSet<(usize, String)>,
    news: Vec<String>,
}

/// How many families are reported: somebody may add a registry twice.
const MOST_REPORTED: usize = 20;

/// The names under one escaping.
#[derive(Default)]
struct Exposed {
    /// Each with its registry and its family.
    names: HashMap<String, (usize, String)>,
    /// For each registry, its families so far and whether they are exposed.
    families: Vec<HashMap<String, bool>>,
    left_out: usize,
}

impl Names {
    /// Settles that a registry's names are its own: the exporter's. To be called first.
    pub(crate) fn keep_own(&mut self, registry: usize, snapshot: &Snapshot) {
        self.own = Some(registry);
        for escaping in Escaping::ALL {
            self.admit_all(escaping, registry, snapshot);
        }
    }

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
        let Exposed { names, families, left_out } = &mut self.by_escaping[escaping as usize];
        if families.len() <= registry {
            families.resize_with(registry + 1, HashMap::new);
        }
        let families = &mut families[registry];
        if let Some(&admitted) = families.get(family.name()) {
            return admitted;
        }
        let own = series_names(escaping, family);
        let taken = own.iter().find_map(|name| Some((name, names.get(name)?)));
        let admitted = taken.is_none();
        if let Some((name, (owner, with))) = taken {
            *left_out += 1;
            let whose = match *owner {
                owner if owner == registry => "of the same registry",
                owner if Some(owner) == self.own => "of the exporter itself",
                _ => "of another registry",
            };
            let news = format!(
                "{:?} is not exposed: {with:?} {whose} is exposed as {name:?} already; give one of \
                 them another name",
                family.name()
            );
            let is_new = self.reported.len() < MOST_REPORTED
                && self.reported.insert((registry, family.name().to_owned()));
            self.news.extend(is_new.then_some(news));
            if is_new && self.reported.len() == MOST_REPORTED {
                self.news.push("further metrics that are not exposed are only counted".into());
            }
        } else {
            names.extend(own.into_iter().map(|name| (name, (registry, family.name().to_owned()))));
        }
        families.insert(family.name().to_owned(), admitted);
        admitted
    }

    /// Whether a name is any registry's.
    pub(crate) fn contains(&self, escaping: Escaping, name: &str) -> bool {
        self.by_escaping[escaping as usize].names.contains_key(name)
    }

    /// How many families are left out.
    pub(crate) fn left_out(&self, escaping: Escaping) -> usize {
        self.by_escaping[escaping as usize].left_out
    }

    /// What is to be reported of the families that are left out: of each once.
    pub(crate) fn news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news)
    }
}

/// The families of one snapshot, each name once.
pub(crate) struct Distinct<'a> {
    snapshot: &'a Snapshot,
    /// Of those that are left out.
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
            return distinct;
        }
        // Of two families with a name in common, one has the other's name and more: it is the later
        // one. None has in the snapshot of a registry; a segment can be of several.
        for family in snapshot.families() {
            let other = snapshot.exposed_as_part(family.name());
            if other.is_some_and(|other| !distinct.left_out.contains(other.name())) {
                distinct.left_out.insert(family.name());
            }
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
            None => self.snapshot.exposed_as(name).is_some(),
        }
    }
}

/// All names that the series of a family can have, so that a counter `wait_count` and a histogram
/// `wait` never meet.
pub(crate) fn series_names(escaping: Escaping, family: Family<'_>) -> Vec<String> {
    let name = escaping.metric(family.name());
    family.exposures().map(|series| format!("{name}{}", series.suffix)).collect()
}

#[cfg(test)]
mod tests {
    use super::{Distinct, Names};
    use tickmetrics::{
        Counter, Description, Escaping, Exposure, Gauge, Histogram, Kind, Metric, Registry,
    };

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
        let news = "\"a_total\" is not exposed: \"a_total\" of another registry is exposed as \
                    \"a_total\" already; give one of them another name";
        assert_eq!(names.news(), [news]);
        // It is said once, whatever the escaping.
        names.admit_all(Escaping::Values, 1, &second.snapshot());
        names.admit_all(Escaping::Values, 0, &first.snapshot());
        assert!(names.news().is_empty());
    }

    #[test]
    fn the_exporter_s_own_names_are_its_own() {
        let (own, program) = (registry::<Gauge>("own_series"), registry::<Histogram>("own_series"));
        let mut names = Names::default();
        names.keep_own(7, &own.snapshot());
        assert!(!admitted(&mut names, 0, &program));
        assert!(names.news()[0].contains("\"own_series\" of the exporter itself is exposed as"));
    }

    #[test]
    fn what_a_histogram_is_exposed_as_is_taken_too() {
        let histogram = registry::<Histogram>("wait");
        for series in Exposure::of(Kind::Histogram, false, false) {
            let taken = format!("wait{}", series.suffix);
            let counter = registry::<Counter>(&taken);
            let mut names = Names::default();
            assert!(admitted(&mut names, 0, &histogram));
            assert!(!admitted(&mut names, 1, &counter), "{taken} after the histogram");
            let mut names = Names::default();
            assert!(admitted(&mut names, 0, &counter));
            assert!(!admitted(&mut names, 1, &histogram), "the histogram after {taken}");
        }
    }

    /// As one process's segment can have them, of several registries.
    #[test]
    fn names_of_one_snapshot_are_exposed_once() {
        let snapshot = |names: &[&str]| {
            let mut snapshot = registry::<Histogram>("a.b").snapshot();
            for name in names {
                snapshot.add_gauge(&Description::new(*name, "Help."), 1.0).unwrap();
            }
            snapshot
        };
        let snapshot = snapshot(&["a_b_count", "a b", "a_dot_b"]);
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
