//! The owner of each name in an exposition.
//!
//! One registry refuses metrics that would have a name in common. Two registries' common names are
//! known only when both are exposed.

use crate::source::LeftOut;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tickmetrics::__text::Printable;
use tickmetrics::{Escaping, Family, Kind, MergeConflict, Snapshot};

/// The owners of names, if several sources share one response.
///
/// A name belongs to the source that exposed it first, and in one response to the one that was
/// added first. It stays there for as long as the source exposes it, so that no series ever
/// continues with another's value. Within a source it belongs to the family that needs no escaping.
#[derive(Default)]
pub(crate) struct Names {
    by_escaping: [Arc<Exposed>; Escaping::ALL.len()],
    /// The number of the exporter's own registry, if it has one.
    own: Option<usize>,
    reports: Reports,
}

/// A source's values.
pub(crate) struct Answer<'a> {
    /// The number of the source.
    pub(crate) source: usize,
    pub(crate) snapshot: &'a Snapshot,
    /// Whether other sources may have its names without a report.
    pub(crate) gives_way: bool,
}

/// The reported families and the pending ones.
#[derive(Default)]
struct Reports {
    reported: HashSet<(usize, String)>,
    news: Vec<String>,
}

/// The most families that are reported: a registry may have been added twice.
const MOST_REPORTED: usize = 20;

/// The names under one escaping.
#[derive(Clone, Default)]
pub(crate) struct Exposed {
    /// Each with its source and its family.
    names: HashMap<String, (usize, String)>,
    /// For each source, its families.
    families: Vec<HashMap<String, Known>>,
}

#[derive(Clone, Copy)]
struct Known {
    /// The exposed form.
    shape: Shape,
    place: Place,
}

/// Kind, and whether it has extremes and quantiles.
type Shape = (Kind, bool, bool);

/// The place of a family's series.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a family of their own.
    Own,
    /// In the exporter's own family of the same name.
    Joined,
    LeftOut,
}

impl Names {
    /// Reserves a registry's names: the exporter's. Must be called first.
    pub(crate) fn keep_own(&mut self, source: usize, snapshot: &Snapshot) {
        self.own = Some(source);
        for (escaping, exposed) in Escaping::ALL.into_iter().zip(&mut self.by_escaping) {
            let exposed = Arc::make_mut(exposed);
            for family in legacy_first(snapshot) {
                let _ = exposed.admit(escaping, source, family);
            }
        }
    }

    /// Decides which source has the names of the present families. `own` are the exporter's.
    ///
    /// If nothing changed since the last time, the result is the last one.
    pub(crate) fn settle(
        &mut self,
        escaping: Escaping,
        answers: &[Answer<'_>],
        own: impl FnOnce() -> Snapshot,
    ) -> Arc<Exposed> {
        let Self { by_escaping, own: own_source, reports } = self;
        let exposed = &mut by_escaping[escaping as usize];
        if answers.iter().all(|answer| exposed.is_settled(answer)) {
            return Arc::clone(exposed);
        }
        let settled = Arc::make_mut(exposed);
        settled.forget(answers);
        let mut own = Some(own);
        let mut joined = None;
        for &Answer { source, snapshot, gives_way } in answers {
            for family in legacy_first(snapshot) {
                let Err(taken) = settled.admit(escaping, source, family) else { continue };
                if Some(taken.owner) == *own_source && taken.family == family.name() {
                    // As with metrics of another process's exporter that have a label of their own.
                    let joined = joined.get_or_insert_with(|| own.take().map(|own| own()));
                    let one = snapshot.only(|other| other.name() == family.name());
                    if joined.as_mut().is_some_and(|joined| joined.merge([one]).is_empty()) {
                        settled.place(source, family, Place::Joined);
                        continue;
                    }
                }
                if !gives_way {
                    reports.report(source, family, &taken, *own_source);
                }
            }
        }
        Arc::clone(exposed)
    }

    /// Reports a family that did not fit into the exporter's own of the same name.
    pub(crate) fn report(&mut self, conflict: &MergeConflict) {
        self.reports.add(conflict.snapshot, &conflict.name, || conflict.to_string());
    }

    /// Reports a family that its source could not add to its snapshot.
    pub(crate) fn report_left_out(&mut self, source: usize, LeftOut { name, reason }: &LeftOut) {
        self.reports
            .add(source, name, || format!("a metric is not exposed: {}", Printable(reason)));
    }

    /// The pending reports of families that are left out: each family once.
    pub(crate) fn news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.reports.news)
    }
}

impl Reports {
    fn report(&mut self, source: usize, family: Family<'_>, taken: &Taken, own: Option<usize>) {
        let Taken { name, owner, family: with } = taken;
        let whose = match *owner {
            owner if owner == source => "of the same registry",
            owner if Some(owner) == own => "of the exporter itself",
            _ => "of another registry",
        };
        self.add(source, family.name(), || {
            format!(
                "{:?} is not exposed: {with:?} {whose} is exposed as {name:?} already; give one of \
                 them another name",
                family.name()
            )
        });
    }

    fn add(&mut self, source: usize, family: &str, news: impl FnOnce() -> String) {
        if self.reported.len() < MOST_REPORTED && self.reported.insert((source, family.to_owned()))
        {
            self.news.push(news());
            if self.reported.len() == MOST_REPORTED {
                self.news.push("further metrics that are not exposed are only counted".into());
            }
        }
    }
}

/// A name that a family would be exposed under, and its owner.
struct Taken {
    name: String,
    owner: usize,
    family: String,
}

impl Exposed {
    /// Whether a source still has the same families, each exposed as before.
    fn is_settled(&self, &Answer { source, snapshot, .. }: &Answer<'_>) -> bool {
        let Some(known) = self.families.get(source) else { return snapshot.is_empty() };
        let mut count = 0;
        let is_known = |family: Family<'_>| {
            count += 1;
            known.get(family.name()).is_some_and(|known| known.shape == shape(family))
        };
        snapshot.families().all(is_known) && count == known.len()
    }

    /// Releases the names of families that are gone, and forgets those that others kept out.
    fn forget(&mut self, answers: &[Answer<'_>]) {
        let Self { names, families } = self;
        let mut gone = HashSet::new();
        for &Answer { source, snapshot, .. } in answers {
            let now: HashMap<_, _> =
                snapshot.families().map(|family| (family.name(), shape(family))).collect();
            let Some(known) = families.get_mut(source) else { continue };
            known.retain(|name, known| {
                let is_there = now.get(&**name) == Some(&known.shape);
                if !is_there {
                    gone.insert((source, name.clone()));
                }
                is_there
            });
        }
        if !gone.is_empty() {
            names.retain(|_, owner| !gone.contains(owner));
        }
        families.iter_mut().for_each(|known| known.retain(|_, known| known.place == Place::Own));
    }

    /// Exposes a family of a source, if none of its series' names belongs to another family.
    fn admit(
        &mut self,
        escaping: Escaping,
        source: usize,
        family: Family<'_>,
    ) -> Result<(), Taken> {
        if self.place_of(source, family.name()).is_some() {
            return Ok(());
        }
        let own = series_names(escaping, family);
        let taken = own.iter().find_map(|name| Some((name, self.names.get(name)?)));
        if let Some((name, (owner, family_there))) = taken {
            let taken = Taken { name: name.clone(), owner: *owner, family: family_there.clone() };
            self.place(source, family, Place::LeftOut);
            return Err(taken);
        }
        let owned = own.into_iter().map(|name| (name, (source, family.name().to_owned())));
        self.names.extend(owned);
        self.place(source, family, Place::Own);
        Ok(())
    }

    fn place(&mut self, source: usize, family: Family<'_>, place: Place) {
        if self.families.len() <= source {
            self.families.resize_with(source + 1, HashMap::new);
        }
        let known = Known { shape: shape(family), place };
        self.families[source].insert(family.name().to_owned(), known);
    }

    fn place_of(&self, source: usize, family: &str) -> Option<Place> {
        Some(self.families.get(source)?.get(family)?.place)
    }

    /// Whether a family of this source is exposed as a family of its own.
    pub(crate) fn has(&self, source: usize, family: Family<'_>) -> bool {
        self.place_of(source, family.name()) == Some(Place::Own)
    }

    /// The families of a source that are exposed within the exporter's own; usually none.
    pub(crate) fn joined(&self, source: usize, snapshot: &Snapshot) -> Option<Snapshot> {
        let known = self.families.get(source)?;
        let is_joined = |known: &Known| known.place == Place::Joined;
        known
            .values()
            .any(is_joined)
            .then(|| snapshot.only(|family| known.get(family.name()).is_some_and(is_joined)))
    }

    /// Whether any source has a name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// The number of families left out.
    pub(crate) fn left_out(&self) -> usize {
        let all = self.families.iter().flat_map(HashMap::values);
        all.filter(|known| known.place == Place::LeftOut).count()
    }
}

fn shape(family: Family<'_>) -> Shape {
    (family.kind(), family.has_extremes(), family.quantiles().next().is_some())
}

/// The families of a snapshot, beginning with those whose names need no escaping.
fn legacy_first(snapshot: &Snapshot) -> impl Iterator<Item = Family<'_>> {
    let is_legacy = |family: &Family<'_>| Escaping::is_legacy_metric(family.name());
    let legacy = snapshot.families().filter(is_legacy);
    legacy.chain(snapshot.families().filter(move |family| !is_legacy(family)))
}

/// The families of one snapshot, each name once.
pub(crate) struct Distinct<'a> {
    snapshot: &'a Snapshot,
    /// The families that are left out.
    left_out: HashSet<&'a str>,
    names: Option<Box<Exposed>>,
}

impl<'a> Distinct<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot, escaping: Escaping) -> Self {
        let mut distinct = Self { snapshot, left_out: HashSet::new(), names: None };
        let is_legacy = |family: Family<'_>| Escaping::is_legacy_metric(family.name());
        if escaping != Escaping::AllowUtf8 && !snapshot.families().all(is_legacy) {
            let mut names = Box::<Exposed>::default();
            let left_out =
                legacy_first(snapshot).filter(|&family| names.admit(escaping, 0, family).is_err());
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
            Some(names) => names.contains(name),
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
    use super::{Answer, Distinct, Exposed, HashMap, LeftOut, Names};
    use std::sync::Arc;
    use tickmetrics::prelude::*;
    use tickmetrics::{Escaping, Exposure, ExternalLabels, Kind, Metric};

    fn registry<M: Metric>(name: &str) -> Registry {
        let registry = Registry::new();
        registry.register::<M>(&Description::new(name, "Help.")).unwrap();
        registry
    }

    /// Whose names there are, once these sources answered.
    fn settled(names: &mut Names, own: &Snapshot, all: &[(usize, &Snapshot)]) -> Arc<Exposed> {
        let answer = |&(source, snapshot)| Answer { source, snapshot, gives_way: false };
        let answers: Vec<_> = all.iter().map(answer).collect();
        names.settle(Escaping::Underscores, &answers, || own.clone())
    }

    fn admitted(names: &mut Names, source: usize, registry: &Registry) -> bool {
        let snapshot = registry.snapshot();
        let exposed = settled(names, &Snapshot::default(), &[(source, &snapshot)]);
        snapshot.families().all(|family| exposed.has(source, family))
    }

    #[test]
    fn the_first_to_expose_a_name_keeps_it() {
        let (first, second) = (Registry::new(), registry::<Counter>("a_total"));
        let mut names = Names::default();
        assert!(admitted(&mut names, 1, &second));
        first.register::<Counter>(&Description::new("a_total", "Later.")).unwrap();
        assert!(!admitted(&mut names, 0, &first));
        assert!(admitted(&mut names, 1, &second));
        let exposed = settled(&mut names, &Snapshot::default(), &[(0, &first.snapshot())]);
        assert_eq!(exposed.left_out(), 1);
        let news = "\"a_total\" is not exposed: \"a_total\" of another registry is exposed as \
                    \"a_total\" already; give one of them another name";
        assert_eq!(names.news(), [news]);
        // The report comes once, for all escapings together.
        for (source, registry) in [(1, &second), (0, &first)] {
            let snapshot = &registry.snapshot();
            let answer = Answer { source, snapshot, gives_way: false };
            names.settle(Escaping::Values, &[answer], Snapshot::default);
        }
        assert!(names.news().is_empty());
    }

    /// Otherwise a client that makes a source's families come and go could use up memory and names.
    #[test]
    fn a_name_that_nobody_exposes_is_free() {
        let none = Snapshot::default();
        let (gauge, histogram) = (registry::<Gauge>("a_sum"), registry::<Histogram>("a"));
        let (gauge, histogram) = (gauge.snapshot(), histogram.snapshot());
        let family = |snapshot: &Snapshot| snapshot.families().next().unwrap().name().to_owned();
        let has = |exposed: &Exposed, source, snapshot: &Snapshot| {
            exposed.has(source, snapshot.family(&family(snapshot)).unwrap())
        };
        let mut names = Names::default();
        let exposed = settled(&mut names, &none, &[(0, &histogram), (1, &gauge)]);
        assert!(has(&exposed, 0, &histogram) && !has(&exposed, 1, &gauge));
        // A source that does not answer keeps its names.
        let exposed = settled(&mut names, &none, &[(1, &gauge)]);
        assert!(!has(&exposed, 1, &gauge));
        // The same family with fewer series gives up the names of the others.
        let other = registry::<Gauge>("a").snapshot();
        let exposed = settled(&mut names, &none, &[(0, &other), (1, &gauge)]);
        assert!(has(&exposed, 0, &other) && has(&exposed, 1, &gauge) && exposed.left_out() == 0);
        // The first one keeps the name even against a source that comes before it.
        let exposed = settled(&mut names, &none, &[(0, &histogram), (1, &gauge)]);
        assert!(!has(&exposed, 0, &histogram) && has(&exposed, 1, &gauge));
        for number in 0..100 {
            let one = registry::<Gauge>(&format!("g{number}")).snapshot();
            settled(&mut names, &none, &[(0, &one)]);
        }
        let exposed = settled(&mut names, &none, &[(0, &none), (1, &gauge)]);
        assert_eq!((exposed.names.len(), exposed.contains("a_sum")), (1, true));
        assert_eq!(exposed.families.iter().map(HashMap::len).sum::<usize>(), 1);
    }

    #[test]
    fn the_exporter_s_own_names_are_its_own() {
        let (own, program) = (registry::<Gauge>("own_series"), registry::<Histogram>("own_series"));
        let (own, program) = (own.snapshot(), program.snapshot());
        let mut names = Names::default();
        names.keep_own(7, &own);
        let exposed = settled(&mut names, &own, &[(0, &program)]);
        assert!(exposed.joined(0, &program).is_none() && exposed.left_out() == 1);
        assert!(names.news()[0].contains("\"own_series\" of the exporter itself is exposed as"));
    }

    #[test]
    fn series_with_other_labels_join_the_exporter_s_own() {
        let own = registry::<Gauge>("own_series").snapshot();
        let mut names = Names::default();
        names.keep_own(2, &own);
        let mut others = [own.clone(), own.clone()];
        ExternalLabels::new([("process", "feed")]).unwrap().add_to(&mut others[0]);
        let [labelled, same] = &others;
        let exposed = settled(&mut names, &own, &[(0, labelled), (1, same)]);
        assert_eq!(exposed.joined(0, labelled).unwrap().families().count(), 1);
        assert!(exposed.joined(1, same).is_none() && exposed.left_out() == 1);
        assert!(!exposed.has(0, labelled.families().next().unwrap()));
    }

    #[test]
    fn the_derived_names_of_a_histogram_are_taken_too() {
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

    #[test]
    fn what_a_source_lacks_is_reported_once() {
        let mut names = Names::default();
        let lacks = |reason: &str| LeftOut { name: "a\0".into(), reason: reason.into() };
        for reason in ["\"a\\0\" is odd", "other"] {
            names.report_left_out(1, &lacks(reason));
        }
        assert_eq!(names.news(), ["a metric is not exposed: \"a\\0\" is odd"]);
        names.report_left_out(1, &lacks("again"));
        assert!(names.news().is_empty());
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
